"""What ends the process rather than let it hang or take all memory. A supervisor brings it back."""

import asyncio
import faulthandler
import resource
import signal
import sys
from pathlib import Path

from collab_server.config import Config

_TICK_S = 1.0
_MIB = 1 << 20
_SHARE = 0.75
"""Of the machine's or container's memory, for who has not said how much."""
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))

STUCK = signal.SIGALRM


class Watchdog:
    """Lets the kernel end a process whose event loop has not come round for too long.

    An alarm is set anew every second. It needs no thread, so it also works while native code holds the
    interpreter in an endless loop. Where each thread was goes to standard error first.
    """

    def __init__(self, limit_s: float) -> None:
        """limit_s: how long the loop may stand still; 0 for ever."""
        self._limit_s = limit_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch; call inside the event loop, in the main thread."""
        if self._limit_s:
            faulthandler.register(STUCK, chain=True)
            self._tick(asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.unregister(STUCK)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._limit_s)
        self._timer = loop.call_later(min(_TICK_S, self._limit_s / 4), self._tick, loop)


def limit_memory(config: Config) -> None:
    """Bound what this process may allocate; beyond it an allocation fails, in native code with its end."""
    if sys.platform != "linux":
        return
    limit = int(config.memory_mb * _MIB) or int(_available() * _SHARE)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _available() -> int:
    """Return the bytes of memory that the machine, or the container, has."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    total = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemTotal"))
    for path in _CGROUP_LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            return min(total, int(text))
    return total
