"""A bounded queue for a few slots, in which users take turns; maintenance jobs come last.

The queue does not know the use of the slots.

Without turns, a user who opens a hundred large documents would make all other users wait for all of
them. With turns, another user's document comes after the one that is being opened now.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from crdt.errors import WorkersBusy

_JOBS_BEFORE_MAINTENANCE = 8
"""Jobs that may run before a waiting maintenance job.
Then maintenance has its turn, because logs must not grow forever."""


class Payer:
    """The users that a job is done for: one user, or several users who wait for one result.

    The job runs when the first of these users has a turn. So no user waits longer because the user
    who asked first has much other work.

    keys            ids of the users
    is_maintenance  no user waits for the job
    """

    __slots__ = ("_joined", "is_maintenance", "keys")

    def __init__(self, key: str, *, is_maintenance: bool = False) -> None:
        self.keys = [key]
        self.is_maintenance = is_maintenance
        self._joined: Callable[[str], None] | None = None

    def join(self, key: str) -> None:
        """Note that another user waits for this job."""
        if key not in self.keys:
            self.keys.append(key)
            if self._joined:
                self._joined(key)

    def listen(self, joined: Callable[[str], None] | None) -> None:
        """Call `joined` with the key of each user that joins from now on."""
        self._joined = joined


class Slot(NamedTuple):
    """A slot that was given to a job: the job's key, and whether it is maintenance."""

    key: str
    is_maintenance: bool


@dataclass(slots=True, eq=False)
class _Turn:
    """A waiting job, which is in the queues of all its keys."""

    slot: asyncio.Future[Slot]
    is_maintenance: bool
    keys: list[str] = field(default_factory=list)


_Queues = dict[str, deque[_Turn]]


class FairQueue:
    """Gives slots to the key that has waited longest since its last job.

    The number of jobs of each key does not matter, so no key waits for more than one running job of
    another key.

    With several slots, no key and no maintenance ever has all of them. So jobs of other keys get
    through.

    slots            jobs that run together
    waiting_per_key  jobs of one key that may wait; as many of its maintenance jobs may also wait
    waiting          jobs of all keys that may wait
    wait_s           seconds that a job waits at most
    per_key          jobs of one key that may run together; by default all slots but one
    """

    def __init__(
        self,
        slots: int,
        waiting_per_key: int,
        waiting: int,
        wait_s: float,
        per_key: int | None = None,
    ) -> None:
        self._slots = slots
        self._per_key = per_key or max(1, slots - 1)
        self._most_maintenance = max(1, slots - 1)
        self._max_waiting_per_key = waiting_per_key
        self._max_waiting = waiting
        self._wait_s = wait_s
        self._running: Counter[str] = Counter()
        self._maintenance = 0
        self._awaited_queues: _Queues = {}
        self._maintenance_queues: _Queues = {}
        self._passed = 0  # jobs that passed maintenance
        self.waiting = 0

    async def enter(self, payer: str | Payer) -> Slot:
        """Wait for a slot, which `leave` takes back.

        payer  a string is the key of one user, who waits

        Raises WorkersBusy if too many jobs wait, or if the wait takes too long.
        """
        if isinstance(payer, str):
            payer = Payer(payer)
        if not self._is_full():
            for key in payer.keys:
                # A slot is free, and this key may have it. No waiting job is passed over: a job
                # that can use a slot gets it as soon as the slot is free.
                if self._may_run(key, is_maintenance=payer.is_maintenance):
                    return self._give(key, is_maintenance=payer.is_maintenance)
        return await self._wait(payer)

    @asynccontextmanager
    async def slot(self, payer: str | Payer) -> AsyncIterator[None]:
        """Hold a slot inside the block; raises WorkersBusy as `enter` does."""
        slot = await self.enter(payer)
        try:
            yield
        finally:
            self.leave(slot)

    def leave(self, slot: Slot) -> None:
        """Take a slot back, and give it to the next job that may run."""
        self._running[slot.key] -= 1
        if not self._running[slot.key]:
            del self._running[slot.key]
        self._maintenance -= slot.is_maintenance
        # The key moves to the end when its job ends, too, because it may have come to the front
        # meanwhile. Otherwise another user could wait for two jobs of this key.
        self._move_back(slot.key)
        self._hand_out()

    def _is_full(self) -> bool:
        return self._running.total() >= self._slots

    def _may_run(self, key: str, *, is_maintenance: bool) -> bool:
        if is_maintenance and self._maintenance >= self._most_maintenance:
            return False
        return self._running[key] < self._per_key

    def _give(self, key: str, *, is_maintenance: bool) -> Slot:
        self._running[key] += 1
        self._maintenance += is_maintenance
        if is_maintenance:
            self._passed = 0
        elif self._maintenance_queues:
            self._passed += 1
        return Slot(key, is_maintenance)

    def _hand_out(self) -> None:
        while not self._is_full() and (key_and_turn := next(self._ready(), None)):
            key, turn = key_and_turn
            self._remove(turn)
            self._move_back(key)
            # A job that was cancelled in this turn of the event loop is still in the queue,
            # with a future that is done.
            if not turn.slot.done():
                turn.slot.set_result(self._give(key, is_maintenance=turn.is_maintenance))

    def _move_back(self, key: str) -> None:
        """Put a key behind all others, because it had its turn."""
        for queues in (self._awaited_queues, self._maintenance_queues):
            if key in queues:
                queues[key] = queues.pop(key)

    def _ready(self) -> Iterator[tuple[str, _Turn]]:
        """Yield (key, turn) of the jobs that may run now, in the order of their turns."""
        # Dictionaries keep the order of insertion, and a key that had its turn is inserted again at
        # the end. So the first key is the one that has waited longest since its last job.
        order = [self._awaited_queues, self._maintenance_queues]
        if self._passed >= _JOBS_BEFORE_MAINTENANCE:
            order.reverse()
        for queues in order:
            for key, queue in queues.items():
                if self._may_run(key, is_maintenance=queue[0].is_maintenance):
                    yield key, queue[0]

    def _queues(self, turn: _Turn) -> _Queues:
        return self._maintenance_queues if turn.is_maintenance else self._awaited_queues

    async def _wait(self, payer: Payer) -> Slot:
        """Queue a job, and return its slot when it gets one."""
        turn = _Turn(asyncio.get_running_loop().create_future(), payer.is_maintenance)
        if self.waiting < self._max_waiting:
            for key in payer.keys:
                self._add(turn, key)
        if not turn.keys:
            raise WorkersBusy("too much work is waiting")
        self.waiting += 1
        payer.listen(partial(self._join, turn))
        try:
            async with asyncio.timeout(self._wait_s):
                return await turn.slot
        except BaseException as error:
            if turn.slot.done() and not turn.slot.cancelled():
                # The job got its slot in the same turn of the event loop in which it was cancelled.
                # The slot must be given back, or it would be lost forever.
                self.leave(turn.slot.result())
            else:
                self._remove(turn)
            if isinstance(error, TimeoutError):
                raise WorkersBusy("other work took too long") from error
            raise
        finally:
            payer.listen(None)

    def _join(self, turn: _Turn, key: str) -> None:
        """Note that another user waits for a job: it may be this user's turn now."""
        if turn.keys:
            self._add(turn, key)
            self._hand_out()

    def _add(self, turn: _Turn, key: str) -> None:
        """Put a job into a key's queue, unless too many jobs of this key wait."""
        queues = self._queues(turn)
        # Each key has its own bound, so that no user fills the queue for all users.
        if len(queues.get(key, ())) < self._max_waiting_per_key:
            queues.setdefault(key, deque()).append(turn)
            turn.keys.append(key)

    def _remove(self, turn: _Turn) -> None:
        """Take a job out of all queues that it is in, if any."""
        queues = self._queues(turn)
        self.waiting -= bool(turn.keys)
        for key in turn.keys:
            queues[key].remove(turn)
            if not queues[key]:
                del queues[key]
        turn.keys.clear()
