"""The C allocator, told to keep little of what is free.

glibc gives each thread an arena of its own, up to eight a core, and takes a freed block of some megabytes for a
reason to keep such blocks. Packing logs and answering questions happens in a dozen threads: in a soak each kept
some five megabytes, of which it used 0.3, so memory grew until every thread had had its turn.
"""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of `mallopt` in <malloc.h>."""
_ARENAS = 2
"""The event loop mostly has one to itself, all other threads share the second."""
_LARGE_BYTES = 1 << 20
"""From this size on a block is the system's again as soon as it is freed."""

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

_DECIDED = ("MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


def keep_little() -> bool:
    """Return whether the allocator could be told; call before any thread is started.

    Whoever sets one of glibc's own variables for this has decided it himself.
    """
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is None or any(name in os.environ for name in _DECIDED):
        return False
    options = ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, 2 * _LARGE_BYTES))
    return all([mallopt(name, value) == 1 for name, value in options])  # noqa: C419 - each is to be tried


def give_back() -> bool:
    """Give the system what is free between blocks that are used (1 ms for 100 MiB); return whether there was any."""
    trim = getattr(_libc, "malloc_trim", None)
    return trim is not None and trim(0) == 1
