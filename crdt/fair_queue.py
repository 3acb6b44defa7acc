"""A bounded queue for a few slots, in which users take turns. Jobs that nobody waits for come last.

It does not know what slots are for.

Why not first come, first served: a user who opens a hundred large documents would have everybody
else wait for all of them. With turns, another user's document comes after the one that is being
opened now.
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
"""Jobs that may go before maintenance that waits.
Then maintenance has its turn: logs must not grow for ever."""


class Payer:
    """The users whose work a job is: one user, or several who wait for one result.

    Such a job is done in whichever user's turn comes first. So nobody waits longer because the user
    who asked first has much other work.

    keys            ids of the users
    is_maintenance  nobody waits for it
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
    """A slot that was given out: to whom, and whether for maintenance."""

    key: str
    is_maintenance: bool


@dataclass(slots=True, eq=False)
class _Turn:
    """A job that waits, in the queues of all its keys."""

    slot: asyncio.Future[Slot]
    is_maintenance: bool
    keys: list[str] = field(default_factory=list)


_Queues = dict[str, deque[_Turn]]


class FairQueue:
    """Gives slots to the key that has waited longest since its last job,
    however many jobs each key has.

    So nobody waits for more than one running job of another key.

    With several slots, the last one is never given to a key that has all others, nor to maintenance
    that has all others: jobs of other keys get through.

    slots            jobs that run together
    waiting_per_key  jobs of one key that may wait, and also how many of its maintenance jobs may
                     wait
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
        """Wait for a slot, for `leave` to take back;
        raises WorkersBusy if too many wait, or if it takes too long.

        payer  a string is the key of one user, who waits
        """
        if isinstance(payer, str):
            payer = Payer(payer)
        if not self._is_full():
            for key in payer.keys:
                # A slot is free, and this key may have it. No waiting job is passed over: one that
                # could use the slot would have got it when it became free.
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
        # The key goes to the end of the line when its job ends, too: it may have come to the front
        # again meanwhile. Without this, another user could wait for two jobs of this key.
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
        """Put a key behind all others: it had its turn."""
        for queues in (self._awaited_queues, self._maintenance_queues):
            if key in queues:
                queues[key] = queues.pop(key)

    def _ready(self) -> Iterator[tuple[str, _Turn]]:
        """Yield (key, turn) of the jobs that may run now, the next one first."""
        # Dictionaries keep the order in which keys were put in, and a key that had its turn is put
        # in again at the end. So the first key is the one that has waited longest since its last
        # job.
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
        """Return the slot when one was given to this job."""
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
                # The slot was given in the turn of the event loop in which the job was cancelled.
                # It must go back, or it would be lost for good.
                self.leave(turn.slot.result())
            else:
                self._remove(turn)
            if isinstance(error, TimeoutError):
                raise WorkersBusy("other work took too long") from error
            raise
        finally:
            payer.listen(None)

    def _join(self, turn: _Turn, key: str) -> None:
        """Note that a user joined those who wait for a job: it may be this user's turn now."""
        if turn.keys:
            self._add(turn, key)
            self._hand_out()

    def _add(self, turn: _Turn, key: str) -> None:
        """Put a job into a key's queue, unless too many wait there."""
        queues = self._queues(turn)
        # Each key has a bound of its own, so that nobody fills the queue for all.
        if len(queues.get(key, ())) < self._max_waiting_per_key:
            queues.setdefault(key, deque()).append(turn)
            turn.keys.append(key)

    def _remove(self, turn: _Turn) -> None:
        """Take a job out of all queues; harmless if it is in none."""
        queues = self._queues(turn)
        self.waiting -= bool(turn.keys)
        for key in turn.keys:
            queues[key].remove(turn)
            if not queues[key]:
                del queues[key]
        turn.keys.clear()
