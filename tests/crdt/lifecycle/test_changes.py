"""Tests of changes that open rooms apply, and of reads that are repeated after a change."""

import asyncio

import pytest

from crdt.errors import RoomUnavailable
from crdt.room.closing import CloseReason
from storage.records import Role, Status
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World
from tests.waiting import until


async def test_read_without_changes_reads_once(world: World) -> None:
    changes, reads = world.rooms.changes, list[int]()

    async def read() -> int:
        reads.append(changes.count)
        return len(reads)

    assert await changes.read(read) == 1


async def test_read_with_concurrent_change_reads_again(world: World) -> None:
    """A read is repeated until its answer is newer than every change."""
    changes, reads = world.rooms.changes, list[int]()

    async def read() -> int:
        reads.append(changes.count)
        if len(reads) < 3:
            changes.note()
        return len(reads)

    assert await changes.read(read) == 3
    assert reads == [0, 1, 2]


async def test_session_deletion_drops_unsaved_edits(world: World) -> None:
    """A deletion closes connections with 4410, fails waiting saves, and stops all writes."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, inbox = join(room)
        held = world.store.held["append_chunks"] = asyncio.Event()
        send(room, ada, Typist(5).insert(0, "x"))
        waiting = asyncio.create_task(world.rooms.writer.saved(room, 1))
        await until(lambda: "append_chunks" in world.store.calls)
        await world.store.delete_session("one")
        world.rooms.changes.session_deleted("one")
        held.set()

        with pytest.raises(RoomUnavailable):
            await waiting

    assert inbox.closed == (CloseReason.SESSION_DELETED, "")
    assert world.rooms.find("one") is None
    world.rooms.changes.session_deleted("one")
    world.rooms.changes.status_changed("one", Status.OPEN)
    world.rooms.changes.role_changed("one", "ada", Role.VIEWER)
    world.rooms.changes.member_gone("one", "ada", CloseReason.MEMBER_REMOVED)


async def test_committed_changes_take_effect_on_open_connections(world: World) -> None:
    """Changes of roles, members and logins act on open connections."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, ada_inbox = join(room)
        bob, bob_inbox = join(room, "bob")
        before = world.rooms.changes.count

        world.rooms.changes.role_changed("one", "bob", Role.VIEWER)
        world.rooms.changes.user_changed({**ada.user, "name": "Countess"})
        world.rooms.changes.logins_ended(["login-ada"], CloseReason.LOGGED_OUT)
        world.rooms.changes.member_gone("one", "bob", CloseReason.MEMBER_LEFT)

        assert bob.role is Role.VIEWER
        assert (ada_inbox.closed, bob_inbox.closed) == (
            (CloseReason.LOGGED_OUT, ""),
            (CloseReason.MEMBER_LEFT, ""),
        )
        assert not room.members.connections
        assert world.rooms.changes.count == before + 4
