"""Tasks in the background, ended for certain."""

import asyncio

_ASK_AGAIN_S = 0.5


async def end_task(task: "asyncio.Task[None] | None") -> None:
    """Cancel a task and return when it has ended, however it ends.

    One cancellation is not enough for a task that loops: where it meets a time-out, `asyncio.wait_for` of
    Python 3.11 drops it, and so does whatever uses that, such as the driver of MongoDB. The server then waited
    for ever to stop. So the task is asked again until it ends.
    """
    if task is None:
        return
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_ASK_AGAIN_S)
    if not task.cancelled():
        task.exception()  # looked at, or asyncio logs that nobody did
