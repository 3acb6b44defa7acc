"""Tests that the C allocator returns memory to the system after threads have freed it."""

import os
import re
import subprocess
import sys

# Linux only, like all tests: these need /proc and glibc's malloc_info.

_CROWD = """
import ctypes, sys, threading
from collab_server.supervision import allocator

print(allocator.keep_little() if sys.argv[1] == "told" else None)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
start = threading.Barrier(6)

def work():
    start.wait()
    for _ in range(100):
        libc.free(libc.malloc(100_000))
    start.wait()

threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
sys.stdout.flush()
libc.malloc_info(0, out)
libc.fclose(out)
"""

_HOLES = """
import ctypes
from pathlib import Path
from collab_server.supervision import allocator

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
allocator.keep_little()
blocks = [libc.malloc(50_000) for _ in range(1000)]
for block in blocks: libc.memset(block, 1, 50_000)
for number, block in enumerate(blocks):
    if number % 10: libc.free(block)
before = resident()
could = allocator.give_back()
print(before, resident(), could)
"""


def heaps(told: str, **environment: str) -> tuple[str, int]:
    """Return the answer of `keep_little` as text, and the number of arenas of six threads."""
    done = subprocess.run(
        [sys.executable, "-c", _CROWD, told],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.partition("\n")[0], len(re.findall("<heap nr=", done.stdout))


def test_allocator_trim_returns_free_pages_between_used_blocks() -> None:
    """`give_back` returns free pages between used blocks, which the allocator would keep."""
    done = subprocess.run(
        [sys.executable, "-c", _HOLES], capture_output=True, text=True, check=True
    )
    before, after, could = done.stdout.split()
    assert could == "True"
    assert int(after) < int(before) - 30 * 1024


def test_allocator_uses_two_arenas_unless_configured() -> None:
    """Six threads share two arenas, unless the operator sets another number in the environment."""
    assert heaps("told") == ("True", 2)
    assert heaps("not told")[1] > 2
    assert heaps("told", MALLOC_ARENA_MAX="1") == ("False", 1)
