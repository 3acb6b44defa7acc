"""Compares the structs of two updates that have the same ids.

An update may bring known structs, and new structs after them. If its known structs differ from the
document's, two clients have used one client id. Each would then keep a different document forever,
with equal state vectors. No sync would notice that.

An example: Bob works on a copy of Ada's browser profile, so both have client id 5. Ada typed
"hello", Bob "help!". The server has "hello" of Ada and gets "help!?" from Bob. Clocks 0 to 2 are
equal, 3 and 4 are not: the "?" is refused.

See docs/design/documents.md.
"""

from collections.abc import Iterator, Mapping

from crdt.wire.content import DELETED, GC, SKIP, STORED_LIMITS, STRING
from crdt.wire.lib0 import read_var_uint
from crdt.wire.slicing import take_part
from crdt.wire.struct_reader import StructReader, utf_16_length

_GONE = (GC, DELETED, SKIP)
_UNIT_BYTES = 2
_REPLACED = ("\ufffd".encode("utf-16-le"), "█".encode("utf-16-le"))
"""The characters that replace half an emoji, and redacted text."""

_Piece = tuple[int, int, int, bytes]
"""(first clock, next clock, kind of content, text in UTF-16)."""


def find_differing(ours: bytes, theirs: bytes, spans: Mapping[int, tuple[int, int]]) -> set[int]:
    """Return the clients whose structs differ between two updates, inside these spans.

    spans  {client: (first clock, next clock)}

    Text is compared character by character, except for characters that were replaced in one update.
    Other content is compared only by its kind, because older releases did not keep values byte by
    byte. Content that one update deleted or lacks counts as equal.
    """
    pieces = _Pieces(take_part(theirs, spans, ())).by_client()
    known = _Pieces(take_part(ours, spans, ())).by_client()
    return {
        client for client, structs in pieces.items() if not _agree(structs, known.get(client, []))
    }


def _agree(first: list[_Piece], second: list[_Piece]) -> bool:
    return all(_is_same(one, other) for one, other in _overlaps(first, second))


def _overlaps(first: list[_Piece], second: list[_Piece]) -> Iterator[tuple[_Piece, _Piece]]:
    """Yield the pairs of pieces that have clocks in common; both lists are in order."""
    at = 0
    for one in first:
        # Pieces of the second list that end before this one are not read again. An example: 0-5
        # against 0-2, 2-3, 3-5 makes three pairs.
        while at < len(second) and second[at][1] <= one[0]:
            at += 1
        behind = at
        while behind < len(second) and second[behind][0] < one[1]:
            yield one, second[behind]
            behind += 1


def _is_same(one: _Piece, other: _Piece) -> bool:
    kinds = one[2], other[2]
    if kinds[0] in _GONE or kinds[1] in _GONE:
        return True
    if kinds[0] != kinds[1]:
        return False
    start, end = max(one[0], other[0]), min(one[1], other[1])
    # The two updates may be cut at other places: one has "hello" as one struct, the other "hel" and
    # "lo". So only their common clocks are compared, in UTF-16 units, which clocks count.
    ours, theirs = _text(one, start, end), _text(other, start, end)
    return ours == theirs or all(
        ours[at : at + _UNIT_BYTES] == theirs[at : at + _UNIT_BYTES]
        or ours[at : at + _UNIT_BYTES] in _REPLACED
        or theirs[at : at + _UNIT_BYTES] in _REPLACED
        for at in range(0, len(ours), _UNIT_BYTES)
    )


def _text(piece: _Piece, start: int, end: int) -> bytes:
    return piece[3][(start - piece[0]) * _UNIT_BYTES : (end - piece[0]) * _UNIT_BYTES]


class _Pieces(StructReader):
    """Reads an update into pieces, which are compared."""

    __slots__ = ()

    def __init__(self, update: bytes) -> None:
        super().__init__(update, STORED_LIMITS)

    def by_client(self) -> dict[int, list[_Piece]]:
        sections, at = read_var_uint(self.data, 0)
        pieces: dict[int, list[_Piece]] = {}
        for _ in range(sections):
            count, client, clock, at = self.section_head(at)
            pieces[client] = []
            for _ in range(count):
                kind, _, _, _, content, _ = self.header(at)
                text = b""
                if kind == STRING:
                    string, at = self.string(content)
                    length, text = utf_16_length(string), string.encode("utf-16-le")
                else:
                    length, at = self.struct_end(content, kind)
                pieces[client].append((clock, clock + length, kind, text))
                clock += length
        return pieces
