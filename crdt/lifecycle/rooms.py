"""All rooms of the process: load once, write together, checkpoint, close when idle, drain.

One task writes the logs of all rooms in groups (`log_writer`), one looks after rooms (`maintenance`); both belong to
`start` and `drain`.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from crdt.document.quota import Fill
from crdt.errors import RoomSetAside, RoomUnavailable, WorkersBusy
from crdt.lifecycle.changes import Changes
from crdt.lifecycle.compaction import Compactor
from crdt.lifecycle.dispatch import BroadcastScheduler
from crdt.lifecycle.document_work import DocumentWork
from crdt.lifecycle.environment import Environment
from crdt.lifecycle.large_answers import LargeAnswers
from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.lifecycle.loading import RoomLoader
from crdt.lifecycle.log_writer import LogWriter
from crdt.lifecycle.maintenance import RoomMaintenance, VersionMaker
from crdt.lifecycle.opening import DocumentOpener
from crdt.lifecycle.stepwise.room_steps import RoomSteps
from crdt.limits import RoomsSettings
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.context import RoomContext
from crdt.room.incoming import UpdateKind
from crdt.room.room import Room
from crdt.storage_quota import StorageQuota
from crdt.wire.y_protocol import SYNC, SyncStep2, SyncUpdate, decode
from storage.base import Store
from storage.errors import StoreError
from storage.records import Role, Status


class SessionCache(Protocol):
    """Keeps something of sessions that must go with them."""

    def forget(self, session_id: str) -> None:
        """Keep nothing of a session any more."""


class Rooms:
    """All rooms of the process.

    changes    of memberships, logins and sessions
    compactor  makes checkpoints and packs logs
    steps      does long work on single rooms in steps
    storage_quota  what users' sessions may take
    """

    def __init__(
        self,
        store: Store,
        settings: RoomsSettings,
        environment: Environment,
        loaded: LoadedRooms,
        writer: LogWriter,
        versions: VersionMaker,
        cache: SessionCache,
    ) -> None:
        """loaded: the same that `writer` has; cache: told when a session is deleted."""
        self.settings = settings
        self.clock = environment.clock
        self.quarantine = environment.quarantine
        self.changes = Changes()
        self.writer = writer
        self.compactor = Compactor(store, writer, environment, settings.room.deleted_bytes)
        work = DocumentWork(environment.workers, environment.mark)
        self._loaded = loaded
        self._cache = cache
        self._is_draining = False
        self._large_answers = LargeAnswers(work)
        self._cpu_s = environment.cpu_s
        self.steps = RoomSteps(environment.cpu_s, environment.clock, environment.mark)
        context = RoomContext(
            limits=settings.room,
            sink=writer,
            scheduler=BroadcastScheduler(settings.room.presence_interval_ms / 1_000, environment.clock),
            random_below=environment.random_below,
            encode=environment.encode,
            mark=environment.mark,
            limit_counters=environment.limit_counters,
            cpu_s=environment.cpu_s,
            accepts_foreign=environment.accepts_foreign,
            large_answers=self._large_answers,
        )
        opener = DocumentOpener(work, environment)
        self._loader = RoomLoader(store, context, loaded, self.changes, settings.chunks_per_read, opener)
        self.storage_quota = StorageQuota(store, settings, loaded, environment.limit_counters)
        self._maintenance = RoomMaintenance(
            loaded, settings, writer, self.compactor, versions, environment.clock, environment.mark
        )

    # -- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write and tend; call inside the event loop."""
        self.writer.start()
        self._maintenance.start()
        self.storage_quota.start()

    async def drain(self, grace_s: float) -> bool:
        """Close everybody with 1012, write and checkpoint everything; return whether all of it is stored."""
        self._is_draining = True
        for room in self._loaded:
            room.members.close(room.members.connections, CloseReason.RESTART)
        await self._maintenance.stop()
        await self.storage_quota.stop()
        await self._large_answers.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.writer.drain()
                for room in self._loaded:
                    # without a checkpoint, the log is enough to start from
                    with contextlib.suppress(StoreError, RoomUnavailable, WorkersBusy):
                        await self.compactor.checkpoint(room)
                await self._loader.finish()
        await self.writer.stop()
        return all(room.journal.is_saved for room in self._loaded)

    @property
    def loaded(self) -> int:
        return len(self._loaded)

    @property
    def quarantined(self) -> int:
        """How many sessions are out of service: set aside now, or found damaged since the start."""
        return len(self._loader.damaged.union(self.quarantine.set_aside(self.clock())))

    @property
    def half_full(self) -> int:
        """How many loaded documents fill more than half of what they may."""
        return sum(room.quota.fill.is_half_full for room in self._loaded)

    def fill(self, session_id: str) -> Fill | None:
        """Return how full a session's document is; None if it is not loaded."""
        room = self._loaded.get(session_id)
        return room.quota.fill if room else None

    def online(self, session_id: str) -> frozenset[str]:
        """Return the ids of users who are connected to a session."""
        room = self._loaded.get(session_id)
        return frozenset(connection.user_id for connection in room.members.connections) if room else frozenset()

    def logins(self) -> set[str]:
        """Return the logins that connections came with."""
        return {connection.login_id for room in self._loaded for connection in room.members.connections}

    # -- use --------------------------------------------------------------------------------------

    def find(self, session_id: str) -> Room | None:
        """Return a room if it is loaded."""
        return self._loaded.get(session_id)

    def check_in_service(self, session_id: str) -> None:
        """Raise RoomUnavailable while stopping, or RoomSetAside."""
        if self._is_draining:
            raise RoomUnavailable("the server is stopping")
        if wait_ms := self.quarantine.wait_ms(session_id, self.clock()):
            raise RoomSetAside(f"out of service for {math.ceil(wait_ms / 60_000)} minutes")

    @asynccontextmanager
    async def use(self, session_id: str, user_id: str = "") -> AsyncIterator[Room]:
        """Load a room if need be and keep it loaded inside the block.

        user_id  the user who waits for it, and whose work it is: all of the server's own code says that

        Raises NotFound, RoomDamaged, RoomSetAside, or RoomUnavailable while stopping or with the store away.
        """
        self.check_in_service(session_id)
        room = self._loaded.get(session_id)
        while room is None:
            await self._loader.load(session_id, user_id)
            room = self._loaded.get(session_id)
        if self._is_draining:
            raise RoomUnavailable("the server is stopping")
        room.upkeep.pins += 1
        try:
            yield room
        finally:
            room.upkeep.pins -= 1

    async def receive_large(self, room: Room, connection: Connection, frame: bytes) -> float:
        """Hand a large frame to its room; returns the seconds of work, raises what `Room.receive` raises.

        An update is read in a thread, and taken in steps: what others write meanwhile gets in before it.
        """
        if frame[0] == SYNC and connection.may_write:
            match decode(frame):
                case SyncUpdate(update):
                    return await self.steps.receive(room, connection, frame, update, UpdateKind.LIVE)
                case SyncStep2(update):
                    return await self.steps.receive(room, connection, frame, update, UpdateKind.ANSWER)
        begun = self._cpu_s()
        room.receive(connection, frame, self.clock())
        return self._cpu_s() - begun

    # -- what others decided ----------------------------------------------------------------------

    def role_changed(self, session_id: str, user_id: str, role: Role) -> None:
        """A membership's new role is committed."""
        self.changes.note()
        if room := self._loaded.get(session_id):
            room.members.set_role(user_id, role)
            if role is Role.OWNER:
                room.quota.own(user_id)

    def member_gone(self, session_id: str, user_id: str, reason: CloseReason) -> None:
        """A membership's end is committed."""
        self.changes.note()
        if room := self._loaded.get(session_id):
            room.members.remove(user_id, reason)

    def user_changed(self, user: Mapping[str, Any]) -> None:
        """A user's new name or picture is committed; `user` as `Connection.user`."""
        self.changes.note()
        for room in self._loaded:
            room.members.rename(user)

    def logins_ended(self, login_ids: Iterable[str], reason: CloseReason) -> None:
        """The end of logins is committed."""
        self.changes.note()
        ended = frozenset(login_ids)
        for room in self._loaded:
            room.members.close([c for c in room.members.connections if c.login_id in ended], reason)

    def login_replaced(self, login_id: str, successor: str) -> None:
        """A user's connections belong to another login of his from now on."""
        self.changes.note()
        for room in self._loaded:
            for connection in room.members.connections:
                if connection.login_id == login_id:
                    connection.login_id = successor

    def status_changed(self, session_id: str, status: Status) -> None:
        """A session's end or reopening is committed."""
        self.changes.note()
        if room := self._loaded.get(session_id):
            room.members.set_open(is_open=status is Status.OPEN)

    def session_deleted(self, session_id: str) -> None:
        """A session's deletion is committed: nothing of it is written any more."""
        self.changes.note()
        self._cache.forget(session_id)
        if room := self._loaded.get(session_id):
            self.writer.forget(room, "the session was deleted")
            self._loaded.evict(room, CloseReason.SESSION_DELETED)
