"""Reads and writes the end of an update: the deleted structs, as ranges of clocks for each client.

Yjs does this in `DeleteSet.js`. See docs/design/wire.md.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from crdt.wire.lib0 import read_var_uint, write_var_uint

Ranges = list[tuple[int, int]]
"""(first clock, next clock) of deleted structs of one client."""

_BLOCK = 256
"""The most ranges of a block. Reading and writing a block takes 0.2 ms."""


def read_ranges(data: bytes, count: int, at: int) -> tuple[Ranges, int]:
    """Read deleted ranges of one client; return (ranges, next position)."""
    ranges: Ranges = []
    for _ in range(count):
        start, at = read_var_uint(data, at)
        length, at = read_var_uint(data, at)
        ranges.append((start, start + length))
    return ranges, at


def read_deletions(data: bytes, at: int) -> Iterator[tuple[int, Ranges]]:
    """Yield (client, ranges) of the deletions at a position."""
    clients, at = read_var_uint(data, at)
    for _ in range(clients):
        client, at = read_var_uint(data, at)
        count, at = read_var_uint(data, at)
        ranges, at = read_ranges(data, count, at)
        yield client, ranges


def write_ranges(ranges: Ranges) -> tuple[int, bytes]:
    """Return (number of ranges, their bytes), after joining ranges that overlap or touch."""
    ranges.sort()
    return _encoded(_joined(ranges))


def _joined(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Yield sorted ranges, with those that overlap or touch as one."""
    # In order of their starts, a range either continues the range before it or begins a new one.
    # An example: 5 to 8, 0 to 3 and 2 to 5 become one range, 0 to 8. Touching ranges are joined.
    start, end = ranges[0]
    for next_start, next_end in ranges:
        if next_start <= end:
            end = max(end, next_end)
        else:
            yield start, end
            start, end = next_start, next_end
    yield start, end


def _encoded(ranges: Iterable[tuple[int, int]]) -> tuple[int, bytes]:
    """Return (number of ranges, their bytes)."""
    parts: list[bytes] = []
    for start, end in ranges:
        parts += (write_var_uint(start), write_var_uint(end - start))
    return len(parts) // 2, b"".join(parts)


class RangeBlocks:
    """The deleted ranges of one client, encoded in blocks.

    New ranges change only the blocks around them. A document may have a hundred thousand ranges,
    and reading and writing all of them takes 0.1 s.

    The invariant: `_firsts` has the first clock of each block, in order. No range touches a range
    of another block.
    """

    __slots__ = ("_blocks", "_firsts")

    def __init__(self, ranges: Ranges) -> None:
        """ranges: at least one, in any order."""
        ranges.sort()
        self._firsts: list[int] = []
        self._blocks: list[tuple[int, bytes]] = []
        self._replace(0, 0, ranges)

    def add(self, ranges: Ranges) -> None:
        """Add ranges, in any order."""
        ranges.sort()
        groups: list[tuple[int, int, Ranges]] = []
        for pair in ranges:
            first, last = map(self._block_of, pair)
            group: Ranges = []
            if groups and groups[-1][1] >= first:
                first, before, group = groups.pop()
                last = max(before, last)
            group.append(pair)
            groups.append((first, last, group))
        # Blocks are replaced from the end on, so that the numbers of earlier blocks stay the same.
        for first, last, group in reversed(groups):
            present = self._blocks[first : last + 1]
            known = (read_ranges(block, count, 0)[0] for count, block in present)
            self._replace(first, last + 1, sorted(chain(group, *known)))

    def encode(self) -> tuple[int, bytes]:
        """Return (number of ranges, their bytes)."""
        counts, blocks = zip(*self._blocks, strict=True)
        return sum(counts), b"".join(blocks)

    def _block_of(self, clock: int) -> int:
        """Return the number of the block to which a clock belongs: the last one that begins before.

        A range that ends where a block begins touches this block, so its end belongs to it.
        """
        return max(0, bisect_right(self._firsts, clock) - 1)

    def _replace(self, first: int, after: int, ranges: Ranges) -> None:
        """Put sorted ranges instead of the blocks from `first` up to `after`."""
        joined = [*_joined(ranges)]
        # The blocks are of equal size, so that all have space left. If the first one stayed full,
        # each range that comes before the others would make a block of one range.
        number = -(-len(joined) // _BLOCK)
        size = -(-len(joined) // number)
        pieces = [joined[at : at + size] for at in range(0, len(joined), size)]
        self._firsts[first:after] = [piece[0][0] for piece in pieces]
        self._blocks[first:after] = map(_encoded, pieces)


def write_deletions(deletions: Mapping[int, tuple[int, bytes]]) -> bytes:
    """Encode {client: (number of ranges, their bytes)} as the end of an update."""
    parts = [write_var_uint(len(deletions))]
    for client in sorted(deletions, reverse=True):
        count, ranges = deletions[client]
        parts += (write_var_uint(client), write_var_uint(count), ranges)
    return b"".join(parts)


def add_to_blocks(deletions: dict[int, RangeBlocks], more: Mapping[int, Ranges]) -> None:
    """Add ranges by client to {client: ranges}."""
    for client, ranges in more.items():
        if client in deletions:
            deletions[client].add(ranges)
        else:
            deletions[client] = RangeBlocks(ranges)


def write_blocks(deletions: Mapping[int, RangeBlocks]) -> bytes:
    """Encode {client: ranges} as the end of an update."""
    return write_deletions({client: blocks.encode() for client, blocks in deletions.items()})
