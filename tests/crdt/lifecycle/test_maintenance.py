"""Tests of the maintenance of rooms on a real store, with a clock that the tests set."""

import asyncio
import contextlib
import operator
from collections.abc import Callable
from functools import partial
from itertools import count

import pycrdt
import pytest

from crdt.errors import WorkersBusy
from crdt.history import snapshot
from crdt.history.version_writer import VersionWriter
from crdt.limits import RoomLimits
from crdt.log.codec import LogEntry, encode_chunk
from crdt.room.room import Room
from storage.errors import NotFound, StoreUnavailable
from storage.logins.records import Login
from storage.records import Chunk, User, VersionKind
from tests.crdt.harness import NOW, Typist, join, send
from tests.crdt.world import World, all_saved
from tests.waiting import until


async def test_maintenance_of_idle_room_stores_checkpoint_and_closes_it(world: World) -> None:
    """A room that is unused for the idle time gets a checkpoint and a version, and is closed."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        room.members.leave(ada)
    await until(lambda: room.upkeep.idle_since)
    assert world.rooms.find("one") is room

    world.now += 60_000
    await until(lambda: world.rooms.find("one"), lambda room: room is None)

    assert (await world.store.checkpoint("one")).sequence == 1
    version = await world.store.newest_version("one")
    assert (version.kind, version.files) == (VersionKind.AUTO, {"codemirror": "x"})


async def test_maintenance_of_used_room_keeps_it(world: World) -> None:
    """A connection or a running request keeps a room loaded."""
    await world.session()
    async with world.rooms.use("one") as room:
        join(room)
        room.upkeep.idle_since = NOW  # as if nobody had been there before
        world.now += 60_000
        await until(lambda: room.upkeep.idle_since, lambda since: since is None)
        assert world.rooms.find("one") is room


async def test_maintenance_of_grown_room_stores_checkpoint(make_world) -> None:
    """A checkpoint of the whole document is stored after enough updates and enough time."""
    world = make_world(checkpoint_updates=10, checkpoint_interval_ms=1_000)
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for at in range(10):
            send(room, ada, typist.insert(at, "x"))
        world.now += 1_000
        await until(
            lambda: world.store.checkpoint("one"),
            lambda checkpoint: checkpoint and checkpoint.sequence == 10,
        )
        for at in range(10, 20):
            send(room, ada, typist.insert(at, "y"))
        await all_saved(room)
        assert room.upkeep.checkpointed == 10
        world.now += 2_000
        await until(
            lambda: world.store.checkpoint("one"),
            lambda checkpoint: checkpoint and checkpoint.sequence == 20,
        )
        assert room.files() == {"codemirror": "x" * 10 + "y" * 10}


async def test_maintenance_after_error_continues(make_world, expect_log) -> None:
    """A store error is logged as a warning, any other as an error, and the next round follows."""
    expect_log("not maintained now")
    expect_log("cannot be maintained")
    world = make_world(checkpoint_updates=1, checkpoint_interval_ms=0)
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for error in (StoreUnavailable("away"), ZeroDivisionError()):
            world.store.failing["put_checkpoint"] = error
            calls = world.store.calls.count("put_checkpoint")
            send(room, ada, Typist(5 + calls).insert(0, "x"))
            await until(
                lambda: world.store.calls.count("put_checkpoint"), partial(operator.lt, calls + 1)
            )
        world.store.failing["put_checkpoint"] = NotFound("session")
        calls = world.store.calls.count("put_checkpoint")
        await until(lambda: world.store.calls.count("put_checkpoint"), lambda n: n > calls + 1)
        world.store.failing.clear()
        await until(
            lambda: world.store.checkpoint("one"), lambda checkpoint: checkpoint is not None
        )


async def test_maintenance_while_worker_processes_are_busy_tries_again(
    make_world: Callable[..., World],
    expect_log: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If workers are too busy for a version, a warning without traceback is logged.

    The version is stored later.
    """
    expect_log("WARNING .* is not maintained now: too much work is waiting")
    monkeypatch.setattr(snapshot, "_FEW_BYTES", -1)
    world = make_world()
    await world.session()
    run, refused = world.workers.run, asyncio.Event()

    async def refuse(*_: object, **__: object) -> None:
        refused.set()
        raise WorkersBusy("too much work is waiting")

    monkeypatch.setattr(world.workers, "run", refuse)
    typist = Typist(5)
    typist.doc["list"] = pycrdt.Array([1.0])
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, bytes(typist.doc.get_update()), world.now)
        world.now += 60_000
        await asyncio.wait_for(refused.wait(), 30)
        monkeypatch.setattr(world.workers, "run", run)
        version = await until(lambda: world.store.newest_version("one"))

    assert version.documents == {"list": {"type": "array", "value": [1], "leftOut": None}}


async def test_maintenance_of_quiet_room_unloads_its_document(make_world) -> None:
    """A document is loaded while users type, and unloaded ten seconds after the last edit."""
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


async def test_maintenance_of_document_that_doubled_stores_checkpoint(make_world) -> None:
    """A document that doubled gets a checkpoint, even after few updates.

    A document that has grown less waits until nobody edits it.
    """
    world = make_world()
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.now += 10_000
        send(room, ada, typist.insert(0, "x" * 300_000), world.now)
        await until(lambda: room.upkeep.checkpointed, lambda count: count == 1)
        send(room, ada, typist.insert(0, "x" * 200_000), world.now)
        await all_saved(room)
        calls = len(world.store.calls)
        send(room, ada, typist.insert(0, "y"), world.now)
        await until(lambda: len(world.store.calls), lambda count: count > calls)
        assert room.upkeep.checkpointed == 1
        world.now += 11_000
        await until(lambda: room.upkeep.checkpointed, lambda count: count == 3)


async def test_first_checkpoint_of_loaded_room_comes_soon_only_after_a_read_log(
    make_world: Callable[..., World],
) -> None:
    """The first checkpoint comes soon if the room was loaded from a log, as after a crash.

    Otherwise it comes after the ordinary interval.
    """
    world = make_world(checkpoint_updates=1)
    await world.session()
    typist = Typist(5)
    entry = LogEntry(NOW, "ada", typist.insert(0, "x"))
    await world.store.append_chunks([Chunk("one", 1, 1, encode_chunk([entry]), NOW)])
    async with world.rooms.use("one") as room:
        await until(lambda: room.upkeep.checkpointed, partial(operator.eq, 1))

    def still_loaded() -> int:
        world.now += 1_000
        return world.rooms.loaded

    await until(still_loaded, operator.not_)

    async with world.rooms.use("one") as room:
        send(room, join(room)[0], typist.insert(0, "y"), world.now)
        await all_saved(room)
        assert room.upkeep.checkpointed_at == world.now
        world.now += 10_000
        await until(lambda: room.upkeep.checkpointed, partial(operator.eq, 2))


@pytest.mark.parametrize(
    ("limit", "waits"), [(8 << 20, True), (1_200_000, False)], ids=["far from full", "half full"]
)
async def test_maintenance_of_doubled_document_under_edit_waits_for_interval(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, limit: int, *, waits: bool
) -> None:
    """During edits, a doubled document waits for the interval, unless it is over half full."""
    rounds = count()
    latest = 0

    def count_round(*_: object) -> bool:
        nonlocal latest
        latest = next(rounds)
        return False

    monkeypatch.setattr(VersionWriter, "is_due", count_round)
    world = make_world(room=RoomLimits(state_bytes=limit))
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        world.now += 10_000
        send(room, ada, typist.insert(0, "x" * 300_000), world.now)
        await until(lambda: room.upkeep.checkpointed, lambda count: count == 1)
        world.now += 9_000
        send(room, ada, typist.insert(0, "x" * 400_000), world.now)
        await all_saved(room)
        seen = latest
        await until(lambda: latest, lambda count: count > seen + 2)
        # The time of a checkpoint is the time at which it began.
        assert room.upkeep.checkpointed_at == world.now - (9_000 if waits else 0)
        if waits:
            world.now += 1_000
        await until(lambda: room.upkeep.checkpointed, lambda count: count == 2)


async def test_slow_maintenance_for_one_owner_does_not_delay_others(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An owner's rooms are maintained one by one, so only the owner of slow rooms waits."""
    world = make_world(checkpoint_updates=1, checkpoint_interval_ms=0)
    bob = User("bob", "Bob", None, None, "", None, False, NOW)
    await world.store.add_user(bob, Login("b", "bob", "h2", None, 0, NOW, NOW, NOW, NOW, ""))
    held, asked = asyncio.Event(), list[str]()
    checkpoint = world.rooms.compactor.checkpoint

    async def slow_for_ada(room: Room) -> None:
        asked.append(room.session_id)
        if room.session_id.startswith("ada"):
            await held.wait()
        await checkpoint(room)

    monkeypatch.setattr(world.rooms.compactor, "checkpoint", slow_for_ada)
    async with contextlib.AsyncExitStack() as stack:
        for name in ("ada 1", "ada 2", "ada 3", "ada 4", "ada 5", "bob 1"):
            await world.session(name, owner_id=name[:3])
            room = await stack.enter_async_context(world.rooms.use(name))
            send(room, join(room)[0], Typist(5).insert(0, "x"))
            await until(lambda: asked)
        await until(
            lambda: world.store.checkpoint("bob 1"), lambda checkpoint: checkpoint is not None
        )

        assert {name for name in asked if name.startswith("ada")} == {"ada 1"}
        held.set()
        await until(
            lambda: world.store.checkpoint("ada 5"), lambda checkpoint: checkpoint is not None
        )
