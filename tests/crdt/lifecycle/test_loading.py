"""Tests of loading rooms from a real store that can be made to fail."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from crdt.errors import RoomDamaged, RoomUnavailable
from crdt.fair_queue import Payer
from crdt.lifecycle.document_work import SMALL_BYTES
from crdt.log.codec import LogEntry, encode_chunk
from crdt.room.room import Room
from crdt.workers import Workers, WorkersSettings
from storage.errors import NotFound, StoreUnavailable
from storage.records import Chunk, SessionChanges, Status
from tests.crdt import work
from tests.crdt.harness import NOW, Typist, join, send
from tests.crdt.world import World, all_saved, save
from tests.waiting import until


async def used(world: World) -> Room:
    """Return the room, and load it if needed."""
    async with world.rooms.use("one") as room:
        return room


async def test_load_by_fifty_callers_reads_log_once(world: World) -> None:
    """Fifty callers that come together get the same room from one read of the log."""
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
    """A log with more chunks than one read returns is loaded completely."""
    world = make_world(chunks_per_read=3, checkpoint_updates=10**9)
    await world.session()
    typist = Typist(5)
    for number in range(8):
        update = typist.insert(number, "x")
        chunk = Chunk(
            "one", number + 1, number + 1, encode_chunk([LogEntry(NOW, "ada", update)]), NOW
        )
        await world.store.append_chunks([chunk])

    async with world.rooms.use("one") as room:
        assert room.files() == {"codemirror": "x" * 8}


async def test_load_that_fails_raises_and_can_be_repeated(world: World, expect_log) -> None:
    """Each failure has its own error, and no failure gives an empty room.

    A missing session, an unavailable store and a damaged row are tested.
    """
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
    """A client that stops waiting for a room does not end the load for the other clients."""
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
    world.rooms.changes.status_changed("one", Status.ENDED)
    held.set()

    assert (await task).members.is_open is False
    assert world.store.calls.count("session") == 2


class OneWorker(Workers):
    """One worker process; `served` names the sessions whose documents it has read, in order."""

    def __init__(self) -> None:
        super().__init__(WorkersSettings(processes=1))
        self.served: list[str] = []

    async def run(  # type: ignore[override]  # of any function
        self, function: Any, *arguments: Any, key: str | Payer, deadline_s: float
    ) -> Any:
        result = await super().run(function, *arguments, key=key, deadline_s=deadline_s)
        self.served += [
            part[0].session_id for part in arguments if isinstance(part, tuple) and part
        ]
        return result


class Queue:
    """A world with one worker process.

    A job of the user eve keeps it busy until a file exists. `opened` lists the sessions in the
    order in which they were opened, and `refused` the reasons why others were not.
    """

    def __init__(self, make_world: Callable[..., World], path: Path) -> None:
        self.workers = OneWorker()
        self.world = make_world(workers=self.workers)
        self.opened: list[str] = []
        self.refused: list[str] = []
        self._path = path
        self._tasks: list[asyncio.Task[None]] = []
        self._begin(self.world.workers.run(work.wait_for, str(path), key="eve", deadline_s=600.0))

    async def session(self, session_id: str) -> None:
        """Store a session with a document that is opened in a worker."""
        await self.world.session(session_id)
        update = Typist(5).insert(0, "x" * SMALL_BYTES)
        chunk = Chunk(session_id, 1, 1, encode_chunk([LogEntry(NOW, "ada", update)]), NOW)
        await self.world.store.append_chunks([chunk])

    async def open(self, session_id: str, user_id: str, waiting: int) -> None:
        """Begin to open a session, and return when `waiting` documents wait for the worker."""
        self.begin_to_open(session_id, user_id)
        await until(lambda: self.world.workers.waiting == waiting)

    def begin_to_open(self, session_id: str, user_id: str) -> None:
        """Begin to open a session."""
        self._begin(self._open(session_id, user_id))

    async def finish(self) -> None:
        """Let the worker go on, and return when all sessions are open."""
        self._path.touch()
        await asyncio.gather(*self._tasks)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _open(self, session_id: str, user_id: str) -> None:
        try:
            async with self.world.rooms.use(session_id, user_id):
                self.opened.append(session_id)
        except RoomUnavailable as error:
            self.refused.append(str(error))


async def test_load_of_many_slow_sessions_for_one_user_lets_others_open_theirs(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    """A user waits for the load that runs, but not for another user's twelve waiting loads."""
    queue = Queue(make_world, tmp_path / "release")
    names = [f"eve {number}" for number in range(12)]
    for name in (*names, "bob 1", "bob 2", "ada"):
        await queue.session(name)
    for number, name in enumerate(names):
        await queue.open(name, "eve", min(number + 1, 2))
    await queue.open("bob 1", "bob", 3)
    await queue.open("bob 2", "bob", 4)
    await queue.open("ada", "ada", 5)
    await queue.finish()

    assert queue.workers.served[:4] in (
        ["bob 1", "ada", "eve 0", "bob 2"],
        ["bob 1", "ada", "bob 2", "eve 0"],
    )
    assert sorted(queue.opened) == sorted([*names, "bob 1", "bob 2", "ada"])


async def test_load_for_two_users_does_not_wait_for_other_work_of_the_first(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    """A session is last in one user's queue. It is opened soon if a second user requests it."""
    queue = Queue(make_world, tmp_path / "release")
    for name in ("eve 1", "eve 2", "eve 3", "of all"):
        await queue.session(name)
    for number, name in enumerate(("eve 1", "eve 2", "eve 3", "of all")):
        await queue.open(name, "eve", min(number + 1, 2))
    await queue.open("of all", "ada", 3)
    await queue.finish()

    assert queue.workers.served[0] == "of all"
    assert queue.opened.count("of all") == 2


async def test_load_of_too_many_sessions_for_one_user_is_refused_to_that_user(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    """The user gets a 503 with a time to try again, and other users' sessions are opened."""
    queue = Queue(make_world, tmp_path / "release")
    names = [f"eve {number}" for number in range(19)]
    for name in (*names, "bob"):
        await queue.session(name)
    for name in names:
        queue.begin_to_open(name, "eve")
    # the log of each session is read first, so any of them may be the last in the queue
    await until(lambda: queue.refused)
    await until(lambda: queue.world.workers.waiting == 2)
    await queue.open("bob", "bob", 3)
    await queue.finish()

    assert queue.workers.served[0] == "bob"
    assert queue.refused == ["too many documents are being opened"]
    assert len(queue.opened) == len(names)


async def test_load_reads_edits_before_checkpoint_only_for_their_authors(world: World) -> None:
    """Only the log after the checkpoint is read as a whole; the rest is read some rows at a time.

    A session may have any number of edits since its newest version.
    """
    await world.session()
    typists = {"ada": Typist(5), "bob": Typist(6), "eve": Typist(7)}
    async with world.rooms.use("one") as room:
        for number, user_id in enumerate(("ada", "bob", "ada", "eve")):
            connection, _ = join(room, user_id)
            send(room, connection, typists[user_id].insert(0, "x"), NOW + number)
            await all_saved(room)
            room.members.leave(connection)
            if number == 0:
                await save(world)
    again = await world.restarted()
    asked = again.store.asked["chunks"] = []

    async with again.rooms.use("one") as room:
        contributions = room.contributions
        assert contributions.since_version == {"bob": 2, "ada": 3, "eve": 4}
        assert (contributions.first_edit_at, contributions.last_edit_at) == (NOW + 1, NOW + 3)
        assert room.files() == {"codemirror": "xxxx"}
    assert [after for _, after, _ in asked] == [1, 4]
    assert asked[0][2] < asked[1][2]
    await again.rooms.drain(5)
