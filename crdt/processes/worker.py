"""One worker process, as the server sees it: its start, its jobs, its deadline and its end.

Not for the choice of the process that does a job: see `crdt.workers`.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, cast

from crdt.errors import WorkerDied
from crdt.processes import worker_process
from crdt.processes.worker_process import LENGTH_BYTES, Start, cpu_s, message

MOST_DEADLINES = 3
"""A job may take this many deadlines on a busy machine, where it had under half of a processor."""
_CHECKED_AT = 0.9
"""The share of the deadline after which the job's use of a processor is checked."""
_READ_BYTES = 1 << 20
_ROOT = str(Path(__file__).resolve().parent.parent.parent)


class Worker:
    """One worker process, as the server sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """process: has pipes for its input and its output."""
        self._process = process
        self._input = cast("asyncio.StreamWriter", process.stdin)
        self._output = cast("asyncio.StreamReader", process.stdout)
        self._leaving: asyncio.TimerHandle | None = None
        self._used_before_s = 0.0

    @classmethod
    async def start(cls, memory_bytes: int) -> Self:
        """Start a process; it may not be ready yet."""
        # The process gets `sys.path` from this one, not from `site`.
        command = (sys.executable, "-I", "-S", worker_process.__file__)
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, limit=_READ_BYTES
            )
        except OSError as error:
            raise WorkerDied(f"a worker process cannot be started ({error})") from error
        worker = cls(process)
        worker._input.write(message(tuple(Start(os.getpid(), memory_bytes, [_ROOT, *sys.path]))))
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended yet, as far as the event loop knows."""
        return self._process.returncode is None

    async def work(self, job: bytes) -> tuple[bool, Any]:
        """Return (True, result) or (False, exception) of a job; raises WorkerDied."""
        try:
            self._input.write(job)
            await self._input.drain()
            length = await self._output.readexactly(LENGTH_BYTES)
            body = await self._output.readexactly(int.from_bytes(length, "big"))
        except (asyncio.IncompleteReadError, OSError) as error:
            raise WorkerDied(f"a worker process ended ({await self.end()})") from error
        is_done, result = pickle.loads(body)  # noqa: S301  # from a process that runs our code
        return is_done, result

    @contextlib.contextmanager
    def given_time(self, limit: asyncio.Timeout, deadline_s: float) -> Iterator[None]:
        """Extend a job's deadline if, shortly before it, the job had less than half a processor."""
        loop = asyncio.get_running_loop()
        end = limit.when() or loop.time()
        self._used_before_s = cpu_s(self._process.pid)

        def look() -> None:
            if self.is_starved(deadline_s):
                limit.reschedule(end + (MOST_DEADLINES - 1) * deadline_s)

        check = loop.call_at(end - (1 - _CHECKED_AT) * deadline_s, look)
        try:
            yield
        finally:
            check.cancel()

    def is_starved(self, deadline_s: float) -> bool:
        """Whether the job has had a processor for less than half of its time."""
        return cpu_s(self._process.pid) - self._used_before_s < deadline_s / 2

    def leave_after(self, idle_s: float, leave: Callable[["Worker"], None]) -> None:
        """Call `leave` after some seconds, unless `stay` is called first."""
        self._leaving = asyncio.get_running_loop().call_later(idle_s, leave, self)

    def stay(self) -> None:
        """Do not call `leave` (see `leave_after`)."""
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None

    def kill(self) -> None:
        """Kill the process if it has not ended; `end` also waits for its end."""
        self.stay()
        if self.is_alive:
            # `Process.kill` first asks how the process ended. If it has just died, the event loop
            # would then never learn its exit code.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def end(self) -> int:
        """Kill the process and wait; return its exit code, or minus the signal's number."""
        self.kill()
        try:
            return await self._process.wait()
        finally:
            # asyncio closes a pipe after reading all of it. While a large answer waits and no task
            # takes it, asyncio does not read on, so the pipe would stay open.
            transport = self._process._transport  # type: ignore[attr-defined]  # noqa: SLF001  # no public way
            for number in (0, 1):
                if pipe := transport.get_pipe_transport(number):
                    pipe.close()
