"""Splits a large state into several updates, in an order in which each can be integrated.

A client on a slow link must get a message from time to time. y-websocket hangs up after 30 seconds
without a message, and a message counts only when it is complete. So a state of megabytes is sent in
parts. The structs of a part refer only to this part and those before it, whatever the order of
clients in the state. Each part also has the deletions of its structs.

The bytes cannot be cut anywhere. A client can only integrate whole updates, and would keep
references to a later part as pending. The client would then show no text, or text without its
deletions.

Not for cutting single structs (`slicing`). A struct that is larger than a part is a part of its
own.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from crdt.wire.content import STORED_LIMITS
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.slicing import delete_set
from crdt.wire.struct_id import NO_ID, client_of, clock_of
from crdt.wire.struct_reader import StructReader

SPLIT_BYTES = 512 << 10
"""A state up to this size is sent as one message: a link of 17 KiB/s carries it in 30 seconds."""
PART_BYTES = 256 << 10
"""Bytes of structs in a part: a link of 9 KiB/s carries one part in 30 seconds."""


class Part(NamedTuple):
    """One of the updates.

    clocks     {client id: next clock} of its structs:
               a client that has these structs needs only the deletions
    deletions  an update with only its deletions; b"" if it has none
    """

    update: bytes
    clocks: Mapping[int, int]
    deletions: bytes


def split_update(update: bytes, part_bytes: int = PART_BYTES) -> list[Part]:
    """Return updates that together equal this update.

    The update must have passed `update_parser.parse`.
    """
    return _Splitter(update, part_bytes).run()


class _Section:
    """The structs of one client, and the number of them that are already in parts.

    starts  position of each struct, and of the end of the last one
    clocks  clock of each struct, and the clock after the last one
    edges   (number of the struct, client, clock) of references to structs
            of other clients, in order
    """

    __slots__ = ("client", "clocks", "done", "edge", "edges", "sent", "starts")

    def __init__(self, client: int, clock: int, start: int) -> None:
        self.client = client
        self.starts = [start]
        self.clocks = [clock]
        self.edges: list[tuple[int, int, int]] = []
        self.edge = 0
        self.done = 0  # structs that are in a part, or in the part that is being filled
        self.sent = 0  # structs that are in a finished part

    @property
    def is_done(self) -> bool:
        return self.done == len(self.starts) - 1


class _Splitter(StructReader):
    """Finds the structs in one pass, and fills parts in another."""

    __slots__ = ("_part_bytes", "_ranges", "_sections", "_used")

    def __init__(self, update: bytes, part_bytes: int) -> None:
        super().__init__(update, STORED_LIMITS)
        self._part_bytes = part_bytes
        self._sections: dict[int, _Section] = {}
        self._ranges: dict[int, list[tuple[int, int]]] = {}
        self._used = 0

    def run(self) -> list[Part]:
        count, at = read_var_uint(self.data, 0)
        for _ in range(count):
            at = self._read_section(at)
        self._read_ranges(at)
        parts = list(self._parts())
        if self._ranges:
            parts.append(self._rest_of_ranges())
        return parts

    # -- reading ----------------------------------------------------------------------------------

    def _read_section(self, at: int) -> int:
        count, client, clock, at = self.section_head(at)
        section = self._sections[client] = _Section(client, clock, at)
        starts, clocks, edges = section.starts, section.clocks, section.edges
        for number in range(count):
            kind, left, right, parent, at, _ = self.header(at)
            for packed in (left, right, parent[0] if parent else NO_ID):
                if type(packed) is int and packed != NO_ID and client_of(packed) != client:
                    edges.append((number, client_of(packed), clock_of(packed)))
            length, at = self.struct_end(at, kind)
            clock += length
            starts.append(at)
            clocks.append(clock)
        return at

    def _read_ranges(self, at: int) -> None:
        data = self.data
        clients, at = read_var_uint(data, at)
        for _ in range(clients):
            client, at = read_var_uint(data, at)
            count, at = read_var_uint(data, at)
            ranges = self._ranges[client] = []
            for _ in range(count):
                clock, at = read_var_uint(data, at)
                length, at = read_var_uint(data, at)
                ranges.append((clock, clock + length))
            ranges.sort()

    # -- filling parts ----------------------------------------------------------------------------

    def _parts(self) -> Iterator[Part]:
        """Read the sections as Yjs does, each up to a struct that waits for another section."""
        # A waiting section is not read again until the section that it waits for moves on. Trying
        # all sections in turn would be quadratic for a text that many users wrote in turns.
        ready = deque(self._sections.values())
        waiting: dict[int, list[_Section]] = {}
        while ready:
            section = ready.popleft()
            before = section.done
            blocker = self._advance(section)
            if section.done > before:
                ready += waiting.pop(section.client, ())
            if blocker is not None:
                waiting.setdefault(blocker, []).append(section)
            elif not section.is_done:
                ready.appendleft(section)
            if self._used >= self._part_bytes:
                yield self._take()
        # Structs that still wait refer to structs that are neither in this update nor known. A
        # valid state has none. If there are any, the client gets them, and keeps them as pending.
        for section in self._sections.values():
            section.done = len(section.starts) - 1
        if any(section.sent < section.done for section in self._sections.values()):
            yield self._take()

    def _advance(self, section: _Section) -> int | None:
        """Put structs of a section into the part until it is full.

        Returns the client that the next struct waits for, or None.
        """
        starts, edges, last = section.starts, section.edges, len(section.starts) - 1
        # At least one struct is added, even if it is larger than a part: the loop must always move.
        full = max(
            bisect_left(starts, starts[section.done] + self._part_bytes - self._used),
            section.done + 1,
        )
        end = min(full, last)
        blocker = None
        while section.edge < len(edges) and edges[section.edge][0] < end:
            number, client, clock = edges[section.edge]
            if not self._has(client, clock):
                end, blocker = number, client
                break
            section.edge += 1
        end = max(end, section.done)
        self._used += starts[end] - starts[section.done]
        section.done = end
        return blocker

    def _has(self, client: int, clock: int) -> bool:
        """Whether a struct is in this part or an earlier one, or is not in the update at all.

        A struct that is not in the update is known already.
        """
        other = self._sections.get(client)
        return other is None or clock < other.clocks[other.done] or clock >= other.clocks[-1]

    def _take(self) -> Part:
        """Return the part that was filled."""
        moved = [section for section in self._sections.values() if section.sent < section.done]
        pieces = [write_var_uint(len(moved))]
        ranges: list[tuple[int, int, int]] = []
        for section in moved:
            first, after = section.clocks[section.sent], section.clocks[section.done]
            pieces += map(write_var_uint, (section.done - section.sent, section.client, first))
            pieces.append(self.data[section.starts[section.sent] : section.starts[section.done]])
            ranges += self._take_ranges(section.client, after)
            section.sent = section.done
        self._used = 0
        clocks = {section.client: section.clocks[section.done] for section in moved}
        deleted = delete_set(ranges)
        return Part(b"".join(pieces) + deleted, clocks, b"\x00" + deleted if ranges else b"")

    def _take_ranges(self, client: int, after: int) -> Iterator[tuple[int, int, int]]:
        """Remove and yield the deleted ranges of a client below a clock."""
        ranges = self._ranges.get(client)
        if not ranges:
            return
        # A range that reaches beyond this part's structs is cut in two. A client must not get a
        # deletion before its structs, because it would keep the deletion as pending.
        count = bisect_right(ranges, (after - 1, after))
        rest = ranges[count:]
        for start, end in ranges[:count]:
            yield client, start, min(end, after)
            if end > after:
                rest.insert(0, (after, end))
        self._ranges[client] = rest
        if not rest:
            del self._ranges[client]

    def _rest_of_ranges(self) -> Part:
        """Return deletions of structs that are not in the update."""
        ranges = [
            (client, start, end) for client, pairs in self._ranges.items() for start, end in pairs
        ]
        deletions = b"\x00" + delete_set(ranges)
        return Part(deletions, {}, deletions)
