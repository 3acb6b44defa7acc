"""Tasks in the background end although one cancellation is lost."""

import asyncio

from storage.background import end_task


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


async def test_task_that_failed_or_never_was_ends_silently() -> None:
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.wait([task])

    await end_task(task)
    await end_task(None)

    assert isinstance(task.exception(), ValueError)
