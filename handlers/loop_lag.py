"""Measures how long one turn of the event loop delays other work, by the lateness of a timer."""

import asyncio
from bisect import bisect_left

INTERVAL_S = 0.25
"""Seconds between two measurements. Ten measurements in a second would be half of an idle server's
processor time."""

BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)


class LagMeter:
    """A histogram of all lags since the start.

    counts   for each bound in BUCKETS_S, how many lags were at most this bound and above the
             previous bound; the last count is for longer lags
    total_s  the sum of all lags in seconds
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.total_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        """Begin to measure; call inside the event loop."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        """Stop measuring; a second call has no effect."""
        if self._timer:
            self._timer.cancel()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + INTERVAL_S
        self._timer = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.note(max(0.0, loop.time() - self._due))
        self._wait(loop)

    def note(self, lag_s: float) -> None:
        """Count that the event loop was late by some seconds."""
        self.counts[bisect_left(BUCKETS_S, lag_s)] += 1
        self.total_s += lag_s
