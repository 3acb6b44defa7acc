"""Garbage-collects structs that Yjs collects as soon as it integrates them.

An editor may edit an object before it learns that the object was deleted. When Yjs integrates such
edits, it turns them into GC structs, which have a length and no content. It sends them on in that
form. yrs keeps the content if one neighbour is left, so it would show text that browsers do not
show. Therefore the edits become GC structs before any client gets them.

See docs/design/documents.md.
"""

from bisect import bisect_right
from collections.abc import Iterable

from crdt.wire.content import GC
from crdt.wire.lib0 import write_var_uint
from crdt.wire.struct_id import client_of, clock_of
from crdt.wire.struct_rewriter import StructRewriter


def collect(update: bytes, ranges: Iterable[tuple[int, int, int]]) -> bytes:
    """Return the update with the structs in these ranges (client, start, end) garbage-collected.

    No range may begin or end inside a struct. The update must have passed `update_parser.parse`.
    """
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, start, end in ranges:
        by_client.setdefault(client, []).append((start, end))
    return _Collector(update, {client: sorted(pairs) for client, pairs in by_client.items()}).run()


class _Collector(StructRewriter):
    """Collects structs in one pass over one update."""

    __slots__ = ("_open_length", "_ranges")

    def __init__(self, update: bytes, ranges: dict[int, list[tuple[int, int]]]) -> None:
        super().__init__(update)
        self._ranges = ranges
        self._open_length = 0  # of the open GC struct, which the next GC joins, as in Yjs

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        kind, content = self.skip_header(start)
        length, end = self.struct_end(content, kind)
        # A collected struct is not written but counted. All counted structs are written as one GC
        # struct when another struct follows: Yjs also joins neighbouring GC structs, and admission
        # compares lengths.
        if kind == GC or _is_in(self._ranges.get(client_of(own), []), clock_of(own)):
            self._open_length += length
        else:
            self.end_section()
            self.keep(start, end)
        return length, end

    def end_section(self) -> None:
        if self._open_length:
            self.write(1, bytes((GC,)), write_var_uint(self._open_length))
            self._open_length = 0


def _is_in(ranges: list[tuple[int, int]], clock: int) -> bool:
    # This is the last range that begins at the clock or before it. Ends of ranges are below 2^53,
    # so the pair (clock, 2^53) sorts after a range that begins exactly at this clock.
    at = bisect_right(ranges, (clock, 1 << 53)) - 1
    return at >= 0 and clock < ranges[at][1]
