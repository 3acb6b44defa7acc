"""Waiting for a condition, by looking again and again.
A limit is reached only by a test that fails.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60
"""How long to wait for what comes in milliseconds on a quiet machine,
and much later on a busy one."""
_PAUSE_S = 0.02


async def until(
    look: Callable[[], Any], fits: Callable[[Any], Any] = bool, timeout_s: float = PATIENCE_S
) -> Any:
    """Look until what is seen fits; returns it.

    look       a plain function or one that returns a coroutine
    timeout_s  seconds until it fails, with what was seen last
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
