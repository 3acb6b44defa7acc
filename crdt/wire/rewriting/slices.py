"""Splits an update into smaller ones, each of which can be integrated after those before it.

pycrdt integrates an update in one call, which cannot be interrupted. With slices its work can be
measured while it is done, and stopped.

The invariant: each struct that a slice refers to is in this slice, in a slice before it, or was
known before. Otherwise pycrdt would keep structs as pending.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from crdt.wire.content import STORED_LIMITS
from crdt.wire.lib0 import write_var_uint
from crdt.wire.parsed_update import Parsed
from crdt.wire.slicing import delete_set
from crdt.wire.struct_reader import StructReader

_NO_DELETIONS = b"\x00"


def count_structs(parsed: Parsed) -> int:
    """Return the number of structs and deleted ranges in an update."""
    structs = len(parsed.ranges)
    for _, count, _, _ in parsed.sections:
        structs += count
    return structs


class _Section:
    """A section whose structs are being put into slices.

    at     number of its structs that are already in slices
    clock  clock of the next struct
    waits  (clock, other client, clock in its structs) of references into other sections,
           the next reference last
    """

    def __init__(self, starts: list[int], clocks: list[int]) -> None:
        """starts, clocks: positions and clocks of its structs, and of the end of the last one."""
        self.starts = starts
        self.clocks = clocks
        self.at = 0
        self.waits: list[tuple[int, int, int]] = []

    @property
    def clock(self) -> int:
        return self.clocks[self.at]

    @property
    def is_done(self) -> bool:
        return self.at == len(self.starts) - 1


class Slicer(StructReader):
    """Puts the structs of one update into slices, in one pass.

    Sections are put into slices in the order in which `ParentResolver` reads them.

    size  the most structs or deleted ranges of the next slice; may be changed at any time

    Each struct that the update refers to must be known or in it: see `partial.find_part`.

    An example: section 9 has structs a b c, where b refers to e of section 5, which has d e f.
    Slices of two structs are a d, then e b, then c f. Section 9 waits before b. Section 5 is sliced
    up to e and no further. Then section 9 goes on, and f comes when it is the turn of section 5.
    """

    __slots__ = ("_ranges", "_sections", "size")

    def __init__(self, parsed: Parsed, size: int) -> None:
        super().__init__(parsed.update, STORED_LIMITS)
        self.size = size
        self._ranges = parsed.ranges
        self._sections = {
            client: self._read(parsed, client, count, begin)
            for client, count, begin, _ in parsed.sections
        }
        for client, clock, other, k in reversed(parsed.edges):
            if other in parsed.spans and k >= parsed.spans[other][0]:
                self._sections[client].waits.append((clock, other, k))

    def _read(self, parsed: Parsed, client: int, count: int, at: int) -> _Section:
        clock, _ = parsed.spans[client]
        starts, clocks = [at], [clock]
        for _ in range(count):
            kind, at = self.skip_header(at)
            length, at = self.struct_end(at, kind)
            clock += length
            starts.append(at)
            clocks.append(clock)
        return _Section(starts, clocks)

    def run(self) -> Iterator[bytes]:
        """Yield the slices: first structs, then deletions.

        Sections of higher client ids come first, as in Yjs.
        """
        yield from self._structs()
        at = 0
        while at < len(self._ranges):
            after = at + self.size
            yield b"\x00" + delete_set(self._ranges[at:after])
            at = after

    def _structs(self) -> Iterator[bytes]:
        begun: dict[int, int] = {}  # {client: number of its structs that earlier slices have}
        left = self.size
        for client in sorted(self._sections, reverse=True):
            waiting = [client]
            while waiting:
                section = self._sections[waiting[-1]]
                needed = self._needed(section)
                if needed is not None:
                    waiting.append(needed)
                    continue
                if section.is_done or (len(waiting) > 1 and not self._is_needed(waiting)):
                    waiting.pop()
                    continue
                # A slice may have a section only once, so structs that are added to it later must
                # follow directly. Sections only move forward, so structs do follow directly.
                begun.setdefault(waiting[-1], section.at)
                after = min(section.at + left, self._end_of_run(waiting))
                left -= after - section.at
                section.at = after
                if not left:
                    yield self._encode(begun)
                    begun, left = {}, self.size
        if begun:
            yield self._encode(begun)

    def _needed(self, section: _Section) -> int | None:
        """Return the client whose structs must be sliced before the next struct of a section."""
        waits = section.waits
        while waits and not section.is_done and waits[-1][0] <= section.clock:
            clock, other, k = waits[-1]
            # A struct may refer to up to two other structs. A reference to a sliced struct is
            # dropped, and the next reference is read.
            if clock == section.clock and self._sections[other].clock <= k:
                return other
            waits.pop()
        return None

    def _end_of_run(self, waiting: list[int]) -> int:
        """Return the number of the struct up to which the last section is sliced.

        That is where the section waits itself, or where no section waits for it any more.
        """
        section = self._sections[waiting[-1]]
        end = len(section.starts) - 1
        if section.waits:
            end = bisect_left(section.clocks, section.waits[-1][0], section.at, end)
        # Another section waits for clock `k` of this section. Structs are sliced up to that clock
        # and no further, because the next ones may wait for the other section.
        if len(waiting) > 1:
            _, _, k = self._sections[waiting[-2]].waits[-1]
            end = bisect_right(section.clocks, k, section.at, end)
        return end

    def _is_needed(self, waiting: list[int]) -> bool:
        """Whether the section below the last one in `waiting` still waits for the last one."""
        return self._needed(self._sections[waiting[-2]]) == waiting[-1]

    def _encode(self, begun: dict[int, int]) -> bytes:
        parts = [write_var_uint(len(begun))]
        for client, first in begun.items():
            section = self._sections[client]
            parts += (
                write_var_uint(section.at - first),
                write_var_uint(client),
                write_var_uint(section.clocks[first]),
                self.data[section.starts[first] : section.starts[section.at]],
            )
        return b"".join((*parts, _NO_DELETIONS))
