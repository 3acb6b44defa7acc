"""Finds and ends processes that tests started and did not end.
Needs Linux's /proc. On other systems it finds nothing.

A run of tests marks its processes by a variable of the environment, which all descendants inherit.
Some programs overwrite their environment, such as Chromium's helpers. These are found by their
parent or their session.

As a script, `leftovers.py MARK` waits until its input ends. The input ends when the run that
started the script ends, even by SIGKILL. Then the script ends all processes of that run. Only the
standard library is imported, so that the script starts fast.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

VARIABLE = "TESTS_RUN"
"""The variable with the marks of a run and of the runs around it. There may be several, because a
test may run tests."""

shared: set[int] = set()
"""The ids of processes that may outlive a test. A fixture of a module or of a whole run ends
them."""

_PROC = Path("/proc")
_PAUSE_S = 0.1
_ROUNDS = 50


class Watcher:
    """Marks all processes that this process starts from now on.

    When this process ends, they are ended, too.
    """

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        os.environ[VARIABLE] = f"{os.environ.get(VARIABLE, '')}/{self.mark}"
        command = [sys.executable, "-I", "-S", __file__, self.mark]
        # In its own session, so that signals to the terminal's processes do not reach it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, env={}, start_new_session=True
        )
        self.pid = self._process.pid

    def close(self) -> None:
        """End all marked processes now."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def environment() -> dict[str, str]:
    """Return the variable for a process that does not inherit the environment."""
    return {VARIABLE: os.environ[VARIABLE]} if VARIABLE in os.environ else {}


def marked(mark: str) -> set[int]:
    """Return the ids of running processes that belong to a mark.

    A process belongs to a mark if it has the mark. It also belongs to it if its parent does, or the
    first process of its session.
    """
    relatives = {pid: family for pid in _pids() if (family := _parent_and_session(pid))}
    pids = {pid for pid in relatives if _has_mark(pid, mark)}
    while more := {pid for pid, family in relatives.items() if pids.intersection(family)} - pids:
        pids |= more
    return pids


def children() -> set[int]:
    """Return the ids of running processes that this process started.

    Processes that tests share are left out.
    """
    pids: set[int] = set()
    for folder in _PROC.glob("self/task/*"):
        with contextlib.suppress(FileNotFoundError):  # a thread may end during this loop
            pids.update(map(int, Path(folder, "children").read_text().split()))
    return {pid for pid in pids - shared if _parent_and_session(pid)}


def end(pids: Iterable[int]) -> list[str]:
    """Kill processes, and return their commands."""
    commands = []
    for pid in pids:
        with contextlib.suppress(OSError):
            commands.append(
                (_PROC / str(pid) / "cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
            os.kill(pid, signal.SIGKILL)
    return commands


def _pids() -> list[int]:
    return [int(path.name) for path in _PROC.glob("[0-9]*")]


def _parent_and_session(pid: int) -> tuple[int, int] | None:
    """Return the ids of a process's parent and session.

    Returns: None if the process has ended, even if nobody has asked for its exit code yet.
    """
    try:
        state, parent, _, session, *_ = (
            (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        )
    except OSError:
        return None
    return None if state in "ZX" else (int(parent), int(session))


def _has_mark(pid: int, mark: str) -> bool:
    try:
        return mark.encode() in (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False


def _watch(mark: str) -> None:
    sys.stdin.buffer.read()
    for _ in range(_ROUNDS):  # a process that is just starting has no mark yet
        pids = marked(mark) - {os.getpid()}
        if not pids:
            return
        end(pids)
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    _watch(sys.argv[1])
