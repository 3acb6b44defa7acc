"""Tests that requests which arrive together begin over several turns of the event loop."""

import asyncio
from itertools import pairwise

from handlers.throttling.request_turns import RequestTurns


async def _begun(turns: RequestTurns, number: int, begun: list[int]) -> None:
    await turns.begin()
    begun.append(number)


async def test_few_requests_begin_at_once() -> None:
    turns, begun = RequestTurns(), list[int]()

    for number in range(4):
        await _begun(turns, number, begun)

    assert begun == [0, 1, 2, 3]


async def test_requests_begin_in_order_four_a_turn() -> None:
    """Ten requests begin in order; after each turn, at most four more have begun."""
    turns, begun = RequestTurns(), list[int]()
    tasks = [asyncio.create_task(_begun(turns, number, begun)) for number in range(10)]

    counts = [0]
    for _ in range(20):
        await asyncio.sleep(0)
        counts.append(len(begun))

    assert begun == list(range(10))
    assert max(b - a for a, b in pairwise(counts)) <= 4
    await asyncio.gather(*tasks)


async def test_cancelled_request_takes_no_turn() -> None:
    """Requests whose connections were closed while they waited do not delay the others."""
    turns, begun = RequestTurns(), list[int]()
    tasks = [asyncio.create_task(_begun(turns, number, begun)) for number in range(10)]
    await asyncio.sleep(0)
    for task in tasks[4:8]:
        task.cancel()

    await asyncio.gather(*tasks, return_exceptions=True)

    assert begun == [0, 1, 2, 3, 8, 9]


async def test_bounded_number_of_sockets_is_read_in_one_turn() -> None:
    turns = RequestTurns()

    now = [turns.may_read() for _ in range(40)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert now == [True] * 32 + [False] * 8
    assert turns.may_read()
