"""Runs long work in separate processes: quadratic work, and long native calls.

Threads do not help with such work, because it holds the interpreter. A job is a module's function
and its arguments. Job and result are pickled, so they should be bytes, texts and small records. A
process starts with the first job, and its memory is bounded. It is killed at a job's deadline or
when the caller is cancelled, and ends after a while without work. Not for work of a few
milliseconds: sending a job and its result costs about 1 ms, and starting a process some 50 ms.

See docs/design/concurrency.md.
"""

import asyncio
import os
from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, TypeVarTuple, cast

from crdt.errors import WorkerDied, WorkError, WorkersBusy, WorkTooLarge
from crdt.fair_queue import FairQueue, Payer
from crdt.limits import WORKER_IDLE_S, WORKER_MB, WORKERS
from crdt.processes.worker import MOST_DEADLINES, Worker
from crdt.processes.worker_process import message

_LEAST_BY_DEFAULT, _MOST_BY_DEFAULT = 2, 4
"""The least and the most processes if no number is set. With one process, all users would wait for
one user's long work. More processes than cores do no harm: the server gets a core first."""
_MIB = 1 << 20

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
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._starting: set[asyncio.Task[Worker]] = set()
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
        deadline_s  seconds for the job and the start of a process, without the wait for a process
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

    async def _take(self) -> Worker:
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

    async def _start(self) -> Worker:
        """Start a process; if the caller is cancelled meanwhile, it is kept for later jobs."""
        # The task is shielded: otherwise a cancelled start would leave a process that is not in
        # the list.
        loop, start = asyncio.get_running_loop(), Worker.start(self.memory_bytes)
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

    def _started_for_nobody(self, starting: asyncio.Task[Worker]) -> None:
        self._starting.discard(starting)
        if not starting.cancelled() and not starting.exception():
            self._all.add(starting.result())
            self._put_back(starting.result())

    def _check_open(self) -> None:
        if self._is_closed:
            raise WorkersBusy("the server is stopping")

    def _put_back(self, worker: Worker) -> None:
        self._idle.append(worker)
        worker.leave_after(self._settings.idle_s, self._dismiss)

    def _dismiss(self, worker: Worker) -> None:
        self._idle.remove(worker)
        self._all.discard(worker)
        worker.kill()

    async def _drop(self, worker: Worker) -> None:
        self._all.discard(worker)
        await worker.end()


def _late(deadline_s: float, *, is_starved: bool) -> WorkError:
    """Return the error for a job that missed its deadline."""
    if is_starved:
        waited_s = MOST_DEADLINES * deadline_s
        return WorkersBusy(f"other programs use the machine: {waited_s:g} seconds were not enough")
    return WorkTooLarge(f"the work took longer than {deadline_s:g} seconds")
