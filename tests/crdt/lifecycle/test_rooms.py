"""Rooms of the process on a real store: draining, deletion, changes and large frames."""

import asyncio
from collections.abc import Callable

import pytest

from crdt.document.document import Document
from crdt.document.merging import merge
from crdt.errors import RoomUnavailable
from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from storage.errors import StoreUnavailable
from storage.records import Role, Status
from tests.crdt.harness import Typist, join, send
from tests.crdt.struct_bytes import placed, text, update_of
from tests.crdt.world import World, all_saved
from tests.waiting import until


async def test_drain_then_restart_loads_what_was_written(world: World) -> None:
    """What was written to the log is what the next process loads, with and without checkpoint."""
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
    """A checkpoint that cannot be written at the end is no loss: the log has everything."""
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
    world.store.failing["put_checkpoint"] = StoreUnavailable("away")

    assert await world.rooms.drain(5) is True


async def test_drain_does_not_wait_for_a_document_that_takes_long_to_load(make_world) -> None:
    """It has as long as everything else; a client that waits for the document hears that the server stops."""
    world = make_world()
    await world.session("slow")
    await world.session()
    world.store.held["chunks"] = asyncio.Event()
    opening = asyncio.create_task(world.rooms.use("slow").__aenter__())
    await until(lambda: "chunks" in world.store.calls)

    async with asyncio.timeout(20):
        assert await world.rooms.drain(0.1) is True

    with pytest.raises(RoomUnavailable, match="stopping"):
        await opening


async def test_receive_of_large_frame_scans_in_thread(world: World) -> None:
    """Both kinds of large sync messages work, from a writer and from a viewer."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, inbox = join(room)
        vic, _ = join(room, "vic", Role.VIEWER)
        await world.rooms.receive_large(room, ada, y_protocol.sync_update(Typist(5).insert(0, "x" * 70_000)))
        await world.rooms.receive_large(room, ada, y_protocol.sync_step2(Typist(6).insert(0, "y" * 70_000)))
        await world.rooms.receive_large(room, vic, y_protocol.sync_step2(Typist(7).insert(0, "z" * 70_000)))
        await world.rooms.receive_large(room, ada, b"\x00\x00\x01\x00")

        assert len(room.files()["codemirror"]) == 140_000
        assert inbox.frames[-1].startswith(b"\x00\x01")


async def test_edits_of_others_get_in_before_large_update(world: World) -> None:
    """The room goes on while it is taken, and large updates of one room come one after the other."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        bob, _ = join(room, "bob")
        large = [update_of(*(placed(text("x"), parent="t") for _ in range(4_000)), client=k) for k in (5, 6)]
        typist = Typist(7)
        taking = [
            asyncio.create_task(world.rooms.receive_large(room, who, y_protocol.sync_update(update)))
            for who, update in zip((ada, bob), large, strict=True)
        ]
        turns = 0
        while room.journal.sequence == turns:
            await asyncio.sleep(0)
            send(room, bob, typist.insert(turns, "k"))
            turns += 1
        await asyncio.gather(*taking)

        assert turns > 2
        assert room.journal.sequence == turns + 2
        assert room.files() == {"codemirror": "k" * turns, "t": "x" * 8_000}


async def test_large_update_of_client_that_leaves_is_not_taken(world: World) -> None:
    """Nothing of it stays, and the next one is taken."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        update = update_of(*(placed(text("x"), parent="t") for _ in range(4_000)))
        taking = asyncio.create_task(world.rooms.receive_large(room, ada, y_protocol.sync_update(update)))
        for _ in range(3):
            await asyncio.sleep(0)
        room.members.leave(ada)
        taking.cancel()
        await asyncio.wait([taking])
        bob, _ = join(room, "bob")
        await world.rooms.receive_large(room, bob, y_protocol.sync_update(Typist(7).insert(0, "b" * 20_000)))

        assert room.files() == {"codemirror": "b" * 20_000}


async def test_session_deletion_drops_unsaved_edits(world: World) -> None:
    """Connections are closed with 4410, waiting saves fail, nothing is written for the session any more."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, inbox = join(room)
        held = world.store.held["append_chunks"] = asyncio.Event()
        send(room, ada, Typist(5).insert(0, "x"))
        waiting = asyncio.create_task(world.rooms.writer.saved(room, 1))
        await until(lambda: "append_chunks" in world.store.calls)
        await world.store.delete_session("one")
        world.rooms.session_deleted("one")
        held.set()

        with pytest.raises(RoomUnavailable):
            await waiting

    assert inbox.closed == (CloseReason.SESSION_DELETED, "")
    assert world.rooms.find("one") is None
    world.rooms.session_deleted("one")
    world.rooms.status_changed("one", Status.OPEN)
    world.rooms.role_changed("one", "ada", Role.VIEWER)
    world.rooms.member_gone("one", "ada", CloseReason.MEMBER_REMOVED)


async def test_committed_changes_take_effect_on_open_connections(world: World) -> None:
    """Roles, removals and the ends of logins act on open connections."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, ada_inbox = join(room)
        bob, bob_inbox = join(room, "bob")
        before = world.rooms.changes.count

        world.rooms.role_changed("one", "bob", Role.VIEWER)
        world.rooms.user_changed({**ada.user, "name": "Countess"})
        world.rooms.logins_ended(["login-ada"], CloseReason.LOGGED_OUT)
        world.rooms.member_gone("one", "bob", CloseReason.MEMBER_LEFT)

        assert bob.role is Role.VIEWER
        assert (ada_inbox.closed, bob_inbox.closed) == ((CloseReason.LOGGED_OUT, ""), (CloseReason.MEMBER_LEFT, ""))
        assert not room.members.connections
        assert world.rooms.changes.count == before + 4


async def test_drain_during_store_outage_returns_false(make_world, expect_log) -> None:
    """With the store away to the end, the caller is told that not everything is stored."""
    expect_log("store cannot be written")
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.store.failing["append_chunks"] = StoreUnavailable("away")
        send(room, ada, Typist(5).insert(0, "x"))

    assert await world.rooms.drain(0.3) is False


async def test_large_edits_of_new_text_do_not_merge_the_document_each_time(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paste costs what it is, not what the document is; only an update with known structs of others needs it all."""
    world = make_world(maintenance_interval_s=3_600)  # which merges the document for a checkpoint
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room, "ada")
        asked, state = list[Document](), Document.state

        def counted(document: Document) -> bytes:
            asked.append(document)
            return state(document)

        typist, updates = Typist(5), list[bytes]()
        for number in range(6):
            if number == 3:  # the document is loaded
                monkeypatch.setattr(Document, "state", counted)
            updates.append(typist.insert(0, "x" * 20_000))
            await world.rooms.receive_large(room, ada, y_protocol.sync_update(updates[-1]))
        assert asked == []

        bob, _ = join(room, "bob")
        updates.append(typist.insert(0, "y" * 20_000))
        await world.rooms.receive_large(room, bob, y_protocol.sync_step2(merge(updates)))
        assert room.document in asked
