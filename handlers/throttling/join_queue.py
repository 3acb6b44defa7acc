"""Lets clients that come at the same time join one after another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_AT_A_TIME = 3
_MAX_WAIT_S = 0.05
"""Seconds that a client waits for those before it. They may be waiting for a distant database."""
_LATE_IN_ONE_TURN = 2
"""Clients that go on in one turn of the event loop after `_MAX_WAIT_S`.
A handshake takes most of a millisecond."""


class JoinQueue:
    """Lets a few clients join at a time, in the order in which they came.

    Without it, the event loop takes all waiting clients through one step before it begins the next
    step. So none of them has joined before the last one. With it, half of a class has its document
    a sixth sooner, and the last one no later.
    """

    __slots__ = ("_late", "_slots")

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_A_TIME)
        self._late = asyncio.Semaphore(_LATE_IN_ONE_TURN)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one of the slots, and keep it inside the block."""
        has_slot = await self._acquire()
        try:
            yield
        finally:
            if has_slot:
                self._slots.release()

    async def _acquire(self) -> bool:
        try:
            async with asyncio.timeout(_MAX_WAIT_S):
                return await self._slots.acquire()
        except TimeoutError:
            async with (
                self._late
            ):  # clients that came together have waited equally long, and would go on together
                await asyncio.sleep(0)
            return False
