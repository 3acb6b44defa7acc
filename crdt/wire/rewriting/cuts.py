"""Cuts long structs in advance at the places that other structs refer to.

yrs cuts a struct whenever a client inserts into it or deletes from it. For each cut it walks the
text from the beginning and copies all text after the cut; values are moved one by one. Indenting
12,000 lines from the last to the first takes yrs five seconds, and loading the document takes as
long each time. In a copy that is cut at all these places beforehand, the indenting takes 20 ms. The
cuts follow Yjs (`splitItem` in `Item.js`), so the copy shows an equal text.

The updates must have passed `update_parser.parse`.

See docs/design/documents.md.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from itertools import pairwise

from crdt.wire.content import ANY, STRING
from crdt.wire.lib0 import read_var_uint, write_var_bytes, write_var_uint
from crdt.wire.parsed_update import Parsed
from crdt.wire.slicing import id_bytes
from crdt.wire.struct_id import NO_ID, client_of, clock_of
from crdt.wire.struct_reader import HAS_LEFT_ORIGIN, HAS_RIGHT_ORIGIN
from crdt.wire.struct_rewriter import StructRewriter

_UNIT_BYTES = 2
_Places = Mapping[int, list[int]]


def places_of(updates: Iterable[Parsed]) -> _Places:
    """Return {client: clocks, in order} of the places at which these updates cut structs."""
    places: dict[int, set[int]] = {}
    for parsed in updates:
        for packed in parsed.splits:
            places.setdefault(client_of(packed), set()).add(clock_of(packed))
        for client, start, end in parsed.ranges:
            # A deletion cuts before its first unit and after its last unit.
            places.setdefault(client, set()).update((start, end))
    return {client: sorted(clocks) for client, clocks in places.items()}


def cut_at(update: bytes, places: _Places) -> bytes:
    """Return an equal update in which texts and values are cut at the given places."""
    return _Cutter(update, places).run()


class _Cutter(StructRewriter):
    """Cuts structs in one pass over one update."""

    __slots__ = ("_places",)

    def __init__(self, update: bytes, places: _Places) -> None:
        super().__init__(update)
        self._places = places

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        kind, content = self.skip_header(start)
        length, end = self.struct_end(content, kind)
        # Only text and values can be cut, and only if they are longer than one unit.
        inside = self._inside(own, length) if length > 1 and kind in (STRING, ANY) else []
        if not inside:
            self.keep(start, end)
            return length, end
        bounds = [0, *inside, length]
        _, _, right, _, _, _ = self.header(start)
        contents = self._contents(content, end, kind, bounds)
        self.write(1, self.data[start:content], contents[0])
        self.write(len(inside), *_behind(kind, own, right, bounds, contents))
        return length, end

    def _inside(self, own: int, length: int) -> list[int]:
        """Return the places inside a struct, relative to its beginning."""
        places, clock = self._places.get(client_of(own), []), clock_of(own)
        return [
            place - clock
            for place in places[bisect_right(places, clock) : bisect_left(places, clock + length)]
        ]

    def _contents(self, at: int, end: int, kind: int, bounds: list[int]) -> list[bytes]:
        """Return the contents of a struct's pieces.

        bounds  the ends of the pieces, in clock units from the struct's beginning
        """
        count, begin = read_var_uint(self.data, at)
        if kind == ANY:
            # Values have no fixed size: they are read once, and cut where a piece ends.
            return [
                write_var_uint(after - first) + values
                for first, after, values in self._values(begin, bounds)
            ]
        text = self.data[begin:end]
        if count == bounds[-1]:  # ASCII
            return [write_var_bytes(text[first:after]) for first, after in pairwise(bounds)]
        # Clocks count UTF-16 units, so the text is cut by these. A cut inside a pair leaves half a
        # surrogate on each side, which `replace` turns into U+FFFD, as in Yjs.
        units = text.decode().encode("utf-16-le")
        pieces = (
            units[first * _UNIT_BYTES : after * _UNIT_BYTES] for first, after in pairwise(bounds)
        )
        return [write_var_bytes(piece.decode("utf-16-le", "replace").encode()) for piece in pieces]

    def _values(self, at: int, bounds: list[int]) -> Iterable[tuple[int, int, bytes]]:
        for first, after in pairwise(bounds):
            begin = at
            for _ in range(after - first):
                at = self.any_value(at)
            yield first, after, self.data[begin:at]


def _behind(
    kind: int, own: int, right: int, bounds: list[int], contents: list[bytes]
) -> Iterable[bytes]:
    """Yield the pieces of a struct except the first; each comes after the piece before it."""
    # The left origin is the unit before the cut. The right origin is that of the whole struct, as
    # in `splitItem`. A struct with a left origin has no parent in its bytes.
    info = bytes((kind | HAS_LEFT_ORIGIN | (0 if right == NO_ID else HAS_RIGHT_ORIGIN),))
    before = b"" if right == NO_ID else id_bytes(right)
    for place, content in zip(bounds[1:], contents[1:], strict=False):
        yield info + id_bytes(own + place - 1) + before + content
