"""Makes the C allocator give freed memory back to the system.

glibc gives each thread an arena of its own, up to eight for each core. An arena keeps freed blocks
of some megabytes for later. About a dozen threads pack logs and compute answers. In a long test run
(`make soak`), each of their arenas kept about 5 MB and used 0.3 MB of it. So memory grew until
every thread had done such work.
"""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3), as <malloc.h> numbers them."""
_ARENAS = 2
"""Number of arenas. Usually the event loop uses one, and all other threads share the other one."""
_LARGE_BYTES = 1 << 20
"""Blocks of at least this size go back to the system as soon as they are freed."""

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

_DECIDED = (
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "GLIBC_TUNABLES",
)


def keep_little() -> bool:
    """Set the allocator's parameters; return whether that worked.

    Call it before any thread is started. It does nothing if one of glibc's own environment
    variables for these parameters is set, because the operator has chosen a value.
    """
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is None or any(name in os.environ for name in _DECIDED):
        return False
    options = (
        (_ARENA_MAX, _ARENAS),
        (_MMAP_THRESHOLD, _LARGE_BYTES),
        (_TRIM_THRESHOLD, 2 * _LARGE_BYTES),
    )
    return all([mallopt(name, value) == 1 for name, value in options])  # noqa: C419 - tries every option


def give_back() -> bool:
    """Give free memory between used blocks back to the system; return whether there was any.

    It takes about 1 ms for 100 MiB.
    """
    trim = getattr(_libc, "malloc_trim", None)
    return trim is not None and trim(0) == 1
