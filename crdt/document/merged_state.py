"""Keeps the updates of a document merged as bytes, and cuts from them what a client lacks.

Not for merging a few updates once: see `crdt.wire.raw_merge`, whose reader and rules this module
uses. See docs/design/documents.md.
"""

from collections.abc import Iterable, Mapping

from crdt.wire.delete_ranges import (
    RangeBlocks,
    Ranges,
    add_to_blocks,
    read_deletions,
    write_blocks,
)
from crdt.wire.lib0 import write_var_uint
from crdt.wire.parsed_update import Parsed
from crdt.wire.raw_merge import EMPTY, Run, RunReader, merge


class _Section:
    """The structs of one client in a merged state, and the structs that came since.

    first, after  clock of the first struct, and the clock after the last one
    size          number of structs in the state
    begin, end    their positions in the state
    since, newer  the structs that came since, as bytes, and their number
    """

    __slots__ = ("after", "begin", "end", "first", "newer", "since", "size")

    def __init__(self, first: int, after: int, size: int, begin: int, end: int) -> None:
        self.first = first
        self.after = after
        self.size = size
        self.begin = begin
        self.end = end
        self.since: list[bytes] = []
        self.newer = 0

    def encode(self, client: int, state: memoryview, at: int) -> list[bytes | memoryview]:
        """Return the bytes of the whole section, which is at `at` in the new state."""
        self.size += self.newer
        head = b"".join(map(write_var_uint, (self.size, client, self.first)))
        structs: list[bytes | memoryview] = [state[self.begin : self.end], *self.since]
        self.begin = at + len(head)
        self.end = self.begin + sum(map(len, structs))
        self.since.clear()
        self.newer = 0
        return [head, *structs]


class MergedState:
    """All updates of a document, merged as they come: the cost depends only on the update.

    `merge` of the state and the update would give an equal document, but it reads both.
    """

    __slots__ = ("_deleted", "_deletions", "_sections", "_state", "is_changed")

    def __init__(self, state: bytes = EMPTY, parsed: Parsed | None = None) -> None:
        """Start from a merged state, which is read for its sections if it is not parsed."""
        self._start(state, parsed)

    def _start(self, state: bytes, parsed: Parsed | None) -> None:
        self._state = state
        self.is_changed = False
        """Whether updates came since the state was encoded."""
        self._deleted: dict[int, Ranges] = {}  # deletions that came since
        self._sections: dict[int, _Section] = {}
        if parsed and not parsed.holes:
            self._read_parsed(parsed)
        else:
            self._read()

    def _read_parsed(self, parsed: Parsed) -> None:
        for client, size, begin, end in parsed.sections:
            self._sections[client] = _Section(*parsed.spans[client], size, begin, end)
        ranges: dict[int, Ranges] = {}
        for client, start, end in parsed.ranges:
            ranges.setdefault(client, []).append((start, end))
        self._deletions = {client: RangeBlocks(deleted) for client, deleted in ranges.items()}

    def _read(self) -> None:
        reader = RunReader(self._state)
        runs, at = reader.runs()
        for client, present in runs.items():
            first, last = present[0], present[-1]
            size = sum(run.size for run in present) + len(present) - 1  # a Skip between two runs
            self._sections[client] = _Section(first.first, last.after, size, first.begin, last.end)
        self._deletions = {
            client: RangeBlocks(ranges) for client, ranges in read_deletions(self._state, at)
        }

    def add(self, update: bytes) -> None:
        """Add an update."""
        reader = RunReader(update)
        by_client, at = reader.runs()
        runs = [(client, run) for client, several in by_client.items() for run in several]
        deleted = (
            (client, *pair) for client, ranges in read_deletions(update, at) for pair in ranges
        )
        self._add(update, runs, deleted)

    def add_parsed(self, parsed: Parsed) -> None:
        """Add a parsed update, which need not be read again."""
        if parsed.holes:
            self.add(parsed.update)
            return
        reader = RunReader(parsed.update)
        runs = [
            (client, Run(*parsed.spans[client], size, begin, end, reader))
            for client, size, begin, end in parsed.sections
        ]
        self._add(parsed.update, runs, parsed.ranges)

    def _add(
        self, update: bytes, runs: list[tuple[int, Run]], deleted: Iterable[tuple[int, int, int]]
    ) -> None:
        # Runs with a hole between them, or runs that do not continue a section, need a merge that
        # reads all bytes. Admission requires that updates continue the document, so this is rare.
        if len(dict(runs)) < len(runs) or not all(
            self._continues(client, run) for client, run in runs
        ):
            self._start(merge([self.encode(), update]), None)
            return
        for client, run in runs:
            # Nearly every update continues its section: its bytes are appended without reading.
            section = self._sections.get(client)
            if section is None:
                section = self._sections[client] = _Section(run.first, run.first, 0, 0, 0)
            section.since.append(update[run.begin : run.end])
            section.newer += run.size
            section.after = run.after
        for client, start, end in deleted:
            self._deleted.setdefault(client, []).append((start, end))
        self.is_changed = True

    def _continues(self, client: int, run: Run) -> bool:
        section = self._sections.get(client)
        return section is None or section.after == run.first

    def rebase(self, before: bytes, after: "MergedState") -> bool:
        """Replace the state `before` by another form of it; False if it is not the last state.

        after  the structs of that state, without updates that came since
        """
        if self._state is not before:
            return False
        sections, self._state, self._deletions = after.parts()
        for client, section in sections.items():
            old = self._sections[client]
            # The new form has the structs of the old state. The structs since then come after it in
            # both forms.
            section.after, section.since, section.newer = old.after, old.since, old.newer
            self._sections[client] = section
        return True

    def parts(self) -> tuple[dict[int, _Section], bytes, dict[int, RangeBlocks]]:
        """Return the sections, the state and the deletions, for another `MergedState`."""
        return self._sections, self._state, self._deletions

    def encode(self) -> bytes:
        """Return all updates merged into one."""
        if self.is_changed:
            old = memoryview(self._state)
            parts: list[bytes | memoryview] = [write_var_uint(len(self._sections))]
            at = len(parts[0])
            for client in sorted(self._sections, reverse=True):
                section = self._sections[client]
                parts += section.encode(client, old, at)
                at = section.end
            add_to_blocks(self._deletions, self._deleted)
            self._deleted = {}
            self._state = b"".join((*parts, write_blocks(self._deletions)))
            self.is_changed = False
        return self._state

    def diff(self, clocks: Mapping[int, int], *, cuts: bool = True) -> bytes:
        """Return the state without structs below these clocks, but all deletions (`diffUpdate`).

        cuts  False sends all structs of a client with missing structs, which is faster
        """
        state = self.encode()
        reader = RunReader(state)
        parts: list[bytes] = []
        count = 0
        # A state vector does not tell which deletions the client has, so all are sent, as in Yjs.
        for client, section in self._sections.items():
            known = clocks.get(client, 0)
            if known >= section.after:
                continue
            count += 1
            if known <= section.first or not cuts:
                known, number = section.first, section.size
                structs = state[section.begin : section.end]
            else:
                run = Run(
                    section.first, section.after, section.size, section.begin, section.end, reader
                )
                number, structs = reader.behind(client, run, known)
            parts += (*map(write_var_uint, (number, client, known)), structs)
        return b"".join((write_var_uint(count), *parts, write_blocks(self._deletions)))
