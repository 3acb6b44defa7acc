"""Reads and writes the end of an update: the deleted structs, as ranges of clocks for each client.

Yjs does this in `DeleteSet.js`. See docs/design/wire.md.
"""

from collections.abc import Mapping

from crdt.wire.lib0 import read_var_uint, write_var_uint

Ranges = list[tuple[int, int]]
"""(first clock, next clock) of deleted structs of one client."""


def read_ranges(data: bytes, count: int, at: int) -> tuple[Ranges, int]:
    """Read deleted ranges of one client; return (ranges, next position)."""
    ranges: Ranges = []
    for _ in range(count):
        start, at = read_var_uint(data, at)
        length, at = read_var_uint(data, at)
        ranges.append((start, start + length))
    return ranges, at


def write_ranges(ranges: Ranges) -> tuple[int, bytes]:
    """Return (number of ranges, their bytes), after joining ranges that overlap or touch."""
    # In order of their starts, a range either continues the range before it or begins a new one.
    # An example: 5 to 8, 0 to 3 and 2 to 5 become one range, 0 to 8. Touching ranges are joined.
    ranges.sort()
    parts: list[bytes] = []
    start, end = ranges[0]
    count = 1
    for next_start, next_end in ranges:
        if next_start <= end:
            end = max(end, next_end)
        else:
            parts += (write_var_uint(start), write_var_uint(end - start))
            start, end = next_start, next_end
            count += 1
    parts += (write_var_uint(start), write_var_uint(end - start))
    return count, b"".join(parts)


def write_deletions(deletions: Mapping[int, tuple[int, bytes]]) -> bytes:
    """Encode {client: (number of ranges, their bytes)} as the end of an update."""
    parts = [write_var_uint(len(deletions))]
    for client in sorted(deletions, reverse=True):
        count, ranges = deletions[client]
        parts += (write_var_uint(client), write_var_uint(count), ranges)
    return b"".join(parts)
