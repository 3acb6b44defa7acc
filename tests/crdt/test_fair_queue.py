"""Tests of the fair queue for slots.

Keys take turns, no key has all slots, limits hold, and keys without jobs are forgotten.
"""

import asyncio

import pytest

from crdt.errors import WorkersBusy
from crdt.fair_queue import FairQueue, Payer, Slot
from tests.waiting import PATIENCE_S, turns


class Jobs:
    """Jobs in a queue; `order` has the names of the jobs that got a slot, in order."""

    def __init__(
        self, slots: int = 1, per_key: int = 10, waiting: int = 100, wait_s: float = 60
    ) -> None:
        self.queue = FairQueue(slots, per_key, waiting, wait_s)
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.slots: dict[str, Slot] = {}
        self.payers: dict[str, Payer] = {}

    async def start(self, *names: str) -> None:
        """Begin jobs. A name's first letter is its key, and a capital letter means maintenance."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._run(name))
        await turns()

    async def _run(self, name: str) -> None:
        payer = self.payers[name] = Payer(name[0].lower(), is_maintenance=name[0].isupper())
        self.slots[name] = await self.queue.enter(payer)
        self.order.append(name)

    def leave(self, name: str) -> None:
        self.queue.leave(self.slots[name])

    async def finish(self, *names: str) -> None:
        """End jobs, one after another."""
        for name in names:
            self.leave(name)
            await turns()


async def test_enter_with_many_jobs_of_one_key_lets_other_keys_take_turns() -> None:
    """A key with three jobs keeps other keys waiting only for its running job."""
    jobs = Jobs()
    await jobs.start("a1", "a2", "a3", "b1", "c1", "b2")
    for name in ("a1", "b1", "c1", "a2", "b2"):
        assert jobs.order[-1] == name
        await jobs.finish(name)
    assert jobs.order == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert jobs.queue.waiting == 0


async def test_enter_with_several_slots_leaves_one_to_other_keys() -> None:
    """A key with long jobs never has all slots, so another key gets the last slot immediately."""
    jobs = Jobs(slots=3)
    await jobs.start("a1", "a2", "a3", "a4")
    assert jobs.order == ["a1", "a2"]
    await jobs.start("b1")
    assert jobs.order == ["a1", "a2", "b1"]
    await jobs.finish("a1")
    assert jobs.order[-1] == "a3"


async def test_enter_beyond_bounds_is_refused() -> None:
    """The queue refuses new jobs above the limit of a key, or of all keys. Waiting jobs stay."""
    jobs = Jobs(per_key=2, waiting=3)
    await jobs.start("a1", "a2", "a3", "b1")
    with pytest.raises(WorkersBusy):
        await jobs.queue.enter("a")
    with pytest.raises(WorkersBusy):
        await jobs.queue.enter("c")
    await jobs.finish("a1", "b1", "a2", "a3")
    assert jobs.order == ["a1", "b1", "a2", "a3"]


async def test_enter_waiting_too_long_is_refused_and_forgotten() -> None:
    jobs = Jobs(wait_s=0.01)
    await jobs.start("a1", "b1")
    with pytest.raises(WorkersBusy):
        await jobs.tasks["b1"]
    assert jobs.queue.waiting == 0
    await jobs.finish("a1")
    await jobs.start("c1")
    assert jobs.order == ["a1", "c1"]


async def test_enter_cancelled_while_waiting_is_forgotten() -> None:
    jobs = Jobs()
    await jobs.start("a1", "b1", "c1")
    jobs.tasks["b1"].cancel()
    await turns()
    await jobs.finish("a1")
    assert jobs.order == ["a1", "c1"]


async def test_enter_cancelled_as_its_turn_comes_gives_the_slot_to_the_next_job() -> None:
    """A job may get a slot in the turn in which it is cancelled. The slot is not lost."""
    jobs = Jobs()
    await jobs.start("a1", "b1", "c1")
    jobs.leave("a1")
    jobs.tasks["b1"].cancel()
    await turns()
    assert jobs.order == ["a1", "c1"]


async def test_enter_cancelled_just_before_its_turn_comes_is_passed_over() -> None:
    """The queue passes over cancelled jobs when a slot becomes free in the same turn.

    A client that leaves cancels all its jobs together, running and waiting ones.
    """
    jobs = Jobs()
    await jobs.start("a1", "a2", "b1", "b2", "c1")
    for name in ("a2", "b1"):
        jobs.tasks[name].cancel()
    jobs.leave("a1")
    await turns()
    assert (jobs.order, jobs.queue.waiting) == (["a1", "c1"], 1)
    await jobs.finish("c1")
    assert (jobs.order, jobs.queue.waiting) == (["a1", "c1", "b2"], 0)


async def test_slot_is_free_again_after_the_block_or_an_error() -> None:
    queue = FairQueue(1, 10, 100, 60)
    with pytest.raises(ZeroDivisionError):
        async with queue.slot("a"):
            raise ZeroDivisionError

    async with asyncio.timeout(PATIENCE_S), queue.slot("b"):
        pass


async def test_maintenance_comes_after_all_jobs_of_users() -> None:
    """Maintenance waits until no user's job waits, even if it has waited for longer."""
    jobs = Jobs()
    await jobs.start("a1", "B1", "A2", "a3", "c1", "b2")
    await jobs.finish("a1", "c1", "b2", "a3", "B1", "A2")
    assert jobs.order == ["a1", "c1", "b2", "a3", "B1", "A2"]


async def test_maintenance_leaves_one_slot_to_jobs_of_users() -> None:
    """Maintenance of several owners together leaves one slot to users' jobs."""
    jobs = Jobs(slots=3)
    await jobs.start("A1", "B1", "C1")
    assert jobs.order == ["A1", "B1"]
    await jobs.start("d1")
    assert jobs.order == ["A1", "B1", "d1"]


async def test_maintenance_is_done_even_if_users_always_wait() -> None:
    """Maintenance gets every tenth turn at least, because logs would grow without it."""
    jobs = Jobs()
    names = [f"{'bc'[number % 2]}{number}" for number in range(20)]
    await jobs.start("a1", "D1", *names)
    while "D1" not in jobs.order:
        await jobs.finish(jobs.order[-1])
    assert jobs.order == ["a1", *names[:8], "D1"]


async def test_waiting_job_runs_in_the_turn_of_a_user_that_joins() -> None:
    """A user who joins another user's waiting job does not wait for that user's other jobs."""
    jobs = Jobs()
    await jobs.start("a1", "a2", "a3", "a4")
    jobs.payers["a4"].join("b")
    await jobs.finish("a1")
    assert jobs.order == ["a1", "a4"]
    await jobs.start("b1")
    await jobs.finish("a4", "a2", "b1", "a3")
    assert jobs.order == ["a1", "a4", "a2", "b1", "a3"]
    assert jobs.queue.waiting == 0


async def test_waiting_job_may_run_immediately_for_a_user_that_joins() -> None:
    """A job may get the last slot for the user who joins it, though not for its first user."""
    jobs = Jobs(slots=2)
    await jobs.start("a1", "a2")
    assert jobs.order == ["a1"]
    jobs.payers["a2"].join("b")
    await turns()
    assert jobs.order == ["a1", "a2"]


async def test_job_of_several_users_is_forgotten_for_all() -> None:
    """A cancelled job leaves the queues of all its users, even if one of the queues is full."""
    jobs = Jobs(per_key=1)
    await jobs.start("a1", "b1", "c1")
    jobs.payers["b1"].join("c")
    jobs.payers["b1"].join("d")
    jobs.tasks["b1"].cancel()
    await turns()
    assert jobs.queue.waiting == 1
    jobs.payers["b1"].join("e")
    await jobs.start("d1")
    await jobs.finish("a1", "c1", "d1")
    assert (jobs.order, jobs.queue.waiting) == (["a1", "c1", "d1"], 0)


async def test_enter_beyond_the_slots_of_its_key_waits() -> None:
    queue = FairQueue(8, 10, 100, 60, per_key=2)
    for _ in range(2):
        await queue.enter("a")
    waiting = asyncio.create_task(queue.enter("a"))
    await turns()
    assert queue.waiting == 1
    waiting.cancel()
