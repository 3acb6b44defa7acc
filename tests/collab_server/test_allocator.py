"""What the C allocator keeps of memory that threads have given back."""

import os
import re
import subprocess
import sys

import pytest

_CROWD = """
import ctypes, sys, threading
from collab_server import allocator

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


def heaps(told: str, **environment: str) -> tuple[str, int]:
    """Return what `keep_little` returned, and how many arenas six threads made."""
    done = subprocess.run(
        [sys.executable, "-c", _CROWD, told],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.partition("\n")[0], len(re.findall("<heap nr=", done.stdout))


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is what is told")
def test_threads_share_what_they_free() -> None:
    """Two arenas, for any number of threads; as many as the operator wants, if he says so."""
    assert heaps("told") == ("True", 2)
    assert heaps("not told")[1] > 2
    assert heaps("told", MALLOC_ARENA_MAX="1") == ("False", 1)
