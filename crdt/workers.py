"""Runs long work in separate processes: quadratic work, and long native calls.

Threads do not help with such work, because it holds the interpreter. A job is a module's function
and its arguments. Job and result are pickled, so they should be bytes, texts and small records. A
process starts with the first job, and its memory is bounded. It is killed at a job's deadline or
when the caller is cancelled, and ends after a while without work. Not for work of a few
milliseconds: sending a job and its result costs about 1 ms, and starting a process some 50.

See docs/design/concurrency.md.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple, cast

from crdt import worker_process
from crdt.errors import WorkerDied, WorkError, WorkersBusy, WorkTooLarge
from crdt.fair_queue import FairQueue, Payer
from crdt.limits import WORKER_IDLE_S, WORKER_MB, WORKERS
from crdt.worker_process import LENGTH_BYTES, Start, cpu_s, message

_LEAST_BY_DEFAULT, _MOST_BY_DEFAULT = 2, 4
"""The least and the most processes if no number is set. With one process, all users would wait for
one user's long work. More processes than cores do no harm: the server gets a core first."""
_LONGEST = 3
"""A job may take this many deadlines on a busy machine, where it had under half of a processor."""
_CHECKED_AT = 0.9
"""The share of the deadline after which the job's use of a processor is checked."""
_MIB = _READ_BYTES = 1 << 20
_ROOT = str(Path(__file__).resolve().parent.parent)

_NAMES = {
    TimeoutError: "late",
    CancelledError: "cancelled",
    WorkerDied: "died",
    WorkersBusy: "busy",
}

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class WorkersSettings:
    """The number of processes, and the resources of each.

    processes        0: one for each core but one, from 2 to 4
    waiting_per_key  jobs of one key that may wait for a process
    waiting          jobs of all keys that may wait; each holds its arguments in memory
    wait_s           the most seconds that a job waits for a process
    """

    processes: int = WORKERS.field()
    memory_mb: int = WORKER_MB.field()
    idle_s: float = WORKER_IDLE_S.field()
    waiting_per_key: int = 16
    waiting: int = 64
    wait_s: float = 30.0


class Workers:
    """The worker processes of one server: call `run`, and `close` at the end.

    counts  the numbers of jobs by end: "done", "failed" (the function raised), "late" (killed at
            the deadline), "large" (out of memory), "died", "cancelled" and "busy" (refused, because
            too many waited)
    """

    def __init__(self, settings: WorkersSettings | None = None) -> None:
        self._settings = settings = settings or WorkersSettings()
        spare = (os.cpu_count() or 1) - 1
        slots = settings.processes or min(_MOST_BY_DEFAULT, max(_LEAST_BY_DEFAULT, spare))
        self._queue = FairQueue(slots, settings.waiting_per_key, settings.waiting, settings.wait_s)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._starting: set[asyncio.Task[_Worker]] = set()
        self._is_closed = False
        self.counts: Final[Counter[str]] = Counter()
        self.seconds = 0.0

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a process."""
        return self._queue.waiting

    @property
    def processes(self) -> int:
        """The number of processes now."""
        return len(self._all)

    @property
    def memory_bytes(self) -> int:
        """Bytes that each process may allocate."""
        return self._settings.memory_mb * _MIB

    async def run(
        self,
        function: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
        key: str | Payer,
        deadline_s: float,
    ) -> _Result:
        """Return the result of a function, or raise its error.

        Raises `WorkerDied`, or `WorkTooLarge` if the job needs more time than its deadline, or more
        memory than a process has. Raises `WorkersBusy` if too many jobs wait, the server stops, or
        other programs use the machine so much that three times the deadline was not enough.

        function    a module's function, which the process finds by its name
        key         the user that the work is done for, because users take turns; a `Payer` if it is
                    for several users or for none
        deadline_s  seconds for the job and the start of a process, without the wait before
        """
        try:
            slot = await self._queue.enter(key)
        except WorkersBusy:
            self.counts["busy"] += 1
            raise
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return cast("_Result", await self._run(message((function, arguments)), deadline_s))
        finally:
            self.seconds += clock() - began
            self._queue.leave(slot)

    async def close(self) -> None:
        """Kill all processes; running jobs fail with `WorkerDied`."""
        self._is_closed = True
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in tuple(self._all)))

    async def _run(self, job: bytes, deadline_s: float) -> Any:
        worker = None
        try:
            async with asyncio.timeout(deadline_s) as limit:
                worker = await self._take()
                with worker.given_time(limit, deadline_s):
                    is_done, result = await worker.work(job)
        except BaseException as error:
            # After any error, a process whose job did not end is killed. A function cannot be
            # stopped from outside, and its answer would be taken for that of the next job.
            is_starved = worker is None or worker.is_starved(deadline_s)
            if worker:
                await self._drop(worker)
            self.counts[_NAMES.get(type(error), "failed")] += 1
            if isinstance(error, TimeoutError):
                raise _late(deadline_s, is_starved=is_starved) from error
            raise
        if isinstance(result, MemoryError) and not is_done:
            await self._drop(worker)
            self.counts["large"] += 1
            raise WorkTooLarge("the work needed too much memory") from result
        self._put_back(worker)
        self.counts["done" if is_done else "failed"] += 1
        if not is_done:
            raise result
        return result

    async def _take(self) -> "_Worker":
        """Return an idle process, or start a new one."""
        while self._idle:
            worker = self._idle.pop()
            worker.stay()
            if worker.is_alive:
                return worker
            await self._drop(worker)
        self._check_open()
        worker = await self._start()
        try:
            self._check_open()
        except WorkersBusy:
            await self._drop(worker)
            raise
        return worker

    async def _start(self) -> "_Worker":
        """Start a process; if the caller is cancelled meanwhile, it is kept for later jobs."""
        # The task is shielded: otherwise a cancelled start would leave a process that is not in
        # the list.
        loop, start = asyncio.get_running_loop(), _Worker.start(self.memory_bytes)
        starting = loop.create_task(start, name="start worker")
        self._starting.add(starting)
        try:
            worker = await asyncio.shield(starting)
        except CancelledError:
            starting.add_done_callback(self._started_for_nobody)
            raise
        except BaseException:
            self._starting.discard(starting)
            raise
        self._starting.discard(starting)
        self._all.add(worker)
        return worker

    def _started_for_nobody(self, starting: "asyncio.Task[_Worker]") -> None:
        self._starting.discard(starting)
        if not starting.cancelled() and not starting.exception():
            self._all.add(starting.result())
            self._put_back(starting.result())

    def _check_open(self) -> None:
        if self._is_closed:
            raise WorkersBusy("the server is stopping")

    def _put_back(self, worker: "_Worker") -> None:
        self._idle.append(worker)
        worker.leave_after(self._settings.idle_s, self._dismiss)

    def _dismiss(self, worker: "_Worker") -> None:
        self._idle.remove(worker)
        self._all.discard(worker)
        worker.kill()

    async def _drop(self, worker: "_Worker") -> None:
        self._all.discard(worker)
        await worker.end()


class _Worker:
    """One worker process, as the server sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """process: has pipes for its input and its output."""
        self._process = process
        self._input = cast("asyncio.StreamWriter", process.stdin)
        self._output = cast("asyncio.StreamReader", process.stdout)
        self._leaving: asyncio.TimerHandle | None = None
        self._used_before_s = 0.0

    @classmethod
    async def start(cls, memory_bytes: int) -> "_Worker":
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
                limit.reschedule(end + (_LONGEST - 1) * deadline_s)

        check = loop.call_at(end - (1 - _CHECKED_AT) * deadline_s, look)
        try:
            yield
        finally:
            check.cancel()

    def is_starved(self, deadline_s: float) -> bool:
        """Whether the job has had a processor for less than half of its time."""
        return cpu_s(self._process.pid) - self._used_before_s < deadline_s / 2

    def leave_after(self, idle_s: float, leave: Callable[["_Worker"], None]) -> None:
        """Call `leave` after some seconds, unless `stay` is called first."""
        self._leaving = asyncio.get_running_loop().call_later(idle_s, leave, self)

    def stay(self) -> None:
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None

    def kill(self) -> None:
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


def _late(deadline_s: float, *, is_starved: bool) -> WorkError:
    """Return the error for a job that missed its deadline."""
    if is_starved:
        waited_s = _LONGEST * deadline_s
        return WorkersBusy(f"other programs use the machine: {waited_s:g} seconds were not enough")
    return WorkTooLarge(f"the work took longer than {deadline_s:g} seconds")
