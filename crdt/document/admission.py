"""The last look at an update before it is applied: what it may be, and in which form."""

from crdt.document.merging import EMPTY
from crdt.document.struct_index import StructIndex
from crdt.wire import update_parser
from crdt.wire.content import ScanLimits
from crdt.wire.map_values import split_values
from crdt.wire.parsed_update import Parsed, without_structs


def check_update(
    index: StructIndex, parsed: Parsed, author: str, limits: ScanLimits, *, accepts_foreign: bool
) -> Parsed | None:
    """Return what of an update is to be applied; None for nothing.

    accepts_foreign  see `StructIndex.admit`

    Raises what that raises, Gap also for what is known in part, and Rejected for structs that have no place.
    """
    index.admit(parsed, author, accepts_foreign=accepts_foreign)
    if index.has_some_of(parsed):
        update = without_structs(parsed)
        return None if update == EMPTY else update_parser.parse(update, limits)
    index.parents.resolve(parsed)
    if parsed.multi_value_entries:
        parsed = update_parser.parse(split_values(parsed.update, set(parsed.multi_value_entries)), limits)
        index.parents.resolve(parsed)
    return parsed
