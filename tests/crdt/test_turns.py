"""Tests of turns, which let each user ask one question at a time."""

import asyncio

from crdt.turns import Turns


async def test_turns_of_one_key_come_in_order_and_others_do_not_wait() -> None:
    turns, seen = Turns(), list[str]()
    first_may_end = asyncio.Event()

    async def ask(key: str, name: str, end: asyncio.Event | None = None) -> None:
        async with turns.of(key):
            seen.append(name)
            if end:
                await end.wait()

    asked = [asyncio.create_task(ask("ada", "first", first_may_end))]
    asked += [asyncio.create_task(ask("ada", name)) for name in ("second", "third")]
    await asyncio.create_task(ask("bob", "other"))
    waiting, keys = list(seen), len(turns)
    first_may_end.set()
    await asyncio.gather(*asked)

    assert (waiting, keys) == (["first", "other"], 1)
    assert (seen, len(turns)) == (["first", "other", "second", "third"], 0)


async def test_cancelled_turn_passes_to_next_task() -> None:
    """A turn may be cancelled while it runs, and while it waits."""
    turns = Turns()

    async def hold() -> None:
        async with turns.of("ada"):
            await asyncio.sleep(3_600)

    running, waiting = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    for task in (waiting, running):
        task.cancel()
    async with turns.of("ada"):
        keys = len(turns)

    assert (keys, len(turns)) == (1, 0)
