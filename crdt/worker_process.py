"""The program of a worker process: reads jobs from standard input,
writes results to standard output.

`crdt.workers` starts it as a script, not by `multiprocessing`. That would run the server's main
module again, start a second process that keeps track of resources, and has no way to end one job.
Only what starts fast is imported here; a job's function imports the rest. Not for: code of the
server's own process, which uses only `message` and `cpu_s` of this module.

A message is its length in eight bytes, then pickled bytes.
The first one to the worker is a `Start` as a tuple.
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
"""The server itself goes first where there are fewer cores than processes that want one."""
_OOM_SCORE = "700"
"""If the machine has no memory left, the kernel ends a worker rather than the server."""


class Start(NamedTuple):
    """The first message to a worker.

    parent        id of the process that started it
    memory_bytes  bytes that it may allocate
    folders       where modules are looked for
    """

    parent: int
    memory_bytes: int
    folders: list[str]


def cpu_s(pid: int) -> float:
    """Return a process's seconds of CPU time; infinity where that cannot be known."""
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
    """Return an exception that the other process can read:
    this one, or one with its name and message.
    """
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _read(stream: BinaryIO) -> bytes | None:
    """Return the body of the next message, None at the end."""
    length = stream.read(LENGTH_BYTES)
    body = stream.read(int.from_bytes(length, "big")) if len(length) == LENGTH_BYTES else b""
    return body or None


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent is gone (Linux);
    elsewhere the end of the input does that.
    """
    # If the server is killed, its workers must not go on for minutes. The kernel does this also
    # while native code holds the interpreter. The parent may have died before the call, so that is
    # checked after it.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def _confine(memory_bytes: int) -> None:
    """Bound this process, and let everything else go first."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # from a terminal or systemd: the server decides when it ends
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()
    # Memory that is allocated counts, not address space: libraries reserve much more address space
    # than they use. A job that needs more gets a MemoryError, or the process dies; the server loses
    # neither.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _watch_input(source: BinaryIO, hand_over: Callable[[bytes], Any]) -> None:
    """Hand jobs over as they come; end the process when nobody can send more,
    also in the middle of a job.
    """
    while (job := _read(source)) is not None:
        hand_over(job)
    os._exit(0)


def main() -> None:
    """Work until the input ends."""
    source = sys.stdin.buffer
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the messages
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

    # A thread waits for input, so that the end of the server is noticed during a job, too.
    threading.Thread(target=_watch_input, args=(source, hand_over), daemon=True).start()
    while True:
        has_job.acquire()
        results.write(answer(jobs.pop()))
        results.flush()


if __name__ == "__main__":
    main()
