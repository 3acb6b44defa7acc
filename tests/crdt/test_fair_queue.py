"""The queue for slots: keys take turns, nobody has everything, bounds hold, keys that leave are forgotten."""

import asyncio

import pytest

from crdt.errors import WorkersBusy
from crdt.fair_queue import FairQueue


class Jobs:
    """Jobs in a queue: `order` says which were given a slot, in order."""

    def __init__(self, slots: int = 1, per_key: int = 10, waiting: int = 100, wait_s: float = 60) -> None:
        self.queue = FairQueue(slots, per_key, waiting, wait_s)
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, *names: str) -> None:
        """Begin jobs; the first letter of a name is its key."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._run(name))
        await turns()

    async def _run(self, name: str) -> None:
        await self.queue.enter(name[0])
        self.order.append(name)

    async def finish(self, name: str) -> None:
        self.queue.leave(name[0])
        await turns()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_enter_with_many_jobs_of_one_key_lets_other_keys_take_turns() -> None:
    """A key with three jobs does not keep others waiting for all of them."""
    jobs = Jobs()
    await jobs.start("a1", "a2", "a3", "b1", "c1", "b2")
    for name in ("a1", "a2", "b1", "c1", "a3"):
        assert jobs.order[-1] == name
        await jobs.finish(name)
    assert jobs.order == ["a1", "a2", "b1", "c1", "a3", "b2"]
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
    for name in ("a1", "a2", "b1", "a3"):
        await jobs.finish(name)
    assert jobs.order == ["a1", "a2", "b1", "a3"]


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
    jobs.queue.leave("a")
    jobs.tasks["b1"].cancel()
    await turns()
    assert jobs.order == ["a1", "c1"]


async def test_enter_cancelled_just_before_its_turn_comes_is_passed_over() -> None:
    """All jobs of a client that goes away are cancelled together, the running one and those that wait."""
    jobs = Jobs()
    await jobs.start("a1", "a2", "b1", "b2", "c1")
    for name in ("a2", "b1"):
        jobs.tasks[name].cancel()
    jobs.queue.leave("a")
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
