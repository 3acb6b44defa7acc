"""Where documents are worked on: small ones in a thread, large ones in a worker unless none has the memory for them."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from crdt.crashmark import CrashMark
from crdt.errors import Rejected
from crdt.fair_queue import Payer
from crdt.lifecycle.document_work import _MEMORY_PER_BYTE, SMALL_BYTES, DocumentWork, StepRunner
from crdt.steps import Steps
from crdt.workers import Workers, WorkersSettings
from tests.crdt import work
from tests.crdt.stepped import counting, refused

MEMORY_MB = 64
MOST = (MEMORY_MB << 20) // _MEMORY_PER_BYTE


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(WorkersSettings(processes=1, memory_mb=MEMORY_MB))
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("size", "is_elsewhere"),
    [(0, False), (SMALL_BYTES - 1, False), (SMALL_BYTES, True), (MOST, True), (MOST + 1, False)],
)
async def test_size_of_document_decides_where_it_is_worked_on(workers: Workers, size: int, is_elsewhere: bool) -> None:
    documents = DocumentWork(workers, CrashMark())
    assert documents.is_for_worker(size) is is_elsewhere
    assert (await documents.run(Payer("ada"), "one", size, work.process_id) != os.getpid()) is is_elsewhere


async def test_worker_is_asked_for_small_document_too(workers: Workers) -> None:
    documents = DocumentWork(workers, CrashMark())
    assert await documents.run_in_worker(Payer("ada"), 60.0, work.process_id) != os.getpid()


async def test_session_is_named_while_a_thread_works_for_it(workers: Workers) -> None:
    """A worker that dies takes nobody with it, so it is not named for one."""
    mark = CrashMark()
    documents = DocumentWork(workers, mark)
    named = await documents.run(Payer("ada"), "one", 0, lambda: list(mark.named(in_threads=True)))
    assert named == [("one", "")]
    assert list(mark.named(in_threads=True)) == []


@pytest.fixture
def runner() -> StepRunner:
    ticks = itertools.count()
    return StepRunner(lambda: float(next(ticks)))


@pytest.mark.parametrize(("is_long", "where"), [(False, "here"), (True, "elsewhere")])
async def test_runner_uses_threads_for_long_work_only(runner: StepRunner, is_long: bool, where: str) -> None:
    """Its seconds are those of the steps and of what was done elsewhere, not of what others did."""
    result, work_s = await runner.run(counting(2, []), nullcontext, is_long=is_long)

    assert (result, work_s) == (where, 5)


async def test_runner_does_one_step_of_all_work_in_a_turn(runner: StepRunner) -> None:
    """So the loop comes round after each step, however many clients send something large."""
    seen: list[int] = []
    turns: list[int] = []

    async def turn() -> None:
        while True:
            turns.append(len(seen))
            await asyncio.sleep(0)

    others = asyncio.create_task(turn())
    await asyncio.gather(*(runner.run(counting(20, seen), nullcontext, is_long=False) for _ in range(5)))
    others.cancel()

    assert len(seen) == 100
    assert max(after - before for before, after in itertools.pairwise(turns)) <= 2


async def test_runner_surrounds_each_step_and_passes_errors_on(runner: StepRunner) -> None:
    marks: list[str] = []

    @contextmanager
    def around() -> Iterator[None]:
        marks.append("in")
        yield
        marks.append("out")

    with pytest.raises(Rejected):
        await runner.run(refused(), around, is_long=False)

    assert marks == ["in", "out", "in"]


async def test_work_that_is_cancelled_ends_where_it_is(runner: StepRunner) -> None:
    """What it holds is given back, and others go on."""
    ended: list[str] = []

    def endless() -> Steps[None]:
        try:
            while True:
                yield None
        finally:
            ended.append("yes")

    work = asyncio.create_task(runner.run(endless(), nullcontext, is_long=False))
    await asyncio.sleep(0.01)
    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert ended == ["yes"]
    assert await runner.run(counting(1, []), nullcontext, is_long=False) == ("here", 4)
