"""Ends a process whose event loop is stuck.

The supervisor, or another program that watches the process, starts a new one.
"""

import asyncio
import faulthandler
import signal

_TICK_S = 1.0

STUCK = signal.SIGALRM


class Watchdog:
    """A context manager: inside its block, the kernel ends the process if the event loop is stuck.

    Each second the event loop sets a timer of the kernel (setitimer) to `limit_s` again. If the
    loop gets stuck, the timer is not set any more, and runs out. An example with a limit of 30 s:
    native code begins an endless loop 0.4 s after the timer was set. After another 29.6 s the
    kernel sends SIGALRM.

    A thread could not watch the loop, because it needs the interpreter's lock, which native code
    may hold. A signal handler in Python would not work either, because it runs only between two
    instructions of Python. The handler of faulthandler is in C. It writes the stack of each thread
    to standard error, and then lets the signal end the process (`chain`).
    """

    def __init__(self, limit_s: float) -> None:
        """limit_s: if the loop is stuck for this many seconds, the process ends."""
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
