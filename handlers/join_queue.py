"""Clients who come at the same time go in one after another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_AT_ONCE = 3
_WAIT_S = 0.05


class Doorway:
    """A few at once, in the order they came.

    An event loop takes all who wait through each step before the next, so that everybody is in when the last one is.
    Here half of a class has its document a sixth sooner, and the last one no later (ARCHITECTURE.md, joins).
    Nobody waits for others longer than 50 ms: they may be waiting for a far database.
    """

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for one's turn, and keep the place inside the block."""
        has_place = await self._place()
        try:
            yield
        finally:
            if has_place:
                self._places.release()

    async def _place(self) -> bool:
        try:
            async with asyncio.timeout(_WAIT_S):
                return await self._places.acquire()
        except TimeoutError:
            return False
