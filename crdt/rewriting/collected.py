"""Structs that are garbage-collected as soon as they are integrated.

An editor may go on to edit something before it hears that it was deleted. Yjs then keeps of these edits only how long
they are, as a GC struct, and passes them on like that. yrs keeps them if one neighbour is left, so its text would
be another one. So they are turned into what Yjs makes of them before anybody gets them.
"""

from bisect import bisect_right
from collections.abc import Iterable

from crdt.wire.content import GC, STORED_LIMITS
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.struct_reader import StructReader


def collect(update: bytes, ranges: Iterable[tuple[int, int, int]]) -> bytes:
    """Return the update in which the structs in these ranges (client, start, end) are garbage-collected.

    No range may begin or end inside a struct. The update must have passed `update_parser.parse`.
    """
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, start, end in ranges:
        by_client.setdefault(client, []).append((start, end))
    return _Collector(update, {client: sorted(pairs) for client, pairs in by_client.items()}).run()


class _Collector(StructReader):
    """One pass over one update."""

    __slots__ = ("_ranges",)

    def __init__(self, update: bytes, ranges: dict[int, list[tuple[int, int]]]) -> None:
        super().__init__(update, STORED_LIMITS)
        self._ranges = ranges

    def run(self) -> bytes:
        sections, at = read_var_uint(self.data, 0)
        parts = [write_var_uint(sections)]
        for _ in range(sections):
            at = self._section(at, parts)
        return b"".join((*parts, self.data[at:]))

    def _section(self, at: int, parts: list[bytes]) -> int:
        count, client, first, at = self.section_head(at)
        ranges = self._ranges.get(client, [])
        structs: list[bytes] = []
        clock = first
        open_length = 0  # of the GC struct that the next one may join, as Yjs joins them
        for _ in range(count):
            start = at
            kind, _, _, _, content, _ = self.header(start)
            length, at = self.struct_end(content, kind)
            if kind == GC or _is_in(ranges, clock):
                open_length += length
            else:
                structs += _collected(open_length)
                open_length = 0
                structs.append(self.data[start:at])
            clock += length
        structs += _collected(open_length)
        parts += (write_var_uint(len(structs)), write_var_uint(client), write_var_uint(first), *structs)
        return at


def _collected(length: int) -> tuple[bytes, ...]:
    return (bytes((GC,)) + write_var_uint(length),) if length else ()


def _is_in(ranges: list[tuple[int, int]], clock: int) -> bool:
    at = bisect_right(ranges, (clock, 1 << 53)) - 1
    return at >= 0 and clock < ranges[at][1]
