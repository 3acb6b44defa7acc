"""Rooms for tests, on a store whose methods can fail and with a clock that the test sets."""

import asyncio
from itertools import count
from typing import Any

from crdt.assembly import assemble
from crdt.history.version_writer import VersionSettings
from crdt.lifecycle.environment import Environment
from crdt.limits import RoomsSettings
from crdt.room.room import Room
from crdt.workers import Workers
from storage.records import Access, Member, Role, Session, Status
from storage.sqlite.store import SqliteStore
from tests.crdt.harness import NOW
from tests.waiting import until

_FEW_VERSIONS = VersionSettings(versions=6, auto_versions=3)


class FaultyStore:
    """A real store whose methods in `failing` raise an error, and whose methods in `held` wait."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.failing: dict[str, Exception] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []
        self.asked: dict[str, list[tuple[Any, ...]]] = {}
        self.options: dict[str, list[dict[str, Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            self.asked.setdefault(name, []).append(arguments)
            self.options.setdefault(name, []).append(options)
            if name in self.held:
                await self.held[name].wait()
            if name in self.failing:
                raise self.failing[name]
            return await method(*arguments, **options)

        return call


class World:
    """Rooms on a store with sessions, and a clock that a test sets through `now`."""

    def __init__(
        self,
        store: FaultyStore,
        versions: VersionSettings = _FEW_VERSIONS,
        workers: Workers | None = None,
        **settings: Any,
    ) -> None:
        self.store = store
        self.now = NOW
        self.workers = workers or Workers()
        client_ids = count(77)
        environment = Environment(
            clock=lambda: self.now,
            random_below=lambda _: next(client_ids),
            fill_changed=lambda _session_id: None,
            workers=self.workers,
        )
        parts = assemble(
            store,
            RoomsSettings(
                **{"flush_delay_s": 0, "maintenance_interval_s": 0.01, "idle_ms": 1_000, **settings}
            ),
            versions,
            environment,
        )
        self.rooms, self.versions = parts.rooms, parts.versions
        self.history_reader, self.redactor = parts.history_reader, parts.redactor
        self.runs = parts.runs
        self.program_tests = parts.program_tests
        self.version_writer = parts.version_writer

    async def session(
        self, session_id: str = "one", status: Status = Status.OPEN, owner_id: str = "ada"
    ) -> str:
        session = Session(
            session_id, "t", "python", owner_id, Access.LINK, Role.EDITOR, status, "codemirror",
            NOW, NOW
        )  # fmt: skip
        await self.store.add_session(session, Member(session_id, owner_id, Role.OWNER, NOW), None)
        return session_id

    async def restarted(self) -> "World":
        await self.rooms.drain(5)
        world = World(self.store, workers=self.workers)
        world.rooms.start()
        return world


async def all_saved(room: Room) -> None:
    async def look() -> bool:
        return room.journal.is_saved

    await until(look, bool)


async def save(world: World, **options: Any) -> Any:
    """Let Ada save a version of the session "one"."""
    return await world.versions.save("one", "ada", "Ada", **options)
