"""Finds and measures the times in which work holds the event loop of a running server.

A timer inside the loop is due every millisecond. If it comes late, it notes its lateness, and the
CPU time that the process used meanwhile. Linux also reports for how long the loop's thread was
ready to run but got no core. The timer notes this time, too. A hold is the lateness minus the time
without a core, but at most the CPU time. So a hold contains the time in which another thread holds
the interpreter. It does not contain the time in which other programs use the cores. `holds` reads
these notes.
"""

import asyncio
import faulthandler
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

INTERVAL_S = 0.001
LEAST_S = 0.002
STACKS = "WORST_STACKS"
"""The name of an environment variable that contains the path of a file. The file shows what holds
the loop: whenever the loop has not responded for `_STACKS_S`, the stacks of all threads are written
to it. This is costly, because the probe starts a thread each millisecond."""
_STACKS_S = 0.04
_SCHEDSTAT = Path("/proc/thread-self/schedstat")
"""The file has three numbers: the nanoseconds that a thread ran, the nanoseconds that it waited for
a core, and its time slices."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One stretch of time in which the event loop did not respond.

    until   its end, in seconds of the monotonic clock, which all processes share
    late_s  lateness of the timer in seconds
    held_s  the part of the lateness in which the process worked
    """

    until: float
    late_s: float
    held_s: float


class LoopProbe:
    """Writes each hold as one line of a file. It runs inside the server's process."""

    def __init__(self, notes: Path) -> None:
        self._file = notes.open("a", buffering=1)
        self._now = self._cpu = self._waited = 0.0
        self._schedstat = _SCHEDSTAT.open("rb", buffering=0) if _SCHEDSTAT.exists() else None
        self._timer: asyncio.TimerHandle | None = None
        path = os.environ.get(STACKS)
        self._stacks = Path(path).open("a") if path else None  # noqa: SIM115  # open until the process ends

    def start(self) -> None:
        """Start the timer; call this inside the event loop."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._schedstat:
            self._schedstat.close()
        self._file.close()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stacks:
            faulthandler.dump_traceback_later(_STACKS_S, file=self._stacks)
        self._now, self._cpu, self._waited = (
            time.monotonic(),
            time.process_time(),
            self._without_core(),
        )
        self._timer = loop.call_later(INTERVAL_S, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        late_s = now - self._now - INTERVAL_S
        if late_s >= LEAST_S:
            waited_s = self._without_core() - self._waited
            held_s = max(0.0, min(late_s - waited_s, time.process_time() - self._cpu))
            self._file.write(f"{now:.4f} {late_s:.4f} {held_s:.4f}\n")
        self._wait(loop)

    def _without_core(self) -> float:
        """Return the seconds that the loop's thread has waited for a core so far.

        The result is always 0 if the system does not report them.
        """
        if self._schedstat is None:
            return 0.0
        return int(os.pread(self._schedstat.fileno(), 100, 0).split()[1]) / 1e9


def holds(path: Path, since: float, until: float) -> Iterator[Hold]:
    """Yield the holds that began before `until` and ended after `since`."""
    for line in path.read_text().splitlines():
        end, late_s, held_s = map(float, line.split())
        if end >= since and end - late_s <= until:
            yield Hold(end, late_s, held_s)
