"""Tests of the process's rooms on a real store: drain, restart and outage."""

import asyncio

import pytest

from crdt.errors import RoomUnavailable
from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from storage.errors import StoreUnavailable
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World, all_saved
from tests.waiting import PATIENCE_S, until


async def test_restart_after_drain_loads_stored_texts_and_owners(world: World) -> None:
    """The next process loads the text and the owners that this process stored."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, inbox = join(room, wants_saved=True)
        for at in range(50):
            send(room, ada, typist.insert(at, "x"))
        await all_saved(room)
    assert y_protocol.saved(50) in inbox.frames

    again = await world.restarted()

    assert (await world.store.checkpoint("one")).sequence == 50
    async with again.rooms.use("one") as room:
        assert room.files() == {"codemirror": "x" * 50}
        assert room.index.owners == {5: "ada"}
    assert inbox.closed == (CloseReason.RESTART, "")
    assert await again.rooms.drain(5) is True
    with pytest.raises(RoomUnavailable):
        async with again.rooms.use("one"):
            pass


async def test_drain_with_failed_checkpoint_is_clean(make_world) -> None:
    """A checkpoint that fails at the end loses nothing, because the log has every update."""
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
    world.store.failing["put_checkpoint"] = StoreUnavailable("away")

    assert await world.rooms.drain(5) is True


async def test_drain_does_not_wait_for_a_document_that_takes_long_to_load(make_world) -> None:
    """A document that is still being loaded does not prolong the drain.

    A client that waits for the document is told that the server stops.
    """
    world = make_world()
    await world.session("slow")
    await world.session()
    world.store.held["chunks"] = asyncio.Event()
    opening = asyncio.create_task(world.rooms.use("slow").__aenter__())
    await until(lambda: "chunks" in world.store.calls)

    async with asyncio.timeout(PATIENCE_S):
        assert await world.rooms.drain(0.1) is True

    with pytest.raises(RoomUnavailable, match="stopping"):
        await opening


async def test_drain_during_store_outage_returns_false(make_world, expect_log) -> None:
    """When the store stays unavailable, the caller learns that not everything is stored."""
    expect_log("store cannot be written")
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.store.failing["append_chunks"] = StoreUnavailable("away")
        send(room, ada, Typist(5).insert(0, "x"))

    assert await world.rooms.drain(0.3) is False
