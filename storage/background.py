"""Starts background tasks, logs an error that ends a task, and ends tasks reliably."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_ASK_AGAIN_S = 0.5

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


def start_task(
    work: Coroutine[Any, Any, _T], name: str, failed: Callable[[], object] | None = None
) -> "asyncio.Task[_T]":
    """Start a task that nobody awaits while it runs.

    An error that ends the task is logged immediately. asyncio would log the error only when nothing
    refers to the task any more, which may never happen.

    failed  a function that is called if an error ends the task
    """

    def look(task: "asyncio.Task[_T]") -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.error("the task %r ended unexpectedly", name, exc_info=error)
            if failed:
                failed()

    task = asyncio.get_running_loop().create_task(work, name=name)
    task.add_done_callback(look)
    return task


async def end_task(task: "asyncio.Task[None] | None") -> None:
    """Cancel a task and return when it has ended, however it ends.

    One cancellation is not enough for a task that loops. In Python 3.11, `asyncio.wait_for` loses
    a cancellation that comes together with a time-out. Code that uses `wait_for`, such as the
    driver of MongoDB, loses it too. The server would then never stop. So the task is cancelled
    again until it ends.
    """
    if task is None:
        return
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_ASK_AGAIN_S)
    if not task.cancelled():
        task.exception()  # without this call, asyncio logs that nobody retrieved the exception
