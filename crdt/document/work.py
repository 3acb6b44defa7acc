"""How long pycrdt takes for a document, measured, and what is too much.

Some edits are quadratic in yrs: inserts of one client behind the same letter, each before another one, are compared
with each other. No count of anything tells these from ordinary histories, so the time is measured: of an update slice
by slice, and of a whole document whenever it is loaded. What is usual for its size costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator

from crdt.errors import LimitExceeded
from crdt.limits import MAX_WORK_S
from crdt.rewriting.cuts import cut_at, places_of
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse

SLICE_STRUCTS = 128
"""Structs between two looks at the clock: these take pycrdt 0.2 s at most, and 0.3 ms as a rule."""

_SLOW_S = 0.02
_NOTED_S = 0.005
_USUAL_S = 0.001
_USUAL_S_PER_BYTE = 3e-7
"""Of what people make a byte takes yrs 0.1 µs at most: struct by struct, 2 µs for each."""

_CUTS = 15_000_000
"""Characters that yrs walks past while it cuts structs: 10 ms."""


def count_cuts(parsed: Parsed) -> int:
    """Return the number of places at which an update may cut a struct."""
    return len(parsed.splits) + 2 * len(parsed.ranges)


def are_slow(cuts: int, length: int) -> bool:
    """Whether so many cuts into structs of this length (as `Parsed.longest`) take yrs long."""
    return cuts * length > _CUTS


def needs_cuts(parsed: Parsed) -> bool:
    """Whether a state is loaded faster from a copy that is cut beforehand (`cuts`)."""
    return are_slow(count_cuts(parsed), parsed.longest)


def cut_copy(state: bytes, *updates: Parsed) -> bytes:
    """Return the state with long structs cut where its own structs and those of the updates refer into them."""
    return cut_at(state, places_of((parse(state, STORED_LIMITS), *updates)))


class Work:
    """Measures what a document costs.

    spent_s  seconds beyond what is usual, of the last time that it was loaded and of all updates since
    """

    __slots__ = ("_begun_s", "_cpu_s", "_usual_s", "spent_s")

    def __init__(self, cpu_s: Callable[[], float], spent_s: float = 0.0) -> None:
        """cpu_s: returns seconds of CPU time that the calling thread has used."""
        self._cpu_s = cpu_s
        self.spent_s = spent_s
        self._begun_s = self._usual_s = 0.0

    def start(self, size: int) -> None:
        """Begin to measure what something of so many bytes costs."""
        self._usual_s = _USUAL_S + size * _USUAL_S_PER_BYTE
        self._begun_s = self._cpu_s()

    @property
    def overrun_s(self) -> float:
        """Seconds beyond what is usual since `start`."""
        return max(0.0, self._cpu_s() - self._begun_s - self._usual_s)

    @property
    def is_slow(self) -> bool:
        return self.overrun_s > _SLOW_S

    def check(self) -> float:
        """Return `overrun_s`; raise LimitExceeded if that is slow, and the document would cost too much by it."""
        overrun_s = self.overrun_s
        if overrun_s > _SLOW_S and self.spent_s + overrun_s > MAX_WORK_S:
            raise LimitExceeded("edits that take too long to put in place", "work")
        return overrun_s

    def finish_update(self) -> None:
        """Note what an update cost; raises LimitExceeded as `check`."""
        if (overrun_s := self.check()) > _NOTED_S:
            self.spent_s += overrun_s

    def finish_load(self) -> None:
        """Note what the whole document costs."""
        self.spent_s = self.overrun_s

    def watch(self, slices: Iterable[bytes], *, gives_up: bool) -> Iterator[bytes]:
        """Pass slices of an update on as long as these do not take too long; raises LimitExceeded as `check`.

        gives_up  end, and be `is_slow`, as soon as they take longer than usual
        """
        for number, part in enumerate(slices):
            if number:
                self.check()
                if gives_up and self.is_slow:
                    return
            yield part
