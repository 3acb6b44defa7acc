"""How long the event loop of a running server is held:
a timer inside it, and a reader of its notes.

A timer is due every millisecond. It notes when it comes late, how much CPU time the process took
meanwhile, and how long the loop's thread was ready to run but got no core, which Linux tells. The
hold is the lateness without that time, but at most the CPU time. A thread that keeps the
interpreter from the loop counts, a busy machine does not.
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
"""A variable of the environment that names a file: each time that the loop has not responded for as
long as this, the places of all threads are written there. For finding out what holds it: it costs a
thread each millisecond."""
_STACKS_S = 0.04
_SCHEDSTAT = Path("/proc/thread-self/schedstat")
"""Nanoseconds that a thread ran and that it waited for a core, and how often it got one."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One time that the loop did not get round.

    until   when it did again, in seconds of the monotonic clock, which all processes share
    late_s  how late the timer came
    held_s  how much of that was work of the process while the loop waited for it or did it
    """

    until: float
    late_s: float
    held_s: float


class LoopProbe:
    """Notes holds in a file, a line each; used inside the server's process."""

    def __init__(self, notes: Path) -> None:
        self._file = notes.open("a", buffering=1)
        self._now = self._cpu = self._waited = 0.0
        self._schedstat = _SCHEDSTAT.open("rb", buffering=0) if _SCHEDSTAT.exists() else None
        self._timer: asyncio.TimerHandle | None = None
        path = os.environ.get(STACKS)
        self._stacks = Path(path).open("a") if path else None  # noqa: SIM115  # open until the process ends

    def start(self) -> None:
        """Begin; call inside the event loop."""
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
        """Return how many seconds the loop's thread has waited for a core so far;
        always 0 where the system does not tell.
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
