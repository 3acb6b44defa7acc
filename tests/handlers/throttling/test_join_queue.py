"""Tests the queue of joins: a few clients join together, in order, and none waits for long."""

import asyncio
import itertools

import pytest

from handlers.throttling import join_queue
from handlers.throttling.join_queue import JoinQueue
from tests.waiting import until


class Crowd:
    """Clients in a queue. Each holds its slot until the test tells it to go."""

    def __init__(self, door: JoinQueue) -> None:
        self._door = door
        self._people: dict[int, tuple[asyncio.Task[None], asyncio.Event]] = {}
        self.entered: list[int] = []

    def come(self, count: int) -> None:
        for number in range(len(self._people), len(self._people) + count):
            may_go = asyncio.Event()
            self._people[number] = asyncio.create_task(self._visit(number, may_go)), may_go

    async def _visit(self, number: int, may_go: asyncio.Event) -> None:
        async with self._door.turn():
            self.entered.append(number)
            await may_go.wait()

    async def go(self, *numbers: int) -> None:
        for number in numbers:
            task, may_go = self._people[number]
            may_go.set()
            await task

    async def give_up(self, number: int) -> None:
        task, _ = self._people[number]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def entered_by_now(self) -> list[int]:
        return sorted(self.entered)


async def settled() -> None:
    """Let the event loop run everything that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def crowd(monkeypatch) -> Crowd:
    """Clients in a queue without a time limit."""
    monkeypatch.setattr(join_queue, "_MAX_WAIT_S", 1_000)
    return Crowd(JoinQueue())


async def test_join_queue_admits_three_simultaneously_in_order(crowd) -> None:
    crowd.come(6)
    await settled()
    assert crowd.entered == [0, 1, 2]

    await crowd.go(1)
    await settled()
    assert crowd.entered == [0, 1, 2, 3]

    await crowd.go(0, 2, 3)
    await settled()
    assert crowd.entered == [0, 1, 2, 3, 4, 5]


async def test_cancelled_join_passes_its_turn_to_next(crowd) -> None:
    """A client that is cancelled, while it waits or holds a slot, does not keep a slot."""
    crowd.come(5)
    await settled()

    await crowd.give_up(3)
    await crowd.give_up(0)
    await settled()
    assert crowd.entered == [0, 1, 2, 4]

    await crowd.go(1, 2, 4)
    crowd.come(4)
    await settled()
    assert crowd.entered == [0, 1, 2, 4, 5, 6, 7]


async def test_join_after_longest_wait_goes_ahead_without_slot(monkeypatch) -> None:
    """After the longest wait a client joins without a slot, and gives none back later."""
    crowd = Crowd(JoinQueue())
    crowd.come(8)

    await until(crowd.entered_by_now, lambda entered: entered == list(range(8)))

    monkeypatch.setattr(join_queue, "_MAX_WAIT_S", 1_000)
    await crowd.go(*range(8))
    crowd.come(4)
    await settled()
    assert crowd.entered[8:] == [8, 9, 10]


async def test_clients_with_equal_waits_join_over_several_turns(
    monkeypatch,
) -> None:
    """Clients whose wait ends in the same turn join over several turns, two in each."""
    monkeypatch.setattr(join_queue, "_MAX_WAIT_S", 0.01)
    crowd = Crowd(JoinQueue())
    crowd.come(23)
    counts = [0]

    def count() -> None:
        counts.append(len(crowd.entered))
        if len(crowd.entered) < 23:
            asyncio.get_running_loop().call_soon(count)

    count()
    await until(lambda: len(crowd.entered) == 23)
    await settled()

    late = [after - before for before, after in itertools.pairwise(counts) if before >= 3]
    assert max(late) <= 2
    assert sorted(crowd.entered) == list(range(23))
    await crowd.go(*range(23))
