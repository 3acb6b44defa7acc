"""Tests of background tasks. They end even if a cancellation is lost, and they log their errors."""

import asyncio
from collections.abc import Callable

import pytest

from storage.background import end_task, start_task


async def test_task_that_loses_a_cancellation_ends() -> None:
    lost = 0
    starts = asyncio.Event()

    async def loop() -> None:
        nonlocal lost
        while True:
            try:
                starts.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    task = asyncio.create_task(loop())
    await starts.wait()

    await end_task(task)

    assert task.cancelled()
    assert lost == 2


async def test_end_of_failed_or_missing_task_is_silent() -> None:
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.wait([task])

    await end_task(task)
    await end_task(None)

    assert isinstance(task.exception(), ValueError)


async def test_error_of_kept_task_is_logged(
    expect_log: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The error of a task is logged, and the code that started the task is told."""
    expect_log("the task .tick. ended unexpectedly")
    ended = asyncio.Event()

    async def fails() -> None:
        raise ValueError

    task = start_task(fails(), "tick", ended.set)
    await asyncio.wait_for(ended.wait(), 30)

    assert isinstance(task.exception(), ValueError)
    assert caplog.messages == ["the task 'tick' ended unexpectedly"]


async def test_task_that_ends_or_is_cancelled_is_not_logged() -> None:
    failed: list[str] = []

    async def works() -> str:
        return "done"

    done = start_task(works(), "works", lambda: failed.append("works"))
    endless = start_task(asyncio.sleep(600), "sleeps", lambda: failed.append("sleeps"))
    assert await done == "done"
    await end_task(endless)
    await asyncio.sleep(0)

    assert failed == []
