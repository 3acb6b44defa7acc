"""The queue for slots: keys take turns, nobody has everything, bounds hold,
keys that leave are forgotten.
"""

import asyncio

import pytest

from crdt.errors import WorkersBusy
from crdt.fair_queue import FairQueue, Payer, Slot


class Jobs:
    """Jobs in a queue: `order` says which were given a slot, in order."""

    def __init__(
        self, slots: int = 1, per_key: int = 10, waiting: int = 100, wait_s: float = 60
    ) -> None:
        self.queue = FairQueue(slots, per_key, waiting, wait_s)
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.slots: dict[str, Slot] = {}
        self.payers: dict[str, Payer] = {}

    async def start(self, *names: str) -> None:
        """Begin jobs; the first letter of a name is its key, a capital one that of maintenance."""
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


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_enter_with_many_jobs_of_one_key_lets_other_keys_take_turns() -> None:
    """A key with three jobs does not keep others waiting for more than the one that runs."""
    jobs = Jobs()
    await jobs.start("a1", "a2", "a3", "b1", "c1", "b2")
    for name in ("a1", "b1", "c1", "a2", "b2"):
        assert jobs.order[-1] == name
        await jobs.finish(name)
    assert jobs.order == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert jobs.queue.waiting == 0


async def test_enter_with_several_slots_leaves_one_to_other_keys() -> None:
    """A key with long jobs never has all slots; another one is given the last immediately."""
    jobs = Jobs(slots=3)
    await jobs.start("a1", "a2", "a3", "a4")
    assert jobs.order == ["a1", "a2"]
    await jobs.start("b1")
    assert jobs.order == ["a1", "a2", "b1"]
    await jobs.finish("a1")
    assert jobs.order[-1] == "a3"


async def test_enter_beyond_bounds_is_refused() -> None:
    """Too many jobs of one key, or of all, are refused; those that wait are not."""
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


async def test_enter_cancelled_as_its_turn_comes_gives_the_slot_on() -> None:
    """A slot that was given to a job in the same turn of the event loop is not lost."""
    jobs = Jobs()
    await jobs.start("a1", "b1", "c1")
    jobs.leave("a1")
    jobs.tasks["b1"].cancel()
    await turns()
    assert jobs.order == ["a1", "c1"]


async def test_enter_cancelled_just_before_its_turn_comes_is_passed_over() -> None:
    """All jobs of a client that goes away are cancelled together,
    the running one and those that wait.
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


async def test_slot_is_given_back_after_the_block_whatever_happens() -> None:
    queue = FairQueue(1, 10, 100, 60)
    with pytest.raises(ZeroDivisionError):
        async with queue.slot("a"):
            raise ZeroDivisionError

    async with asyncio.timeout(5), queue.slot("b"):
        pass


async def test_maintenance_comes_after_all_that_somebody_waits_for() -> None:
    """Whichever user it is of, and however long it has waited."""
    jobs = Jobs()
    await jobs.start("a1", "B1", "A2", "a3", "c1", "b2")
    await jobs.finish("a1", "c1", "b2", "a3", "B1", "A2")
    assert jobs.order == ["a1", "c1", "b2", "a3", "B1", "A2"]


async def test_maintenance_leaves_one_slot_to_those_who_wait() -> None:
    """For several owners together, too."""
    jobs = Jobs(slots=3)
    await jobs.start("A1", "B1", "C1")
    assert jobs.order == ["A1", "B1"]
    await jobs.start("d1")
    assert jobs.order == ["A1", "B1", "d1"]


async def test_maintenance_is_done_also_while_somebody_always_waits() -> None:
    """After nine jobs that pass it, it would be the tenth: logs would grow without it."""
    jobs = Jobs()
    names = [f"{'bc'[number % 2]}{number}" for number in range(20)]
    await jobs.start("a1", "D1", *names)
    while "D1" not in jobs.order:
        await jobs.finish(jobs.order[-1])
    assert jobs.order == ["a1", *names[:8], "D1"]


async def test_user_that_joins_a_waiting_job_gets_it_in_their_own_turn() -> None:
    """One user asked first, with much other work;
    another who wants the same does not wait for all of that.
    """
    jobs = Jobs()
    await jobs.start("a1", "a2", "a3", "a4")
    jobs.payers["a4"].join("b")
    await jobs.finish("a1")
    assert jobs.order == ["a1", "a4"]
    await jobs.start("b1")
    await jobs.finish("a4", "a2", "b1", "a3")
    assert jobs.order == ["a1", "a4", "a2", "b1", "a3"]
    assert jobs.queue.waiting == 0


async def test_user_that_joins_a_waiting_job_may_have_it_run_immediately() -> None:
    """The last slot is not for the user who has all others, but for the one who joins."""
    jobs = Jobs(slots=2)
    await jobs.start("a1", "a2")
    assert jobs.order == ["a1"]
    jobs.payers["a2"].join("b")
    await turns()
    assert jobs.order == ["a1", "a2"]


async def test_job_of_several_users_is_forgotten_for_all() -> None:
    """Also one that was refused in one user's queue, as that is full."""
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


async def test_fewer_slots_for_each_key_than_all_but_one() -> None:
    queue = FairQueue(8, 10, 100, 60, per_key=2)
    for _ in range(2):
        await queue.enter("a")
    waiting = asyncio.create_task(queue.enter("a"))
    await turns()
    assert queue.waiting == 1
    waiting.cancel()
