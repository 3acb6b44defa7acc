"""The last check of an update before it is applied:
which part of it may be applied, and in which form.

The rules are Yjs's, because the server must hold what browsers hold.
How Yjs and the server treat each kind of struct:

    new, refers to known structs only    Yjs integrates it      taken
    known                                Yjs skips it           left out; compared if another user's
    known in part                        Yjs skips that part    the new part is cut off and taken
    behind a hole, or refers to          Yjs keeps it as        left out, with all behind it in its
      something unknown                    pending                section; the sender is asked for
                                                                  what is missing
    next to something collected          Yjs collects it too    made GC before it is applied
    under another user's client id       Yjs knows no users     left out, or carried
                                                                  (`crdt.room.claims`)

The invariant: after `check_update` nothing is ever pending in pycrdt, and each update is applied
after all that it refers to. pycrdt needs both. Its encoding of a document leaves out pending
structs, so they would be lost when the room is loaded again. And it orders some texts differently
from Yjs if updates come out of order.

Why not refuse an update with a hole: a client has such a hole through no fault of its own, because
its IndexedDB lost a write. It sends the hole again whenever it connects, so it would be shut out
for ever.

An example: the document has "hi" of client 5 (clocks 0 and 1). Client 9 brings "x", and "y" behind
clock 9 of client 5. "x" is taken, "y" is left out, and `missing` is {5, 9}: the sender is asked for
both.

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
"""Values in a row that are each a struct of their own; more of them are joined before yrs gets
them. yrs joins them one by one: 250 take 1 ms and 1 MB, 8,000 take 0.8 s and 1.4 GB."""

_NOBODY: frozenset[int] = frozenset()


class Admitted(NamedTuple):
    """The part of an update that may be taken.

    parsed     the update to be applied, None if there is nothing to apply
    missing    see `Part.missing`
    differing  client ids of other users under which the update has other structs than the document:
               two clients used one id
    """

    parsed: Parsed | None
    missing: frozenset[int] = _NOBODY
    differing: Set[int] = _NOBODY


def check_update(
    index: StructIndex, parsed: Parsed, author: str, foreign: Set[int], state: Callable[[], bytes]
) -> Admitted:
    """Say which part of an update is to be applied.

    Structs that are known already, or that wait for others, are left out.

    foreign  client ids of other users for which the update may not bring new structs
    state    returns the document as an update, to compare what is known with it;
             called only if that is needed

    Raises Rejected for structs that have no place, and LimitExceeded as `StructIndex.place`.
    """
    part = find_part(parsed, index.clocks, foreign)
    differing: Set[int] = _NOBODY
    if part:
        # Equal ids with other content: the new structs behind them were typed into another text
        # than ours. The second look leaves these sections out as if they were foreign.
        if differing := _differing(index, parsed, part, author, state):
            part = find_part(parsed, index.clocks, foreign | differing) or part
        # From here on only the bytes of this part exist: they are applied, logged and relayed. If
        # peers got the whole update, they would keep its rest as pending and send it back at each
        # sync.
        update = take_part(parsed.update, part.spans, part.ranges)
        if update == EMPTY:
            return Admitted(None, part.missing, differing)
        parsed = _read_part(index, update)
    return Admitted(_in_form(index, parsed), part.missing if part else _NOBODY, differing)


def asks_for_state(index: StructIndex, parsed: Parsed, author: str) -> bool:
    """Whether `check_update` may call its `state`:
    only if an update begins with known structs of another user.
    """
    return any(
        first < index.clocks.get(client, 0) and index.owners.get(client) != author
        for client, (first, _) in parsed.spans.items()
    )


def _differing(
    index: StructIndex, parsed: Parsed, part: Part, author: str, state: Callable[[], bytes]
) -> Set[int]:
    """Return the clients whose known structs in an update differ from the document's.

    Clients are compared only if the update has new structs behind known ones of them. The author's
    own client ids are not: a user who changes the past of their own id harms nobody else.
    """
    overlaps = {
        client: (parsed.spans[client][0], known)
        for client, (known, _) in part.spans.items()
        if parsed.spans[client][0] < known and index.owners.get(client) != author
    }
    return find_differing(state(), parsed.update, overlaps) if overlaps else _NOBODY


def _read_part(index: StructIndex, update: bytes) -> Parsed:
    """Read a part of an update.

    Raises Rejected if the structs that were known had hidden that it refers to unknown ones.
    """
    parsed = update_parser.read(update)
    try:
        index.check_complete(parsed)
    except Gap:
        raise Rejected("structs that differ from those that are known") from None
    return parsed


def _in_form(index: StructIndex, parsed: Parsed) -> Parsed:
    """Return an update in the form in which it is applied, logged and relayed,
    with its places looked up.
    """
    # Each step makes other bytes, in which structs have other beginnings. So the places are looked
    # up again after it. Collecting comes first, because it decides what the other steps find: a GC
    # struct is never joined or split.
    placement = index.place(parsed)
    if placement.collected:
        parsed = update_parser.parse(collect(parsed.update, placement.collected))
        placement = index.place(parsed)
    # A program that fills a list sends one struct for each value. yrs would need time that grows
    # with their square.
    if parsed.contents.followers > MAX_FOLLOWERS:
        parsed = update_parser.parse(squash(parsed.update, is_in_sequence=placement.is_in_sequence))
        placement = index.place(parsed)
    # Several values in one struct under a map key: yrs hangs or dies over them.
    if placement.multi_value_entries:
        parsed = update_parser.parse(
            split_values(parsed.update, set(placement.multi_value_entries))
        )
        index.place(parsed)
    return parsed
