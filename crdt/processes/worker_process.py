"""The program of a worker process: it reads jobs from standard input, and writes results.

Results go to standard output. `crdt.workers` starts this module as a script, not by
`multiprocessing`, which would run the server's main module again. It would also start a second
process that tracks resources, and it cannot end one job. This module imports only modules that load
fast; a job's function imports the others. Not for code of the server's own process, which uses only
`message` and `cpu_s` of this module.

A message is its length in eight bytes, then pickled bytes.
The first message to the worker is a `Start` as a tuple.
"""

import contextlib
import ctypes
import faulthandler
import os
import pickle
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

LENGTH_BYTES = 8
_PR_SET_PDEATHSIG = 1
_NICE = 5
"""With more busy processes than cores, the server gets a core before its workers."""
_OOM_SCORE = "700"
"""If the machine has no memory left, the kernel ends a worker rather than the server."""


class Start(NamedTuple):
    """The first message to a worker.

    parent        id of the process that started the worker
    memory_bytes  bytes that the worker may allocate
    folders       folders with modules, for `sys.path`
    """

    parent: int
    memory_bytes: int
    folders: list[str]


def cpu_s(pid: int) -> float:
    """Return a process's seconds of CPU time; infinity if that is unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return float("inf")


def message(value: object) -> bytes:
    """Return a value as one message."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def answer(job: bytes) -> bytes:
    """Do a pickled job (function, arguments); return the message (True, result).

    If the job raises, the message is (False, exception).
    """
    try:
        function, arguments = pickle.loads(job)  # noqa: S301  # from the server's own process
        return message((True, function(*arguments)))
    except Exception as error:
        return message((False, _portable(error)))


def _portable(error: Exception) -> Exception:
    """Return an exception that the other process can read.

    That is this exception, or one with its name and message.
    """
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _read(stream: BinaryIO) -> bytes | None:
    """Return the body of the next message; None at the end."""
    length = stream.read(LENGTH_BYTES)
    body = stream.read(int.from_bytes(length, "big")) if len(length) == LENGTH_BYTES else b""
    return body or None


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends (Linux).

    On other systems the end of the input ends it.
    """
    # If the server is killed, its workers must not go on for minutes. The kernel ends them even
    # while native code holds the interpreter. The parent may have died before the call, so this is
    # checked after it.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def _confine(memory_bytes: int) -> None:
    """Bound the memory of this process, and let other processes run first."""
    # A terminal or systemd sends these signals to all processes, but only the server ends its
    # workers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()
    # The limit counts allocated memory, not address space, because libraries reserve much more
    # address space than they use. A job that needs more gets a MemoryError, or the process dies.
    # The server survives both.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _watch_input(source: BinaryIO, hand_over: Callable[[bytes], Any]) -> None:
    """Hand over jobs as they come. At the end of the input, end the process, even during a job."""
    while (job := _read(source)) is not None:
        hand_over(job)
    os._exit(0)


def main() -> None:
    """Work until the input ends."""
    source = sys.stdin.buffer
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of a library must not get between the messages
    first = _read(source)
    if first is None:
        return
    start = Start(*pickle.loads(first))  # noqa: S301  # from the server's own process
    _end_with(start.parent)
    _confine(start.memory_bytes)
    sys.path[:] = start.folders
    jobs: list[bytes] = []
    has_job = threading.Semaphore(0)

    def hand_over(job: bytes) -> None:
        jobs.append(job)
        has_job.release()

    # A thread waits for input, so that the end of the server is also noticed during a job.
    threading.Thread(target=_watch_input, args=(source, hand_over), daemon=True).start()
    while True:
        has_job.acquire()
        results.write(answer(jobs.pop()))
        results.flush()


if __name__ == "__main__":
    main()
