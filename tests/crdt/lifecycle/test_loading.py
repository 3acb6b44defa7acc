"""Loading rooms from a real store that can be made to fail."""

import asyncio

import pytest

from crdt.errors import RoomDamaged, RoomUnavailable
from crdt.log.codec import LogEntry, encode_chunk
from crdt.room.room import Room
from storage.errors import NotFound, StoreUnavailable
from storage.records import Chunk, SessionChanges, Status
from tests.crdt.harness import NOW, Typist
from tests.crdt.world import World
from tests.waiting import until


async def used(world: World) -> Room:
    """Return the room, loaded if need be."""
    async with world.rooms.use("one") as room:
        return room


async def test_load_by_fifty_callers_reads_log_once(world: World) -> None:
    """Fifty who come at once get the same room, loaded by one read of the log."""
    await world.session()
    held = world.store.held["chunks"] = asyncio.Event()

    tasks = [asyncio.create_task(used(world)) for _ in range(50)]
    await until(lambda: "chunks" in world.store.calls)
    held.set()
    rooms = await asyncio.gather(*tasks)

    assert len(set(rooms)) == 1
    assert world.store.calls.count("chunks") == 1
    assert world.rooms.loaded == 1


async def test_load_of_long_log_reads_it_in_parts(make_world) -> None:
    """More chunks than one read returns."""
    world = make_world(chunks_per_read=3, checkpoint_updates=10**9)
    await world.session()
    typist = Typist(5)
    for number in range(8):
        update = typist.insert(number, "x")
        chunk = Chunk("one", number + 1, number + 1, encode_chunk([LogEntry(NOW, "ada", update)]), NOW)
        await world.store.append_chunks([chunk])

    async with world.rooms.use("one") as room:
        assert room.files() == {"codemirror": "x" * 8}


async def test_load_that_fails_raises_and_can_be_repeated(world: World, expect_log) -> None:
    """Store away: unavailable. Row damaged: damaged. No session: not found. Never an empty room."""
    expect_log("damaged in the store")
    with pytest.raises(NotFound):
        async with world.rooms.use("nowhere"):
            pass
    await world.session()
    world.store.failing["checkpoint"] = StoreUnavailable("away")
    with pytest.raises(RoomUnavailable):
        async with world.rooms.use("one"):
            pass
    world.store.failing.clear()
    await world.store.append_chunks([Chunk("one", 1, 1, b"rubbish", NOW)])

    with pytest.raises(RoomDamaged):
        async with world.rooms.use("one"):
            pass

    assert world.rooms.loaded == 0


async def test_load_cancelled_by_one_caller_continues_for_others(world: World) -> None:
    """Who gives up waiting for a room does not take it from the others."""
    await world.session()
    held = world.store.held["chunks"] = asyncio.Event()

    first, second = asyncio.create_task(used(world)), asyncio.create_task(used(world))
    await until(lambda: "chunks" in world.store.calls)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    held.set()

    assert await second is world.rooms.find("one")


async def test_load_of_session_deleted_meanwhile_closes_room(world: World) -> None:
    """A change that commits during the load is not overlooked."""
    await world.session()
    held = world.store.held["session"] = asyncio.Event()

    task = asyncio.create_task(used(world))
    await until(lambda: "session" in world.store.calls)
    await world.store.change_session("one", SessionChanges(status=Status.ENDED), NOW)
    world.rooms.status_changed("one", Status.ENDED)
    held.set()

    assert (await task).members.is_open is False
    assert world.store.calls.count("session") == 2
