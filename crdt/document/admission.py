"""The last look at an update before it is applied: what it may be, and in which form."""

from crdt.document.collected import collect
from crdt.document.merging import EMPTY
from crdt.document.struct_index import StructIndex
from crdt.wire import update_parser
from crdt.wire.map_values import split_values
from crdt.wire.parsed_update import Parsed, without_structs


def check_update(index: StructIndex, parsed: Parsed, author: str, *, accepts_foreign: bool) -> Parsed | None:
    """Return what of an update is to be applied; None for nothing.

    accepts_foreign  see `StructIndex.admit`

    Raises what that raises, Gap also for what is known in part, Rejected for structs that have no place, and
    LimitExceeded if shared types are too many or nest too deep.
    """
    index.admit(parsed, author, accepts_foreign=accepts_foreign)
    if index.has_some_of(parsed):
        update = without_structs(parsed)
        return None if update == EMPTY else update_parser.parse(update)
    placement = index.place(parsed)
    if placement.collected:
        parsed = update_parser.parse(collect(parsed.update, placement.collected))
        placement = index.place(parsed)
    if placement.multi_value_entries:
        parsed = update_parser.parse(split_values(parsed.update, set(placement.multi_value_entries)))
        index.place(parsed)
    return parsed
