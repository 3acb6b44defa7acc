"""Gives turns by key, such as the id of a user or a session: one at a time for each key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock for each key, which is kept as long as a task holds it or waits for it."""

    __slots__ = ("_turns",)

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def __len__(self) -> int:
        """Return the number of keys in use."""
        return len(self._turns)

    def __contains__(self, key: str) -> bool:
        """Whether a task with this key is inside a block, or waits for it."""
        return key in self._turns

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Run a block alone among the tasks with this key; waiting tasks come in order."""
        # The number of users tells when the lock can be dropped: keeping a lock for each session
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
