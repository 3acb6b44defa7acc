"""Tests of the log writer on a real store that can be made to fail."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from crdt.document.document import Document
from crdt.errors import RoomDamaged, RoomUnavailable
from crdt.room.closing import CloseReason
from crdt.room.room import Room
from crdt.wire import y_protocol
from storage.errors import StoreUnavailable
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist, join, send
from tests.crdt.world import World, all_saved
from tests.waiting import PATIENCE_S, until


async def test_log_writer_during_store_outage_keeps_edits_and_writes_them_once(
    make_world, expect_log
) -> None:
    """During an outage edits stay in memory and are not reported as saved.

    When the store is available again, they are written once.
    """
    expect_log("store cannot be written")
    world = make_world()
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, inbox = join(room, wants_saved=True)
        world.store.failing["append_chunks"] = StoreUnavailable("away")
        send(room, ada, typist.insert(0, "a"))
        with pytest.raises(RoomUnavailable):
            await world.rooms.writer.saved(room, 1)
        send(room, ada, typist.insert(1, "b"))
        assert world.rooms.writer.is_failing
        assert not any(frame.startswith(b"\x66") for frame in inbox.frames)

        world.store.failing.clear()
        await all_saved(room)

    assert y_protocol.saved(2) in inbox.frames
    assert not world.rooms.writer.is_failing
    assert [(c.first, c.last) for c in await world.store.chunks("one", 0, 10)] == [(1, 1), (2, 2)]


async def test_log_writer_after_unexpected_error_tries_again(world: World, expect_log) -> None:
    """An error that is no store error is logged, and the writer still tries again."""
    expect_log("unexpected error")
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.store.failing["append_chunks"] = ZeroDivisionError()
        send(room, ada, Typist(5).insert(0, "a"))
        await until(lambda: world.rooms.writer.is_failing)
        world.store.failing.clear()

        await all_saved(room)


async def test_saved_for_evicted_room_raises(world: World) -> None:
    """A wait for a save raises when the room is evicted, instead of lasting forever."""
    await world.session()
    held = world.store.held["append_chunks"] = asyncio.Event()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
        world.rooms.changes.session_deleted("one")

        with pytest.raises(RoomUnavailable):
            await world.rooms.writer.saved(room, 1)
    held.set()


async def test_log_writer_capacity_bounds_all_rooms_together(make_world, expect_log) -> None:
    """Above the limit of all unsaved bytes together, no room takes another update."""
    expect_log("store cannot be written")
    world = make_world(unsaved_bytes=100)
    for name in ("one", "two"):
        await world.session(name)
    world.store.failing["append_chunks"] = StoreUnavailable("away")
    async with world.rooms.use("one") as first, world.rooms.use("two") as second:
        ada, _ = join(first)
        bob, _ = join(second, "bob")
        first.receive(ada, y_protocol.sync_update(Typist(5).insert(0, "x" * 70)), NOW)

        with pytest.raises(RoomUnavailable):
            second.receive(bob, y_protocol.sync_update(Typist(6).insert(0, "y")), NOW)
        world.store.failing.clear()
        await all_saved(first)
        await until(lambda: world.rooms.writer.unsaved_bytes, lambda size: size == 0)
        second.receive(bob, y_protocol.sync_update(Typist(6).insert(0, "y")), NOW)


async def test_log_writer_on_conflict_closes_the_room(world: World, expect_log) -> None:
    """A log that another process changed closes its room for a new load, and no other room."""
    expect_log("changed by someone else")
    for name in ("one", "two"):
        await world.session(name)
    async with world.rooms.use("one") as first, world.rooms.use("two") as second:
        ada, inbox = join(first)
        bob, _ = join(second, "bob")
        await world.store.append_chunks([Chunk("one", 1, 1, b"somebody else's", NOW)])
        send(first, ada, Typist(5).insert(0, "x"))
        send(second, bob, Typist(6).insert(0, "y"))
        await all_saved(second)
        await until(lambda: inbox.closed)

    assert inbox.closed == (CloseReason.RESTART, "")
    assert world.rooms.find("one") is None


async def test_log_writer_for_deleted_session_never_reports_saved(world: World) -> None:
    """The room of a deleted session is closed, and other rooms go on."""
    for name in ("one", "two"):
        await world.session(name)
    async with world.rooms.use("one") as first, world.rooms.use("two") as second:
        ada, inbox = join(first)
        bob, _ = join(second, "bob")
        await world.store.delete_session("one")
        send(first, ada, Typist(5).insert(0, "x"))
        send(second, bob, Typist(6).insert(0, "y"))
        with pytest.raises(RoomUnavailable):
            await world.rooms.writer.saved(first, 1)
        await all_saved(second)

    assert inbox.closed == (CloseReason.RESTART, "")
    assert world.rooms.find("one") is None


async def test_log_writer_for_edits_refused_by_pycrdt_closes_the_room(
    world: World, monkeypatch, expect_log
) -> None:
    """All clients are closed with 1012, and the next load shows the text that was stored."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "stored"))
        await all_saved(room)
        _, inbox = join(room, "bob")
        expect_log("cannot be kept")

        def refuse(_self: object) -> None:
            raise RoomDamaged("refused")

        with monkeypatch.context() as patch:
            patch.setattr(Document, "catch_up", refuse)
            send(room, ada, typist.insert(6, "!"))
            await until(lambda: inbox.closed)
        assert inbox.closed == (CloseReason.RESTART, "")
        with pytest.raises(RoomUnavailable):
            await world.rooms.writer.saved(room, room.journal.sequence)
    async with world.rooms.use("one") as again:
        assert again is not room
        assert again.files() == {"codemirror": "stored"}


async def test_wait_for_save_ends_the_gathering_of_updates(make_world) -> None:
    """The writer gathers updates for ten minutes.

    It stops if a caller waits for a save, or after many updates.
    """
    world = make_world(flush_delay_s=600)
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        typist = Typist(5)
        send(room, ada, typist.insert(0, "a"))
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await world.rooms.writer.saved(room, 1)
            for at in range(1, 4_001):
                send(room, ada, typist.insert(at, "b"))
            await all_saved(room)
            send(room, ada, typist.insert(0, "c"))
            await world.rooms.writer.saved(room, room.journal.sequence)
        assert world.rooms.writer.unsaved_bytes == 0
        assert world.store.calls.count("append_chunks") >= 3


async def test_log_writer_with_many_rooms_yields_to_event_loop(make_world, monkeypatch) -> None:
    """In one turn of the event loop, the writer reads or notifies at most twenty of fifty rooms.

    One commit stores the updates of all fifty rooms.
    """
    world = make_world(flush_delay_s=0.1)
    taken: list[int] = []
    told: list[int] = []

    def counted(method: Callable[..., Any], turns: list[int]) -> Callable[..., Any]:
        def call(room: Room, *arguments: Any) -> Any:
            if not taken:
                asyncio.get_running_loop().call_soon(next_turn)
            turns.append(turn)
            return method(room, *arguments)

        return call

    turn = 0

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        if len(told) < 50:
            asyncio.get_running_loop().call_soon(next_turn)

    monkeypatch.setattr(Room, "next_chunk", counted(Room.next_chunk, taken))
    monkeypatch.setattr(Room, "saved", counted(Room.saved, told))
    async with AsyncExitStack() as stack:
        names = [await world.session(f"s{number}") for number in range(50)]
        rooms = [await stack.enter_async_context(world.rooms.use(name)) for name in names]
        for number, room in enumerate(rooms):
            ada, _ = join(room)
            send(room, ada, Typist(5 + number).insert(0, "a"))
        for room in rooms:
            await all_saved(room)

    for turns in (taken, told):
        assert len(turns) == 50
        assert max(Counter(turns).values()) <= 20
    assert world.store.calls.count("append_chunks") == 1
