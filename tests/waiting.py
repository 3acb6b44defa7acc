"""Waits for a condition by checking it again and again.
Only a failing test reaches the time limit.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60
"""The seconds to wait for a result. It comes within milliseconds on a quiet machine, but much later
on a busy one."""
_PAUSE_S = 0.02


async def until(
    look: Callable[[], Any], fits: Callable[[Any], Any] = bool, timeout_s: float = PATIENCE_S
) -> Any:
    """Call `look` until its result fits, and return the result.

    look       a plain function, or a function that returns a coroutine
    fits       whether a result is the expected one
    timeout_s  seconds after which it fails with the last result
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        seen = look()
        if inspect.isawaitable(seen):
            seen = await seen
        if fits(seen):
            return seen
        if loop.time() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain, last seen: {seen!r:.2000}")
        await asyncio.sleep(_PAUSE_S)


async def turns() -> None:
    """Let the event loop make the calls that are due, and the calls that these make."""
    for _ in range(5):
        await asyncio.sleep(0)
