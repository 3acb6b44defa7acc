"""Tests of one worker process: its jobs, its end, and how long it may be idle.

`tests/crdt/test_workers.py` has the tests of the pool.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from crdt.errors import WorkerDied
from crdt.processes.worker import Worker
from crdt.processes.worker_process import message
from tests.crdt import work
from tests.waiting import until

MEMORY_BYTES = 1 << 30


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    made = await Worker.start(MEMORY_BYTES)
    yield made
    await made.end()


async def test_work_gives_results_and_errors_of_one_job_after_another(worker: Worker) -> None:
    assert await worker.work(message((work.add, (2, 3)))) == (True, 5)
    is_done, error = await worker.work(message((work.fail_portably, ())))
    assert (is_done, isinstance(error, Exception)) == (False, True)
    assert await worker.work(message((work.add, (3, 4)))) == (True, 7)


async def test_work_in_a_process_that_is_killed_raises(worker: Worker) -> None:
    worker.kill()
    with pytest.raises(WorkerDied):
        await worker.work(message((work.add, (2, 3))))
    assert not worker.is_alive


async def test_leave_after_calls_unless_the_worker_stays(worker: Worker) -> None:
    left: list[Worker] = []
    worker.leave_after(0, left.append)
    worker.stay()
    worker.leave_after(0, left.append)
    await until(lambda: bool(left))
    assert left == [worker]


async def test_given_time_is_extended_only_for_a_job_without_a_processor(worker: Worker) -> None:
    """A process that waits has used no processor, so its deadline moves to three times the time."""
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(0.2) as limit:
        with worker.given_time(limit, 0.2):
            await until(lambda: (limit.when() or 0) > begun + 0.5)
    assert worker.is_starved(0.2)
