"""A bounded queue for a few slots, in which keys (users, sessions) take turns. It does not know what slots are for."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crdt.errors import WorkersBusy


class FairQueue:
    """Gives slots to the key that has waited longest, then to the next key, however many jobs each key has.

    With several slots, the last one is never given to a key that has all others: jobs of other keys get through.

    slots            jobs that run together
    waiting_per_key  jobs of one key that may wait
    waiting          jobs of all keys that may wait
    wait_s           seconds that a job waits at most
    """

    def __init__(self, slots: int, waiting_per_key: int, waiting: int, wait_s: float) -> None:
        self._slots = slots
        self._per_key = max(1, slots - 1)
        self._max_waiting_per_key = waiting_per_key
        self._max_waiting = waiting
        self._wait_s = wait_s
        self._running: Counter[str] = Counter()
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        self.waiting = 0

    async def enter(self, key: str) -> None:
        """Wait for a slot, which `leave` gives back; raises WorkersBusy if too many wait, or if it takes too long."""
        if self._is_full() or not self._may_run(key):
            await self._wait(key)
        else:
            self._running[key] += 1

    @asynccontextmanager
    async def slot(self, key: str) -> AsyncIterator[None]:
        """Hold a slot inside the block; raises WorkersBusy as `enter` does."""
        await self.enter(key)
        try:
            yield
        finally:
            self.leave(key)

    def leave(self, key: str) -> None:
        """Give a slot back, and hand out what is free."""
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        while not self._is_full() and (following := next(filter(self._may_run, self._queues), None)) is not None:
            queue = self._queues.pop(following)
            turn = queue.popleft()
            self.waiting -= 1
            if queue:
                self._queues[following] = queue  # behind all others
            if not turn.done():  # else its job was cancelled in this turn of the event loop
                self._running[following] += 1
                turn.set_result(None)

    def _is_full(self) -> bool:
        return self._running.total() >= self._slots

    def _may_run(self, key: str) -> bool:
        return self._running[key] < self._per_key

    async def _wait(self, key: str) -> None:
        """Return when a slot was given to this job."""
        queue = self._queues.get(key, ())
        if self.waiting >= self._max_waiting or len(queue) >= self._max_waiting_per_key:
            raise WorkersBusy("too much work is waiting")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(key, deque()).append(turn)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(key)  # the slot was given in the same turn of the event loop
            else:
                self._forget(key, turn)
            if isinstance(error, TimeoutError):
                raise WorkersBusy("other work took too long") from error
            raise

    def _forget(self, key: str, turn: "asyncio.Future[None]") -> None:
        queue = self._queues.get(key)
        if queue and turn in queue:
            queue.remove(turn)
            self.waiting -= 1
            if not queue:
                del self._queues[key]
