"""Tasks in the background: an error that ends one is logged, and ending one always works."""

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

    If an error ends it, that is logged immediately. asyncio would log it only when nothing refers
    to the task any more, and that may be never.

    failed  called if an error ended the task
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

    One cancellation is not enough for a task that loops. If it comes together with a time-out,
    `asyncio.wait_for` of Python 3.11 loses it, and so does code that uses `wait_for`, such as the
    driver of MongoDB. The server would then wait for ever to stop. So the task is cancelled again
    until it ends.
    """
    if task is None:
        return
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_ASK_AGAIN_S)
    if not task.cancelled():
        task.exception()  # looked at, or asyncio logs that nobody did
