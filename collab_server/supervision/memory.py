"""Bounds the process's memory, so that one session cannot use up the memory of the machine."""

import resource
import sys
from pathlib import Path

_MIB = 1 << 20
_SHARE = 0.75
"""Share of the machine's or container's memory for the process, if no amount is configured."""
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def limit_memory(memory_mb: float) -> None:
    """Bound the memory that this process may allocate (Linux only).

    An allocation beyond the bound fails. Python then raises MemoryError. Native code such as yrs
    ends the process, and the supervisor starts a new process. Without a bound, the kernel could end
    any process of the machine, which would be worse.

    memory_mb  MiB; 0 for three quarters of the memory of the machine or container
    """
    if sys.platform != "linux":
        return
    limit = int(memory_mb * _MIB) or int(_available() * _SHARE)
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
