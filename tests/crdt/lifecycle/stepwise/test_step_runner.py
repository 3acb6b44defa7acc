"""Tests of the step runner, which does one step of work in each turn of the event loop."""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from crdt.errors import Rejected
from crdt.lifecycle.stepwise.step_runner import StepRunner
from crdt.steps import Long, Steps
from tests.crdt.stepped import counting, refused
from tests.waiting import until


@pytest.fixture
def runner() -> StepRunner:
    ticks = itertools.count()
    return StepRunner(lambda: float(next(ticks)))


@pytest.mark.parametrize(("is_long", "where"), [(False, "here"), (True, "elsewhere")])
async def test_runner_uses_threads_for_long_work_only(
    runner: StepRunner, is_long: bool, where: str
) -> None:
    """The seconds count the work's own steps and threads, not the time of other work."""
    spent_s: list[float] = []
    result = await runner.run(counting(2, []), nullcontext, spent_s.append, is_long=is_long)

    assert (result, sum(spent_s)) == (where, 5)


async def test_runner_does_one_step_of_all_work_in_a_turn(runner: StepRunner) -> None:
    """The event loop gets a turn after each step, even if many clients send large frames."""
    seen: list[int] = []
    turns: list[int] = []

    async def turn() -> None:
        while True:
            turns.append(len(seen))
            await asyncio.sleep(0)

    others = asyncio.create_task(turn())
    await asyncio.gather(
        *(runner.run(counting(20, seen), nullcontext, float, is_long=False) for _ in range(5))
    )
    others.cancel()

    assert len(seen) == 100
    assert max(after - before for before, after in itertools.pairwise(turns)) <= 2


async def test_runner_with_context_enters_it_for_each_step_and_raises_errors(
    runner: StepRunner,
) -> None:
    """The seconds of the step that fails count, too."""
    marks: list[str] = []
    spent_s: list[float] = []

    @contextmanager
    def around() -> Iterator[None]:
        marks.append("in")
        yield
        marks.append("out")

    with pytest.raises(Rejected):
        await runner.run(refused(), around, spent_s.append, is_long=False)

    assert marks == ["in", "out", "in"]
    assert spent_s == [1, 1]


@pytest.mark.parametrize("is_long", [False, True])
async def test_seconds_of_failed_call_count(runner: StepRunner, is_long: bool) -> None:
    spent_s: list[float] = []

    with pytest.raises(ZeroDivisionError):
        await runner.call(lambda: 1 // 0, spent_s.append, is_long=is_long)

    assert spent_s == [1]


async def test_cancelled_work_ends_at_its_current_step(runner: StepRunner) -> None:
    """Cancelled work stops and is closed, and other work goes on."""
    steps, ended = list[None](), list[str]()

    def endless() -> Steps[None]:
        try:
            while True:
                steps.append(None)
                yield None
        finally:
            ended.append("yes")

    work = asyncio.create_task(runner.run(endless(), nullcontext, float, is_long=False))
    await until(lambda: steps)
    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert ended == ["yes"]
    assert await runner.run(counting(1, []), nullcontext, float, is_long=False) == "here"


async def test_reading_a_whole_document_always_uses_a_thread(
    runner: StepRunner,
) -> None:
    def loading() -> Steps[bool]:
        return (yield Long(threading.get_ident)) != threading.get_ident()

    assert await runner.run(loading(), nullcontext, float, is_long=False)
