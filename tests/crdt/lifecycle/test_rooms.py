"""Rooms, their writer and their versions on a real store that can be made to fail."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

import crdt.log.restore
from crdt.assembly import assemble
from crdt.closing import CloseReason
from crdt.document.document import Document
from crdt.errors import RoomDamaged, RoomUnavailable
from crdt.history.version_writer import VersionSettings, VersionWriter
from crdt.lifecycle.environment import Environment
from crdt.limits import RoomLimits, RoomsSettings
from crdt.log.codec import LogEntry, encode_chunk
from crdt.room.room import Room
from crdt.wire import y_protocol
from storage.errors import NotFound, StoreUnavailable
from storage.records import Access, Chunk, Login, Member, Role, Session, SessionChanges, Status, User, VersionKind
from storage.sqlite.store import SqliteStore
from tests.crdt.harness import NOW, Typist, join, send
from tests.waiting import PATIENCE_S, until

_FEW_VERSIONS = VersionSettings(versions=6, auto_versions=3)


class FaultyStore:
    """A real store; methods named in `failing` raise instead, those in `held` wait."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.failing: dict[str, Exception] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            if name in self.held:
                await self.held[name].wait()
            if name in self.failing:
                raise self.failing[name]
            return await method(*arguments, **options)

        return call


class World:
    """A store with sessions, rooms on it, and a clock to turn."""

    def __init__(
        self,
        store: FaultyStore,
        versions: VersionSettings = _FEW_VERSIONS,
        **settings: Any,
    ) -> None:
        self.store = store
        self.now = NOW
        parts = assemble(
            store,
            RoomsSettings(**{"flush_delay_s": 0, "maintenance_interval_s": 0.01, "idle_ms": 1_000, **settings}),
            versions,
            Environment(clock=lambda: self.now, random_below=lambda _: 77),
        )
        self.rooms, self.versions = parts.rooms, parts.versions
        self.version_writer = VersionWriter(store, self.rooms.writer, lambda: self.now, versions)

    async def session(self, session_id: str = "one", status: Status = Status.OPEN) -> str:
        session = Session(
            session_id, "t", "python", "ada", Access.LINK, Role.EDITOR, status, "codemirror", NOW, NOW
        )  # fmt: skip
        await self.store.add_session(session, Member(session_id, "ada", Role.OWNER, NOW), None)
        return session_id

    async def restarted(self) -> "World":
        await self.rooms.drain(5)
        world = World(self.store)
        world.rooms.start()
        return world


@pytest.fixture
async def make_world(tmp_path: Path) -> AsyncIterator[Callable[..., World]]:
    real = SqliteStore(tmp_path / "collab.db")
    await real.open()
    store = FaultyStore(real)
    user = User("ada", "Ada", None, None, "", None, False, NOW)
    await store.add_user(user, Login("l", "ada", "h", None, 0, NOW, NOW, NOW, NOW, ""))
    made: list[World] = []

    def make(**settings: Any) -> World:
        world = World(store, **settings)
        world.rooms.start()
        made.append(world)
        return world

    yield make
    store.failing.clear()
    for world in made:
        await world.rooms.drain(0.5)
    await real.close(is_clean=True)


@pytest.fixture
async def world(make_world: Callable[..., World]) -> World:
    return make_world()


async def all_saved(room: Room) -> None:
    async def look() -> bool:
        return room.journal.is_saved

    await until(look, bool)


async def test_rooms_are_loaded_once(world: World) -> None:
    """Fifty who come at once get the same room, loaded by one read of the log."""
    await world.session()
    held = world.store.held["chunks"] = asyncio.Event()

    async def use() -> Room:
        async with world.rooms.use("one") as room:
            return room

    tasks = [asyncio.create_task(use()) for _ in range(50)]
    await until(lambda: "chunks" in world.store.calls)
    held.set()
    rooms = await asyncio.gather(*tasks)

    assert len(set(rooms)) == 1
    assert world.store.calls.count("chunks") == 1
    assert world.rooms.loaded == 1


async def test_edits_are_there_after_a_reload(world: World) -> None:
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


async def test_a_long_log_is_read_in_parts(make_world) -> None:
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


async def test_a_store_that_is_away(make_world, expect_log) -> None:
    """Edits go on in memory and are not called saved; when the store is back they are written once."""
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


async def test_the_writer_survives_what_nobody_expected(world: World, expect_log) -> None:
    """A fault that is no store error is logged, and the next attempt comes all the same."""
    expect_log("nobody expected")
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.store.failing["append_chunks"] = ZeroDivisionError()
        send(room, ada, Typist(5).insert(0, "a"))
        await until(lambda: world.rooms.writer.is_failing)
        world.store.failing.clear()

        await all_saved(room)


async def test_waiting_for_a_room_that_is_gone(world: World) -> None:
    """Nobody waits for ever for a room that was evicted with something unsaved."""
    await world.session()
    held = world.store.held["append_chunks"] = asyncio.Event()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
        world.rooms.session_deleted("one")

        with pytest.raises(RoomUnavailable):
            await world.rooms.writer.saved(room, 1)
    held.set()


async def test_draining_without_a_checkpoint(make_world) -> None:
    """A checkpoint that cannot be written at the end is no loss: the log has everything."""
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
    world.store.failing["put_checkpoint"] = StoreUnavailable("away")

    assert await world.rooms.drain(5) is True


async def test_all_rooms_together_have_a_bound(make_world, expect_log) -> None:
    """Beyond the bound on everything unsaved nothing more is taken, in any room."""
    expect_log("store cannot be written")
    world = make_world(unsaved_bytes=100)
    for name in ("one", "two"):
        await world.session(name)
    world.store.failing["append_chunks"] = StoreUnavailable("away")
    async with world.rooms.use("one") as one, world.rooms.use("two") as two:
        ada, _ = join(one)
        bob, _ = join(two, "bob")
        world.rooms.receive(one, ada, y_protocol.sync_update(Typist(5).insert(0, "x" * 70)))

        with pytest.raises(RoomUnavailable):
            world.rooms.receive(two, bob, y_protocol.sync_update(Typist(6).insert(0, "y")))
        world.store.failing.clear()
        await all_saved(one)
        await until(lambda: world.rooms.writer.unsaved_bytes, lambda size: size == 0)
        world.rooms.receive(two, bob, y_protocol.sync_update(Typist(6).insert(0, "y")))


async def test_large_frames_are_scanned_elsewhere(world: World) -> None:
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


async def test_rooms_that_cannot_be_loaded(world: World, expect_log) -> None:
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


async def test_a_cancelled_wait_harms_nobody(world: World) -> None:
    """Who gives up waiting for a room does not take it from the others."""
    await world.session()
    held = world.store.held["chunks"] = asyncio.Event()

    async def use() -> Room:
        async with world.rooms.use("one") as room:
            return room

    first, second = asyncio.create_task(use()), asyncio.create_task(use())
    await until(lambda: "chunks" in world.store.calls)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    held.set()

    assert await second is world.rooms.find("one")


async def test_a_session_that_ends_while_it_is_loaded(world: World) -> None:
    """A change that commits during the load is not overlooked."""
    await world.session()
    held = world.store.held["session"] = asyncio.Event()

    async def use() -> Room:
        async with world.rooms.use("one") as room:
            return room

    task = asyncio.create_task(use())
    await until(lambda: "session" in world.store.calls)
    await world.store.change_session("one", SessionChanges(status=Status.ENDED), NOW)
    world.rooms.status_changed("one", Status.ENDED)
    held.set()

    assert (await task).members.is_open is False
    assert world.store.calls.count("session") == 2


async def test_deleting_drops_what_was_unsaved(world: World) -> None:
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


async def test_changes_reach_connections(world: World) -> None:
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


async def test_another_writer_on_the_log_is_noticed(world: World, expect_log) -> None:
    """A log that is not what the room believes closes that room for a fresh load, and no other."""
    expect_log("changed by someone else")
    for name in ("one", "two"):
        await world.session(name)
    async with world.rooms.use("one") as one, world.rooms.use("two") as two:
        ada, inbox = join(one)
        bob, _ = join(two, "bob")
        await world.store.append_chunks([Chunk("one", 1, 1, b"somebody else's", NOW)])
        send(one, ada, Typist(5).insert(0, "x"))
        send(two, bob, Typist(6).insert(0, "y"))
        await all_saved(two)
        await until(lambda: inbox.closed)

    assert inbox.closed == (CloseReason.RESTART, "")
    assert world.rooms.find("one") is None


async def test_what_is_written_to_a_session_that_is_gone_is_not_called_saved(world: World) -> None:
    """The store says that there is none; its room is closed, others go on."""
    for name in ("one", "two"):
        await world.session(name)
    async with world.rooms.use("one") as one, world.rooms.use("two") as two:
        ada, inbox = join(one)
        bob, _ = join(two, "bob")
        await world.store.delete_session("one")
        send(one, ada, Typist(5).insert(0, "x"))
        send(two, bob, Typist(6).insert(0, "y"))
        with pytest.raises(RoomUnavailable):
            await world.rooms.writer.saved(one, 1)
        await all_saved(two)

    assert inbox.closed == (CloseReason.RESTART, "")
    assert world.rooms.find("one") is None


async def test_idle_rooms_are_checkpointed_and_closed(world: World) -> None:
    """Nobody there for the idle time: a checkpoint, a version, and the room goes."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        room.members.leave(ada)
    await until(lambda: room.upkeep.idle_since)
    assert world.rooms.find("one") is room

    world.now += 60_000
    await until(lambda: world.rooms.find("one"), lambda found: found is None)

    assert (await world.store.checkpoint("one")).sequence == 1
    version = await world.store.newest_version("one")
    assert (version.kind, version.files) == (VersionKind.AUTO, {"codemirror": "x"})


async def test_a_used_room_stays(world: World) -> None:
    """A connection, or a request under way, keeps a room loaded."""
    await world.session()
    async with world.rooms.use("one") as room:
        world.now += 60_000
        calls = len(world.store.calls)
        send(room, join(room)[0], Typist(5).insert(0, "x"))
        await until(lambda: len(world.store.calls), lambda count: count > calls)
        assert room.upkeep.idle_since is None
        assert world.rooms.find("one") is room


async def test_growing_rooms_get_checkpoints(make_world) -> None:
    """After enough updates and time the whole document is stored; failures are tried again later."""
    world = make_world(checkpoint_updates=10, checkpoint_interval_ms=1_000)
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for at in range(10):
            send(room, ada, typist.insert(at, "x"))
        await until(lambda: world.store.checkpoint("one"), lambda found: found and found.sequence == 10)
        for at in range(10, 20):
            send(room, ada, typist.insert(at, "y"))
        await all_saved(room)
        assert room.upkeep.checkpointed == 10
        world.now += 2_000
        await until(lambda: world.store.checkpoint("one"), lambda found: found and found.sequence == 20)
        assert room.files() == {"codemirror": "x" * 10 + "y" * 10}


async def test_a_checkpoint_that_cannot_be_verified(make_world, expect_log, monkeypatch) -> None:
    """No checkpoint is better than a wrong one: the log is kept and the room goes on."""
    expect_log("gets no checkpoint")
    world = make_world(checkpoint_updates=1)
    await world.session()
    monkeypatch.setattr(crdt.log.restore, "verify", _damaged)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        await until(lambda: room.upkeep.checkpointed_at)
        await world.rooms.compactor.checkpoint(room)

        assert await world.store.checkpoint("one") is None
        assert room.upkeep.checkpointed == 0
    monkeypatch.undo()


def _damaged(*_: object) -> None:
    raise RoomDamaged("made up")


async def test_tending_survives_errors(make_world, expect_log) -> None:
    """A store error while tending is a warning, anything else an error; the next round comes."""
    expect_log("not tended now")
    expect_log("cannot be tended")
    world = make_world(checkpoint_updates=1, checkpoint_interval_ms=0)
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for error in (StoreUnavailable("away"), ZeroDivisionError()):
            world.store.failing["put_checkpoint"] = error
            calls = world.store.calls.count("put_checkpoint")
            send(room, ada, Typist(5 + calls).insert(0, "x"))
            await until(lambda calls=calls: world.store.calls.count("put_checkpoint"), lambda n, c=calls: n > c + 1)
        world.store.failing["put_checkpoint"] = NotFound("session")
        calls = world.store.calls.count("put_checkpoint")
        await until(lambda: world.store.calls.count("put_checkpoint"), lambda n: n > calls + 1)
        world.store.failing.clear()
        await until(lambda: world.store.checkpoint("one"), lambda found: found is not None)


async def test_late_presence_is_applied_by_a_timer(make_world) -> None:
    """Presence that came too fast is shown after the interval, without another message."""
    world = make_world(room=RoomLimits(presence_interval_ms=20))
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        _, watcher = join(room, "bob")
        for clock in (1, 2):
            entry = y_protocol.AwarenessEntry(1, clock, f'{{"n":{clock}}}')
            world.rooms.receive(room, ada, y_protocol.awareness_update([entry]))
        world.now += 100

        await until(lambda: [f for f in watcher.frames if b'"n":2' in f])


async def test_drain_reports_what_it_could_not_save(make_world, expect_log) -> None:
    """With the store away to the end, the caller is told that not everything is stored."""
    expect_log("store cannot be written")
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.store.failing["append_chunks"] = StoreUnavailable("away")
        send(room, ada, Typist(5).insert(0, "x"))

    assert await world.rooms.drain(0.3) is False


async def save(world: World, **options: Any) -> Any:
    return await world.versions.save("one", "ada", "Ada", **options)


async def test_versions_by_hand(world: World) -> None:
    """A version has the text, who edited since the one before, and a number; unchanged means the same again."""
    await world.session()
    first, is_new = await save(world, code="a", label="start")
    again, is_new_again = await save(world)
    async with world.rooms.use("one") as room:
        bob, _ = join(room, "bob")
        send(room, bob, Typist(9).insert(0, "b"))
    second, _ = await save(world)

    assert (first.number, first.files, first.label, is_new) == (1, {"codemirror": "a"}, "start", True)
    assert (again, is_new_again) == (first, False)
    assert (second.number, second.contributors, second.sequence) == (2, ("bob",), 2)


async def test_fifty_saves_at_once(make_world) -> None:
    """Numbers without gaps, whatever order the saves come in."""
    world = make_world(versions=VersionSettings())
    await world.session()

    saved = await asyncio.gather(*(save(world, code=f"text {number}") for number in range(50)))

    numbers = sorted({version.number for version, _ in saved})
    assert numbers == list(range(1, len(numbers) + 1))
    live = await world.versions.live("one")
    assert live[3] is not None
    assert live[0] == live[3].files


async def test_automatic_versions(world: World) -> None:
    """Made when typing pauses, or after five minutes of it; the oldest go when there are too many."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for number in range(5):
            send(room, ada, typist.insert(0, str(number)), world.now)
            await world.version_writer.save_if_due(room)
            assert room.contributions.since_version
            world.now += 30_000
            await world.version_writer.save_if_due(room)
            assert room.contributions.since_version == {}
        versions = await world.store.versions("one", None, 10, with_files=True)
        assert [(v.number, v.kind, v.author_id) for v in versions] == [(n, VersionKind.AUTO, "ada") for n in (5, 4, 3)]
        manual, _ = await world.versions.save("one", "ada", "Ada")
        assert (manual.number, manual.kind) == (5, VersionKind.AUTO)


async def test_a_version_during_steady_typing(world: World) -> None:
    """Who never pauses gets a version after five minutes all the same."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for _ in range(31):
            send(room, ada, typist.insert(0, "x"), world.now)
            world.now += 10_000
        await until(lambda: world.store.newest_version("one"), bool)


async def test_no_automatic_version_of_a_damaged_document(world: World, expect_log, monkeypatch) -> None:
    """A text that cannot be read is logged once, not every second."""
    expect_log("gets no automatic version")
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        monkeypatch.setattr(type(room), "files", _damaged)
        world.now += 60_000

        await world.version_writer.save_if_due(room)

        assert room.contributions.since_version == {}
    monkeypatch.undo()


async def test_edits_that_pycrdt_refuses_later_are_not_stored(world: World, monkeypatch, expect_log) -> None:
    """Everybody is sent away with 1012 and finds what was stored before."""
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


async def test_who_waits_is_not_kept_waiting(make_world) -> None:
    """Edits gather for ten minutes here, but not when somebody waits for them, nor when there are many."""
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


async def test_others_have_the_loop_while_many_rooms_are_saved(make_world, monkeypatch) -> None:
    """Of fifty rooms no more than twenty are taken, or told, in one turn of the event loop; one commit has them all."""
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


async def test_a_room_rests_when_typing_pauses(make_world) -> None:
    """Its document is loaded while people type, and let go of ten seconds after the last edit."""
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        typist = Typist(5)
        for at in range(3):
            send(room, ada, typist.insert(at, "a"))
            await all_saved(room)
        assert not room.document.is_resting
        world.now += 10_001
        await until(lambda: room.document.is_resting)
        assert room.files() == {"codemirror": "aaa"}
