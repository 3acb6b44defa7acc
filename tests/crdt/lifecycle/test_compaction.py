"""Tests of checkpoints of rooms on a real store."""

import asyncio
import math
import operator
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import crdt.log.checkpoints
import crdt.processes.worker
from crdt.errors import DocumentFull
from crdt.lifecycle import compaction
from crdt.limits import RoomLimits
from crdt.log.codec import without_checksum
from crdt.wire import y_protocol
from crdt.workers import Workers, WorkersSettings
from tests.crdt import work
from tests.crdt.harness import NOW, Typist, join, raise_damaged, send
from tests.crdt.world import World
from tests.waiting import until


async def test_checkpoint_that_cannot_be_verified_is_not_stored(
    make_world, expect_log, monkeypatch
) -> None:
    """A checkpoint that may be wrong is not stored. The log is kept and the room goes on."""
    expect_log("gets no checkpoint")
    world = make_world(checkpoint_updates=1)
    await world.session()
    monkeypatch.setattr(crdt.log.checkpoints, "verify", raise_damaged)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        world.now += 10_000
        await until(lambda: room.upkeep.checkpointed_at, partial(operator.eq, world.now))
        await world.rooms.compactor.checkpoint(room)

        assert await world.store.checkpoint("one") is None
        assert room.upkeep.checkpointed == 0
    monkeypatch.undo()


@pytest.mark.parametrize("seed", range(6))
async def test_room_after_removal_of_deleted_content_syncs_with_all_peers(
    make_world, yjs, seed: int
) -> None:
    """After deleted content is removed, real Yjs shows the same document.

    This holds for edits during and after the removal, newcomers, offline peers and a restart.
    """
    world = make_world(room=RoomLimits(deleted_bytes=0))
    await world.session()
    history = yjs.history(seed, 3, 80, only_whole_characters=True)
    half = len(history.updates) // 2
    shown = yjs.look(*history.updates)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for update in history.updates[:half]:
            send(room, ada, update)
        before = room.document.size
        checkpoint = asyncio.ensure_future(world.rooms.compactor.checkpoint(room))
        await asyncio.sleep(0)
        for update in history.updates[half:-5]:
            send(room, ada, update)
        await checkpoint
        assert room.upkeep.checkpoint_bytes
        for update in history.updates[-5:]:
            send(room, ada, update)
        assert yjs.look(room.document.state()) == shown
        await world.rooms.compactor.checkpoint(room)
        assert room.document.size < before * len(history.updates) / half
        for state in history.states:
            room.receive(ada, y_protocol.sync_step2(state), NOW)
        assert yjs.look(room.document.state()) == shown
        texts = room.files()
    world = await world.restarted()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for state in history.states:
            room.receive(ada, y_protocol.sync_step2(state), NOW)
        assert yjs.look(room.document.state()) == shown
        assert room.files() == texts


async def test_history_is_the_same_without_deleted_content(make_world) -> None:
    """History stays the same after deleted content has left the document.

    Moments, versions, blame, timeline and replay need only the log or the visible text.
    """
    world = make_world(room=RoomLimits(deleted_bytes=0))
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for number in range(20):
            send(
                room,
                ada,
                typist.insert(len(typist.text), f"line {number} of a text that is deleted again\n"),
            )
            if number % 3 == 2:
                send(room, ada, typist.delete(0, 50))
        await world.versions.save("one", "ada", "Ada", label="kept")
        before = await _looked_back(world, room)
        size = room.document.size
        await world.rooms.compactor.checkpoint(room)
        assert room.document.size < size
        assert await _looked_back(world, room) == before
    world = await world.restarted()
    async with world.rooms.use("one") as room:
        assert await _looked_back(world, room) == before


def same(shown: Any) -> Any:
    """Return the found value unchanged."""
    return shown


async def _looked_back(world, room) -> list[object]:
    reader = world.history_reader
    reader.forget("one")
    last = room.journal.sequence
    return [
        [await reader.moment("one", "ada", sequence, same) for sequence in range(last + 1)],
        await reader.blame("one", "ada", None, same),
        (await reader.timeline("one", "ada", same)).stretches,
        [await reader.replay("one", "ada", start, same) for start in (0, last - 3)],
        (await world.store.newest_version("one")).files,
    ]


async def test_much_deleted_content_is_removed_from_room_and_checkpoint(make_world) -> None:
    """A deleted megabyte leaves a few hundred bytes, for newcomers and in the store."""
    world = make_world()
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for _ in range(20):
            send(room, ada, typist.insert(0, "x" * 50_000))
            send(room, ada, typist.delete(0, 50_000))
        send(room, ada, typist.insert(0, "kept"))
        world.now += 10_000
        await until(lambda: room.document.size, lambda size: size < 1_000)

        assert room.files() == {"codemirror": "kept"}
    assert len((await world.store.checkpoint("one")).state) < 1_000


async def test_little_deleted_content_stays(make_world) -> None:
    """A little deleted content stays, because clients with `gc: false` show it in snapshots."""
    world = make_world()
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "x" * 60_000))
        send(room, ada, typist.delete(0, 60_000))
        await world.rooms.compactor.checkpoint(room)

        assert room.document.size > 60_000


async def test_checkpoint_gives_quota_the_bytes_of_each_author(make_world) -> None:
    """An author whose share is full can write no more, but the owner can."""
    world = make_world(room=RoomLimits(state_bytes=100_000, author_share_percent=20))
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        bob, _ = join(room, "bob")
        send(room, bob, typist.insert(0, "x" * 30_000))
        await world.rooms.compactor.checkpoint(room)
        with pytest.raises(DocumentFull, match="one user"):
            send(room, bob, typist.insert(0, "y"))

        send(room, join(room, "ada")[0], Typist(6).insert(0, "of the owner"))
        assert "of the owner" in room.files()["codemirror"]


@pytest.mark.parametrize("has_values", [False, True])
async def test_checkpoint_of_large_document_is_made_in_worker_process(
    make_world, yjs, has_values: bool
) -> None:
    """The room continues with the worker's state and the edits that were made meanwhile.

    This holds for text and for values.
    """
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        if has_values:
            for update in yjs.history(1, 3, 80, only_whole_characters=True).updates:
                send(room, ada, update)
        typist = Typist(5)
        for _ in range(12):
            send(room, ada, typist.insert(0, "x" * 50_000))
            send(room, ada, typist.delete(0, 45_000))
        world.now += 10_000
        await until(lambda: room.document.size, lambda size: size < 100_000)
        send(room, ada, typist.insert(0, "late"))

        assert world.workers.counts["done"] == 1
        assert room.files()["codemirror"] == typist.text
        shown = yjs.look(room.document.state())
    await world.rooms.drain(5)
    checkpoint = await world.store.checkpoint("one")
    assert len(checkpoint.state) < 100_000
    assert yjs.look(without_checksum(checkpoint.state)) == shown


@pytest.mark.parametrize(
    ("size", "work_s", "jobs"), [(40_000, 0.0, 1), (100, 0.01, 1), (30_000, 0.0, 0)]
)
async def test_checkpoint_of_slow_document_is_made_in_worker_process(
    world: World, size: int, work_s: float, jobs: int
) -> None:
    """A worker also makes the checkpoint of a small document whose edits took 10 ms of work."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x" * size))
        room.document._work.spent_s = work_s
        await world.rooms.compactor.checkpoint(room)

        assert (await world.store.checkpoint("one")).sequence == room.journal.sequence
    assert world.workers.counts["done"] == jobs


async def test_document_whose_checkpoint_fails_keeps_its_log(
    make_world, expect_log, monkeypatch
) -> None:
    """A checkpoint that a worker failed to make is not tried again immediately."""
    expect_log("gets no checkpoint")
    world = make_world()
    await world.session()
    await world.workers.run(work.add, 2, 3, key="eve", deadline_s=600.0)  # a process has started
    # An infinite CPU time is the value for an unknown time.
    monkeypatch.setattr(crdt.processes.worker, "cpu_s", lambda _: math.inf)
    monkeypatch.setattr(compaction, "_DEADLINE_S", 0.0)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x" * 300_000))
        await world.rooms.compactor.checkpoint(room)

        assert await world.store.checkpoint("one") is None
        assert room.upkeep.checkpointed == 0


async def test_checkpoint_waits_for_work_of_users(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    """A worker does work for users before a checkpoint, even if the work was requested later.

    The test uses blame, because a save would be several jobs.
    """
    world = make_world(workers=Workers(WorkersSettings(processes=1)), maintenance_interval_s=1_000)
    await world.session()
    ended: list[str] = []

    async def note(name: str, work: Awaitable[object]) -> None:
        await work
        ended.append(name)

    async with world.rooms.use("one") as room:
        send(room, join(room)[0], Typist(5).insert(0, "x" * 300_000))
        release = tmp_path / "release"
        other = world.workers.run(work.wait_for, str(release), key="eve", deadline_s=600.0)
        tasks = [asyncio.create_task(other)]
        jobs = {
            "checkpoint": world.rooms.compactor.checkpoint(room),
            "blame for bob": world.history_reader.blame("one", "bob", None, same),
            "blame for cem": world.history_reader.blame("one", "cem", None, same),
        }
        for number, (name, job) in enumerate(jobs.items()):
            tasks.append(asyncio.create_task(note(name, job)))
            await until(lambda: world.workers.waiting, partial(operator.eq, number + 1))
        release.touch()
        await asyncio.gather(*tasks)

    assert ended == ["blame for bob", "blame for cem", "checkpoint"]
