"""Tests of locks by key, which let each user ask one question at a time."""

import asyncio

from crdt.keyed_locks import KeyedLocks


async def test_tasks_of_one_key_run_in_order_and_other_keys_do_not_wait() -> None:
    locks, seen = KeyedLocks(), list[str]()
    first_may_end = asyncio.Event()

    async def ask(key: str, name: str, end: asyncio.Event | None = None) -> None:
        async with locks.of(key):
            seen.append(name)
            if end:
                await end.wait()

    asked = [asyncio.create_task(ask("ada", "first", first_may_end))]
    asked += [asyncio.create_task(ask("ada", name)) for name in ("second", "third")]
    await asyncio.create_task(ask("bob", "other"))
    waiting, keys = list(seen), len(locks)
    first_may_end.set()
    await asyncio.gather(*asked)

    assert (waiting, keys) == (["first", "other"], 1)
    assert (seen, len(locks)) == (["first", "other", "second", "third"], 0)


async def test_lock_of_cancelled_task_is_for_the_next_task() -> None:
    """A task may be cancelled while it holds the lock, and while it waits for it."""
    locks = KeyedLocks()

    async def hold() -> None:
        async with locks.of("ada"):
            await asyncio.sleep(3_600)

    running, waiting = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    for task in (waiting, running):
        task.cancel()
    async with locks.of("ada"):
        keys = len(locks)

    assert (keys, len(locks)) == (1, 0)
