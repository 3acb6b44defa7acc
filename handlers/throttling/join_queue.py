"""Lets clients that connect at the same time join one after another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_AT_A_TIME = 3
_MAX_WAIT_S = 0.05
"""Most seconds that a client waits for earlier clients, which may wait for a distant database."""
_LATE_IN_ONE_TURN = 2
"""Clients that go on in the same turn of the event loop after they waited for `_MAX_WAIT_S`.
A handshake takes almost a millisecond."""


class JoinQueue:
    """Lets a few clients join at a time, in the order in which they connected.

    Without this queue, the event loop does one step of joining for all waiting clients before the
    next step. So all of them finish together at the end. With the queue, half of a class has its
    document a sixth sooner, and the last client has it no later.
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
            async with self._late:  # clients that connected together reach the time limit together
                await asyncio.sleep(0)
            return False
