"""The last look at an update before it is applied: what of it may be, and in which form.

See docs/design/documents.md.
"""

from collections.abc import Callable, Set
from typing import NamedTuple

from crdt.errors import Gap, Rejected
from crdt.structs.overlap import find_differing
from crdt.structs.partial import Part, find_part
from crdt.structs.struct_index import StructIndex
from crdt.wire import update_parser
from crdt.wire.compact import squash
from crdt.wire.parsed_update import Parsed
from crdt.wire.raw_merge import EMPTY
from crdt.wire.rewriting.collected import collect
from crdt.wire.rewriting.map_values import split_values
from crdt.wire.slicing import take_part

MAX_FOLLOWERS = 250
"""Values behind each other, each a struct of its own. yrs joins them one by one: 250 take 1 ms and 1 MB, 8,000 take
0.8 s and 1.4 GB."""

_NOBODY: frozenset[int] = frozenset()


class Admitted(NamedTuple):
    """What may be taken of an update.

    parsed     what is to be applied, None for nothing
    missing    see `Part.missing`
    differing  client ids of other users under which it has other structs than the document: two clients used one id
    """

    parsed: Parsed | None
    missing: frozenset[int] = _NOBODY
    differing: Set[int] = _NOBODY


def check_update(
    index: StructIndex, parsed: Parsed, author: str, foreign: Set[int], state: Callable[[], bytes]
) -> Admitted:
    """Say what of an update is to be applied. What is known already, or waits for something, is left out.

    foreign  client ids of other users for which the update may not bring new structs
    state    returns the document as an update, to compare what is known with it

    Raises Rejected for structs that have no place, and LimitExceeded as `StructIndex.place`.
    """
    part = find_part(parsed, index.clocks, foreign)
    differing: Set[int] = _NOBODY
    if part:
        if differing := _differing(index, parsed, part, author, state):
            part = find_part(parsed, index.clocks, foreign | differing) or part
        update = take_part(parsed.update, part.spans, part.ranges)
        if update == EMPTY:
            return Admitted(None, part.missing, differing)
        parsed = _read_part(index, update)
    return Admitted(_in_form(index, parsed), part.missing if part else _NOBODY, differing)


def asks_for_state(index: StructIndex, parsed: Parsed, author: str) -> bool:
    """Whether `check_update` may call its `state`: only if an update begins with known structs of somebody else."""
    return any(
        first < index.clocks.get(client, 0) and index.owners.get(client) != author
        for client, (first, _) in parsed.spans.items()
    )


def _differing(index: StructIndex, parsed: Parsed, part: Part, author: str, state: Callable[[], bytes]) -> Set[int]:
    """Return the clients of which an update has new structs behind known ones that differ from the document's.

    Only of clients that are not the author's own: one who changes the past of their own id harms nobody else.
    """
    overlaps = {
        client: (parsed.spans[client][0], known)
        for client, (known, _) in part.spans.items()
        if parsed.spans[client][0] < known and index.owners.get(client) != author
    }
    return find_differing(state(), parsed.update, overlaps) if overlaps else _NOBODY


def _read_part(index: StructIndex, update: bytes) -> Parsed:
    """Read a part of an update; raises Rejected if its known structs hid that it refers to unknown ones."""
    parsed = update_parser.read(update)
    try:
        index.check_complete(parsed)
    except Gap:
        raise Rejected("structs that differ from those that are known") from None
    return parsed


def _in_form(index: StructIndex, parsed: Parsed) -> Parsed:
    """Return an update in the form in which it is applied, logged and relayed, its places looked up."""
    placement = index.place(parsed)
    if placement.collected:
        parsed = update_parser.parse(collect(parsed.update, placement.collected))
        placement = index.place(parsed)
    if parsed.followers > MAX_FOLLOWERS:
        parsed = update_parser.parse(squash(parsed.update, is_in_sequence=placement.is_in_sequence))
        placement = index.place(parsed)
    if placement.multi_value_entries:
        parsed = update_parser.parse(split_values(parsed.update, set(placement.multi_value_entries)))
        index.place(parsed)
    return parsed
