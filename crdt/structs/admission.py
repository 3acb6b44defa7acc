"""Decides which part of an update may be applied, and in which form, before it is applied.

The rules are those of Yjs, because the server must have the document that browsers have.
Yjs and the server treat each kind of struct as follows:

    new, refers to known structs only    Yjs integrates it      taken
    known                                Yjs skips it           left out; compared if another user's
    known in part                        Yjs skips that part    the new part is cut off and taken
    after a hole, or refers to           Yjs keeps it as        left out, with all structs after it
      an unknown struct                    pending                in its section; its sender is
                                                                  asked for the missing structs
    next to a collected struct           Yjs collects it, too   made GC before it is applied
    under another user's client id       Yjs knows no users     left out, or carried
                                                                  (`crdt.room.claims`)

The invariant: after `check_update` nothing is ever pending in pycrdt, and each update is applied
after all structs that it refers to. pycrdt needs both. Its encoding of a document leaves out
pending structs, so they would be lost when the room is loaded again. Also, it orders some texts
differently from Yjs if updates come out of order.

An update with a hole is not refused. A client has such a hole through no fault of its own, because
its IndexedDB lost a write. It sends this update whenever it connects. If the update were refused,
the client could never connect again.

An example: the document has "hi" of client 5 (clocks 0 and 1). Client 9 brings "x", and "y" after
clock 9 of client 5. "x" is taken, "y" is left out, and `missing` is {5, 9}: the sender is asked for
the structs of both.

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
"""Values in a row that are each their own struct; more of them are joined before yrs gets them.
yrs joins them one by one: 250 take 1 ms and 1 MB, 8,000 take 0.8 s and 1.4 GB."""

_NOBODY: frozenset[int] = frozenset()


class Admitted(NamedTuple):
    """The part of an update that may be taken.

    parsed     the update to apply; None if there is nothing to apply
    missing    see `Part.missing`
    differing  client ids of other users under which update and document have different structs:
               two clients used one id
    """

    parsed: Parsed | None
    missing: frozenset[int] = _NOBODY
    differing: Set[int] = _NOBODY


def check_update(
    index: StructIndex, parsed: Parsed, author: str, foreign: Set[int], state: Callable[[], bytes]
) -> Admitted:
    """Return the part of an update that may be applied.

    Known structs, and structs that wait for other structs, are left out.

    foreign  client ids of other users for which the update may not bring new structs
    state    returns the document as an update, to compare known structs with it;
             called only if that is needed

    Raises Rejected for structs without a place, and LimitExceeded as `StructIndex.place`.
    """
    part = find_part(parsed, index.clocks, foreign)
    differing: Set[int] = _NOBODY
    if part:
        # Some known structs have other content than ours. The new structs after them were typed
        # into another text. The second call leaves these sections out, as if they were foreign.
        if differing := _differing(index, parsed, part, author, state):
            part = find_part(parsed, index.clocks, foreign | differing) or part
        # From here on only the bytes of this part are used: they are applied, logged and relayed.
        # If peers got the whole update, they would keep the other part as pending and send it back
        # at each sync.
        update = take_part(parsed.update, part.spans, part.ranges)
        if update == EMPTY:
            return Admitted(None, part.missing, differing)
        parsed = _read_part(index, update)
    return Admitted(_in_form(index, parsed), part.missing if part else _NOBODY, differing)


def asks_for_state(index: StructIndex, parsed: Parsed, author: str) -> bool:
    """Whether `check_update` may call its `state`.

    It does so only if an update begins with known structs of another user.
    """
    return any(
        first < index.clocks.get(client, 0) and index.owners.get(client) != author
        for client, (first, _) in parsed.spans.items()
    )


def _differing(
    index: StructIndex, parsed: Parsed, part: Part, author: str, state: Callable[[], bytes]
) -> Set[int]:
    """Return the clients whose known structs in an update differ from the document's.

    Clients are compared only if the update has new structs after known ones of them. The author's
    own client ids are not compared: changing the past of an own id harms no other user.
    """
    overlaps = {
        client: (parsed.spans[client][0], known)
        for client, (known, _) in part.spans.items()
        if parsed.spans[client][0] < known and index.owners.get(client) != author
    }
    return find_differing(state(), parsed.update, overlaps) if overlaps else _NOBODY


def _read_part(index: StructIndex, update: bytes) -> Parsed:
    """Read a part of an update.

    Raises Rejected if the part refers to structs that the document lacks. Then a known struct,
    which is left out of the part, differs from the document's struct.
    """
    parsed = update_parser.read(update)
    try:
        index.check_complete(parsed)
    except Gap:
        raise Rejected("structs that differ from those that are known") from None
    return parsed


def _in_form(index: StructIndex, parsed: Parsed) -> Parsed:
    """Return an update in the form in which it is applied, logged and relayed.

    The places of its structs are then in the index.
    """
    # Each step makes other bytes, in which structs begin at other positions. So the places are
    # found again after it. Collecting comes first, because it decides what the other steps do: a GC
    # struct is never joined or split.
    placement = index.place(parsed)
    if placement.collected:
        parsed = update_parser.parse(collect(parsed.update, placement.collected))
        placement = index.place(parsed)
    # A program that fills a list sends one struct for each value. yrs needs quadratic time for
    # them.
    if parsed.contents.followers > MAX_FOLLOWERS:
        parsed = update_parser.parse(squash(parsed.update, is_in_sequence=placement.is_in_sequence))
        placement = index.place(parsed)
    # A struct under a map key has several values: yrs would hang or die.
    if placement.multi_value_entries:
        parsed = update_parser.parse(
            split_values(parsed.update, set(placement.multi_value_entries))
        )
        index.place(parsed)
    return parsed
