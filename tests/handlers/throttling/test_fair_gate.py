"""Tests the gate for clients before sign-in.

They pass at a fixed rate, and addresses take turns.
"""

import asyncio

import pytest

from handlers.throttling import fair_gate
from handlers.throttling.fair_gate import FairGate


class Clock:
    """A clock that changes only when a test sets it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def go_through(gate: FairGate, address: str, went: list[str]) -> None:
    if await gate.passes(address):
        went.append(address)


async def test_addresses_take_turns() -> None:
    """Addresses take turns, so an address with many requests does not delay others."""
    gate, went = FairGate(1_000, 1, lambda: asyncio.get_running_loop().time()), list[str]()

    async with asyncio.TaskGroup() as tasks:
        for address in ["flood"] * 30 + ["ada"] * 2 + ["bob"]:
            tasks.create_task(go_through(gate, address, went))

    assert len(went) == 33
    assert sorted(went[1:5]) == ["ada", "bob", "flood", "flood"] or sorted(went[1:4]) == [
        "ada",
        "bob",
        "flood",
    ]
    assert went[6:] == ["flood"] * 27


async def test_few_requests_pass_in_one_turn_of_the_event_loop() -> None:
    gate, went, counts = FairGate(1_000, 1_000, lambda: 0.0), list[str](), list[int]()
    tasks = [asyncio.create_task(go_through(gate, str(number), went)) for number in range(20)]

    while len(went) < 20:
        await asyncio.sleep(0)
        counts.append(len(went))

    steps = [after - before for before, after in zip([0, *counts], counts, strict=False)]
    assert 0 < max(steps) <= 2 * fair_gate._IN_ONE_TURN
    await asyncio.gather(*tasks)


async def test_without_tokens_all_wait() -> None:
    clock = Clock()
    gate = FairGate(1, 2, clock)
    assert [await gate.passes("ada"), await gate.passes("bob")] == [True, True]
    waiting = asyncio.create_task(gate.passes("ada"))

    await asyncio.sleep(0.02)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_requests_over_the_limit_of_waiting_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requests over the number that may wait are refused, for one address and for all together."""
    monkeypatch.setattr(fair_gate, "_MAX_WAITING_EACH", 2)
    monkeypatch.setattr(fair_gate, "_MAX_WAITING", 3)
    gate = FairGate(1, 0, lambda: 0.0)
    waiting = [asyncio.create_task(gate.passes(address)) for address in ("ada", "ada")]
    await asyncio.sleep(0)

    assert not await gate.passes("ada")
    waiting.append(asyncio.create_task(gate.passes("bob")))
    await asyncio.sleep(0)
    assert not await gate.passes("eve")
    for task in waiting:
        task.cancel()


async def test_requests_of_600_clients_behind_one_address_are_not_refused() -> None:
    """All 1,800 requests of 600 clients behind one address may wait, and none is refused.

    After its first request each client signs in, polls and tries a WebSocket.
    """
    gate = FairGate(1, 0, lambda: 0.0)

    waiting = [asyncio.create_task(gate.passes("school")) for _ in range(3 * 600)]
    await asyncio.sleep(0)

    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()


async def test_cancelled_request_does_not_delay_others() -> None:
    clock = Clock()
    gate, went = FairGate(1_000, 1, clock), list[str]()
    await go_through(gate, "first", went)
    gone = asyncio.create_task(go_through(gate, "gone", went))
    other = asyncio.create_task(go_through(gate, "ada", went))
    await asyncio.sleep(0)
    gone.cancel()
    clock.now = 1.0

    await other

    assert went == ["first", "ada"]
