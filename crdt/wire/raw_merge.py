"""Merges and cuts updates as bytes, like Yjs's `mergeUpdates` and `diffUpdate` (`updates.js`).

Values are copied, not decoded: pycrdt's merge reorders the keys of objects, and turns BigInts into
numbers and -0 into 0. So a client that joins later gets the same bytes as the other clients.

Not for joining structs (`compact`), or deciding what may pass (`update_parser`). The updates must
have passed `update_parser`.

See docs/design/documents.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

from crdt.wire.content import SKIP
from crdt.wire.delete_ranges import (
    Ranges,
    read_deletions,
    write_deletions,
    write_ranges,
)
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.slicing import StructSlicer
from crdt.wire.struct_id import pack_id

EMPTY = b"\x00\x00"
"""The update without structs and deletions: the state of a new document."""


class Run(NamedTuple):
    """Structs of one client without a hole between them.

    first, after  clock of the first struct, and the clock after the last one
    size          number of structs
    begin, end    their positions in the update that `reader` reads
    """

    first: int
    after: int
    size: int
    begin: int
    end: int
    reader: "RunReader"


class RunReader(StructSlicer):
    """Reads the runs and deletions of one update."""

    __slots__ = ()

    def runs(self) -> tuple[dict[int, list[Run]], int]:
        """Return ({client: runs in order}, position of the deletions)."""
        sections, at = read_var_uint(self.data, 0)
        runs: dict[int, list[Run]] = {}
        for _ in range(sections):
            count, client, first, at = self.section_head(at)
            at = self._section(count, first, at, runs.setdefault(client, []))
        return runs, at

    def _section(self, count: int, first: int, at: int, runs: list[Run]) -> int:
        header, struct_end = self.header, self.struct_end
        clock, begin, number = first, at, 0
        for _ in range(count):
            start = at
            kind, _, _, _, at, _ = header(at)
            length, at = struct_end(at, kind)
            if kind == SKIP:
                if number:
                    runs.append(Run(first, clock, number, begin, start, self))
                first, begin, number = clock + length, at, 0
            else:
                number += 1
            clock += length
        if number:
            runs.append(Run(first, clock, number, begin, at, self))
        return at

    def behind(self, client: int, run: Run, clock: int) -> tuple[int, bytes]:
        """Return (number, bytes) of a run's structs from a clock inside it to its end."""
        at, reached = run.begin, run.first
        for number in range(run.size):
            start = at
            kind, _, _, _, at, _ = self.header(at)
            length, at = self.struct_end(at, kind)
            if reached + length > clock:
                # As in Yjs (`Item.write`): "hello" at 5:0, cut at clock 3, becomes "lo" after 5:2.
                offset = max(clock - reached, 0)
                struct = self.slice(start, pack_id(client, reached), length, offset, length)
                return run.size - number, struct + self.data[at : run.end]
            reached += length
        return 0, b""


def merge(updates: Sequence[bytes]) -> bytes:
    """Return one update that equals all of these. Holes that no update fills become Skips."""
    if len(updates) == 1:
        return updates[0]
    runs: dict[int, list[Run]] = {}
    ranges: dict[int, Ranges] = {}
    for update in updates:
        reader = RunReader(update)
        more_runs, at = reader.runs()
        for client, more in more_runs.items():
            runs.setdefault(client, []).extend(more)
        for client, deleted in read_deletions(update, at):
            ranges.setdefault(client, []).extend(deleted)
    parts = [write_var_uint(len(runs))]
    # Higher client ids come first, as in Yjs: integrating them then meets fewer conflicts.
    for client in sorted(runs, reverse=True):
        parts += _section(client, runs[client])
    deletions = {client: write_ranges(deleted) for client, deleted in ranges.items()}
    return b"".join(parts) + write_deletions(deletions)


def _section(client: int, runs: list[Run]) -> list[bytes]:
    """Return the section of these runs.

    If two runs overlap, the structs come from the run that begins first.

    An example: runs with clocks 0 to 3, 2 to 6 and 9 to 10. The first is copied as a whole. Only
    clocks 4 to 6 of the second are copied: `RunReader.behind` cuts the struct that has clock 4.
    Clocks 7 and 8 become a Skip of length 2.
    """
    runs.sort(key=lambda run: run.first)
    first = reached = runs[0].first
    total = 0
    parts: list[bytes] = []
    for run in runs:
        if run.first > reached:
            parts += (bytes((SKIP,)), write_var_uint(run.first - reached))
            total += 1
        if run.first >= reached:
            count, body = run.size, run.reader.data[run.begin : run.end]
        elif run.after > reached:
            count, body = run.reader.behind(client, run, reached)
        else:
            continue
        total += count
        parts.append(body)
        reached = run.after
    return [write_var_uint(total), write_var_uint(client), write_var_uint(first), *parts]
