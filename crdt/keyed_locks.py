"""Locks by key, such as the id of a user or a session: one task at a time for each key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class KeyedLocks:
    """A lock for each key, which is kept as long as a task holds it or waits for it."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[str, _CountedLock] = {}

    def __len__(self) -> int:
        """Return the number of keys in use."""
        return len(self._locks)

    def __contains__(self, key: str) -> bool:
        """Whether a task with this key is inside a block, or waits for it."""
        return key in self._locks

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Run a block alone among the tasks with this key; waiting tasks come in order."""
        # The number of users tells when the lock can be dropped: keeping a lock for each session
        # ever used would be a leak. `asyncio.Lock` wakes tasks in the order in which they came.
        counted = self._locks.setdefault(key, _CountedLock())
        counted.users += 1
        try:
            async with counted.lock:
                yield
        finally:
            counted.users -= 1
            if not counted.users:
                del self._locks[key]


class _CountedLock:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
