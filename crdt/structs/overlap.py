"""Compares the structs of two updates that have the same ids.

An update may bring known structs, and new structs after them. If its known structs differ from the
document's, two clients have used one client id. Each would then keep a different document forever,
with equal state vectors. No sync would notice that.

An example: Bob works on a copy of Ada's browser profile, so both have client id 5. Ada typed
"hello", Bob "help!". The server has "hello" of Ada and gets "help!?" from Bob. Clocks 0 to 2 are
equal, 3 and 4 are not: the "?" is refused.

The place of a struct is compared, too: its origins, or its parent and key. Yjs never changes the
origins of a struct. If it cuts a struct, the right part comes after the clock before it and keeps
the right origin, so the places of parts are known as well (`splitItem` in `Item.js`).

See docs/design/documents.md.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from crdt.structs.same_content import UNIT_BYTES, is_same_text, is_same_value
from crdt.wire.content import ANY, DELETED, GC, JSON, SKIP, STORED_LIMITS, STRING
from crdt.wire.delete_ranges import Ranges, read_ranges
from crdt.wire.lib0 import read_var_uint
from crdt.wire.struct_id import pack_id
from crdt.wire.struct_reader import Parent, StructReader

_GONE = (GC, DELETED, SKIP)
_NO_PIECES: list["_Piece"] = []


def find_differing(ours: bytes, theirs: bytes, spans: Mapping[int, tuple[int, int]]) -> set[int]:
    """Return the clients whose structs differ between two updates, inside these spans.

    spans  {client: (first clock, next clock)}

    Structs are the same if they have the same place, the same kind and the same content. Text is
    compared character by character, except for characters that were replaced in one update. Values
    are compared as values, see `same_content`. Content that one update deleted or lacks counts as
    equal.
    """
    known, brought = _Side(ours, spans), _Side(theirs, spans)
    return {client for client, span in spans.items() if not _agree(client, span, (known, brought))}


class _Piece(NamedTuple):
    """One struct of an update.

    first, after         first clock, next clock
    content              text in UTF-16, values without their number, or other content as it is
    starts               the positions in `content` at which its values begin, and its end
    left, right, parent  its place, see `StructReader.header`
    """

    first: int
    after: int
    kind: int
    content: bytes
    starts: Sequence[int]
    left: int
    right: int
    parent: Parent | None

    def place(self, client: int, clock: int) -> tuple[int, int, Parent | None]:
        """Return the place of the part that begins at a clock."""
        if clock == self.first:
            return self.left, self.right, self.parent
        return pack_id(client, clock - 1), self.right, None

    def part(self, start: int, end: int) -> bytes:
        """Return the content of the clocks from `start` to before `end`."""
        first, after = start - self.first, end - self.first
        if self.kind == STRING:
            return self.content[first * UNIT_BYTES : after * UNIT_BYTES]
        return self.content[self.starts[first] : self.starts[after]]


_Sides = tuple["_Side", "_Side"]


def _agree(client: int, span: tuple[int, int], sides: _Sides) -> bool:
    known, brought = (side.pieces.get(client, _NO_PIECES) for side in sides)
    # The two updates may be cut at other places: one has "hello" as one struct, the other "hel" and
    # "lo". So only their common clocks are compared.
    return all(
        _is_same(
            client,
            (one, other),
            (max(one.first, other.first, span[0]), min(one.after, other.after, span[1])),
            sides,
        )
        for one, other in _overlaps(brought, known)
    )


def _is_same(
    client: int, pair: tuple[_Piece, _Piece], clocks: tuple[int, int], sides: _Sides
) -> bool:
    one, other = pair
    if one.kind in _GONE or other.kind in _GONE:
        return True
    start, end = clocks
    if one.kind != other.kind or one.place(client, start) != other.place(client, start):
        return False
    if one.kind == STRING:
        return is_same_text(one.part(start, end), other.part(start, end))
    return one.part(start, end) == other.part(start, end) or all(
        is_same_value(one.kind, one.part(clock, clock + 1), other.part(clock, clock + 1))
        # Some apps change an object that they got from a map, and then put it there again. The old
        # value is deleted, but a client that keeps it for undo sends it as it was changed.
        or any(side.has_deleted(client, clock) for side in sides)
        for clock in range(start, end)
    )


def _overlaps(first: list[_Piece], second: list[_Piece]) -> Iterator[tuple[_Piece, _Piece]]:
    """Yield the pairs of pieces that have clocks in common; both lists are in order."""
    at = 0
    for piece in first:
        # Pieces of the second list that end before this one are not read again. An example: 0-5
        # against 0-2, 2-3, 3-5 makes three pairs.
        while at < len(second) and second[at].after <= piece.first:
            at += 1
        behind = at
        while behind < len(second) and second[behind].first < piece.after:
            yield piece, second[behind]
            behind += 1


class _Side(StructReader):
    """Reads what one of the two updates has of some clients.

    pieces  {client: those of its structs that are inside its span, in order}
    """

    __slots__ = ("_deleted", "pieces")

    def __init__(self, update: bytes, spans: Mapping[int, tuple[int, int]]) -> None:
        super().__init__(update, STORED_LIMITS)
        self.pieces: dict[int, list[_Piece]] = {}
        self._deleted: dict[int, Ranges] = {}
        sections, at = read_var_uint(update, 0)
        for _ in range(sections):
            at = self._section(at, spans)
        sections, at = read_var_uint(update, at)
        for _ in range(sections):
            client, at = read_var_uint(update, at)
            count, at = read_var_uint(update, at)
            ranges, at = read_ranges(update, count, at)
            if client in spans:
                self._deleted[client] = sorted(ranges)

    def has_deleted(self, client: int, clock: int) -> bool:
        """Whether this update deletes a struct."""
        ranges = self._deleted.get(client, ())
        at = bisect_right(ranges, clock, key=lambda span: span[0])
        return at > 0 and clock < ranges[at - 1][1]

    def _section(self, at: int, spans: Mapping[int, tuple[int, int]]) -> int:
        """Read the structs of one client; return the next position."""
        count, client, clock, at = self.section_head(at)
        first, after = spans.get(client, (0, 0))
        pieces = self.pieces.setdefault(client, [])
        for _ in range(count):
            kind, content = self.skip_header(at)
            length, end = self.struct_end(content, kind)
            if clock < after and clock + length > first:
                pieces.append(self._piece(at, clock, length, end))
            clock += length
            at = end
        return at

    def _piece(self, start: int, clock: int, length: int, end: int) -> _Piece:
        """Read one struct; start, end: its position and the next position."""
        kind, left, right, parent, at, _ = self.header(start)
        content: bytes = b""
        starts: Sequence[int] = ()
        if kind == STRING:
            content = self.string(at)[0].encode("utf-16-le")
        elif kind in (ANY, JSON):
            begin = at = read_var_uint(self.data, at)[1]
            skip = self.any_value if kind == ANY else self.json_value
            starts = array("Q", (0,))
            for _ in range(length):
                at = skip(at)
                starts.append(at - begin)
            content = self.data[begin:end]
        elif kind not in _GONE:
            content, starts = self.data[at:end], (0, end - at)
        return _Piece(clock, clock + length, kind, content, starts, left, right, parent)
