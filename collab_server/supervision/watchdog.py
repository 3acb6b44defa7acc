"""Ends a process whose event loop stands still. The supervisor, or whatever started the process, brings it back."""

import asyncio
import faulthandler
import signal

_TICK_S = 1.0

STUCK = signal.SIGALRM


class Watchdog:
    """A context in which the kernel ends the process when its event loop has not run for too long.

    Every second an alarm is set again. It needs no thread, so it also works while native code holds the
    interpreter in an endless loop. Before the end, the place of each thread is written to standard error.
    """

    def __init__(self, limit_s: float) -> None:
        """limit_s: how long the loop may stand still."""
        self._limit_s = limit_s
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        """Begin to watch; call inside the event loop, in the main thread."""
        faulthandler.register(STUCK, chain=True)
        self._tick(asyncio.get_running_loop())

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.unregister(STUCK)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._limit_s)
        self._timer = loop.call_later(min(_TICK_S, self._limit_s / 4), self._tick, loop)
