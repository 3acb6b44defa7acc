"""Measures and bounds the time that pycrdt takes for a document.

Some edits take quadratic time in yrs. For example, yrs compares inserts of one client with each
other if they all name the same letter on their left, and different letters on their right. No count
tells such edits from ordinary histories, so the time is measured: slice by slice for an update, and
at each load for a whole document. The usual time for the size does not count.

See docs/design/documents.md.
"""

from collections.abc import Callable, Sequence

from crdt.errors import LimitExceeded
from crdt.limits import MAX_WORK_S
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.rewriting.cuts import cut_at, places_of
from crdt.wire.update_parser import parse

SLICE_STRUCTS = 128
"""The clock is read again after this many structs.
They take pycrdt 0.2 s at most, and usually 0.3 ms."""

FEW_STRUCTS = 128
"""An update of more structs is integrated in slices: this many usually take pycrdt 0.3 ms."""
_FIRST_STRUCTS = 16
_SLOW_DOCUMENT_S = 0.05

_SLOW_S = 0.02
_NOTED_S = 0.005
_USUAL_S = 0.001
_USUAL_S_PER_BYTE = 3e-7
"""Seconds that a byte may take. The slowest ordinary documents take yrs 0.1 µs a byte: each of
their structs is one letter, and a struct takes 2 µs."""

_CUTS = 15_000_000
"""The number of characters that yrs walks past in 10 ms while it cuts structs."""


def count_cuts(parsed: Parsed) -> int:
    """Return the number of places at which an update may cut a struct."""
    return len(parsed.splits) + 2 * len(parsed.ranges)


def are_slow(cuts: int, length: int) -> bool:
    """Whether yrs takes long to make this number of cuts.

    length  the length of the longest struct, as in `Contents.longest`
    """
    return cuts * length > _CUTS


def needs_cuts(parsed: Parsed) -> bool:
    """Whether a state loads faster from a copy that is cut beforehand (`cuts`)."""
    return are_slow(count_cuts(parsed), parsed.contents.longest)


def cut_copy(state: bytes, *updates: Parsed) -> bytes:
    """Return the state with long structs cut at each place that it or the updates refer to."""
    return cut_copies([state], *updates)[0]


def cut_copies(parts: Sequence[bytes], *updates: Parsed) -> list[bytes]:
    """Return the parts of a state with long structs cut, as `cut_copy` does with a whole state."""
    places = places_of((*(parse(part, STORED_LIMITS) for part in parts), *updates))
    return [cut_at(part, places) for part in parts]


class Work:
    """The time that a document costs.

    spent_s  seconds beyond the usual time, for the last load and for all updates since
    is_slow  an update or a load took long. Each of the next structs may then take some
             milliseconds, even if all structs together load quickly
    """

    __slots__ = ("cpu_s", "is_slow", "spent_s")

    def __init__(self, cpu_s: Callable[[], float], spent_s: float = 0.0) -> None:
        """cpu_s: returns seconds of CPU time that the calling thread has used."""
        self.cpu_s = cpu_s
        self.spent_s = spent_s
        self.is_slow = spent_s > _SLOW_DOCUMENT_S

    @property
    def few_structs(self) -> int:
        """The number of structs that pycrdt gets in one call.

        An update with more structs is integrated in slices.
        """
        return 1 if self.is_slow else FEW_STRUCTS

    @property
    def first_structs(self) -> int:
        """The number of structs in the first slice of an update."""
        return 1 if self.is_slow else _FIRST_STRUCTS

    def start(self, size: int) -> "Measure":
        """Begin to measure the time of an update of `size` bytes."""
        return Measure(self, size, is_whole=False)

    def start_load(self, size: int) -> "Measure":
        """Begin to measure the time of loading a whole document of `size` bytes."""
        return Measure(self, size, is_whole=True)


class Measure:
    """A clock for one piece of work, which stops while other clients are served."""

    __slots__ = ("_begun_s", "_is_whole", "_used_s", "_usual_s", "_work", "is_known")

    def __init__(self, work: Work, size: int, *, is_whole: bool) -> None:
        self.is_known = False
        """Whether the document was admitted already. Then loading it may take any time."""
        self._work = work
        self._is_whole = is_whole
        self._usual_s = _USUAL_S + size * _USUAL_S_PER_BYTE
        self._used_s = 0.0
        self._begun_s = work.cpu_s()

    def stop(self) -> None:
        """Stop the clock."""
        self._used_s = self.used_s

    def go_on(self) -> None:
        """Start the clock again."""
        self._begun_s = self._work.cpu_s()

    @property
    def used_s(self) -> float:
        """Seconds of work so far."""
        return self._used_s + self._work.cpu_s() - self._begun_s

    @property
    def is_slow(self) -> bool:
        """Whether the work takes much longer than is usual for its size."""
        return self.used_s - self._usual_s > _SLOW_S

    def check(self) -> float:
        """Return the seconds beyond the usual time.

        Raises LimitExceeded if they make the document too expensive.
        """
        # The clock shows CPU time of the thread, not elapsed time. Otherwise an honest edit could
        # count as too expensive on a busy machine.
        overrun_s = max(0.0, self.used_s - self._usual_s)
        if overrun_s > (_SLOW_DOCUMENT_S if self._is_whole else _NOTED_S):
            self._work.is_slow = True
        # Loading a whole document repeats the work of all its edits, so only this time counts.
        # The time of an update is added to that of the updates before it. Otherwise many small
        # updates together could cost more than one large update may.
        before_s = 0.0 if self._is_whole else self._work.spent_s
        if overrun_s > _SLOW_S and before_s + overrun_s > MAX_WORK_S and not self.is_known:
            raise LimitExceeded("edits that take too long to integrate", "work")
        return overrun_s

    def finish(self) -> None:
        """Add the time to the document's `Work`; raises LimitExceeded as `check`."""
        overrun_s = self.check()
        if self._is_whole:
            self._work.spent_s = overrun_s
        elif overrun_s > _NOTED_S:
            self._work.spent_s += overrun_s

    def finish_known(self) -> None:
        """Note the time of loading an admitted document; no time is too long here."""
        self._work.spent_s = max(0.0, self.used_s - self._usual_s)
        self._work.is_slow |= self._work.spent_s > _SLOW_DOCUMENT_S
