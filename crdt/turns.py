"""Turns by key, such as the id of a user or a session: one at a time for each key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock for each key, as long as somebody holds it or waits for it."""

    __slots__ = ("_turns",)

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._turns)

    def __contains__(self, key: str) -> bool:
        """Whether somebody with this key is inside a block, or waits for it."""
        return key in self._turns

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Nobody else with this key is inside the block; those that wait come in order."""
        # The number of users says when the lock can be dropped: a lock for each session that was
        # ever used would be a leak. `asyncio.Lock` wakes tasks in the order in which they came.
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]


class _Turn:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
