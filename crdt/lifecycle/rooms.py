"""All rooms of the process: load once, write together, checkpoint, close when idle, drain.

One task writes the logs of all rooms in groups (`log_writer`), and another one maintains rooms
(`maintenance`). `start` starts both, and `drain` ends them.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
from crdt.room.context import RoomContext
from crdt.room.room import Room
from crdt.storage_quota import StorageQuota
from storage.base import Store
from storage.errors import StoreError


class Rooms:
    """All rooms of the process.

    changes        applies committed changes of memberships, logins and sessions to rooms
    compactor      makes checkpoints and packs logs
    steps          does long work on single rooms in steps
    storage_quota  limits the storage of each user's sessions
    """

    def __init__(
        self,
        store: Store,
        settings: RoomsSettings,
        environment: Environment,
        loaded: LoadedRooms,
        writer: LogWriter,
        versions: VersionMaker,
        changes: Changes,
    ) -> None:
        """loaded: the same object as in `writer` and `changes`."""
        self.clock = environment.clock
        self.quarantine = environment.quarantine
        self.changes = changes
        self.writer = writer
        self.compactor = Compactor(store, writer, environment, settings.room.deleted_bytes)
        work = DocumentWork(environment.workers, environment.mark)
        self._loaded = loaded
        self._is_draining = False
        self._large_answers = LargeAnswers(work)
        self.steps = RoomSteps(environment.cpu_s, environment.clock, environment.mark)
        context = RoomContext(
            limits=settings.room,
            sink=writer,
            scheduler=BroadcastScheduler(
                settings.room.presence_interval_ms / 1_000, environment.clock
            ),
            random_below=environment.random_below,
            encode=environment.encode,
            mark=environment.mark,
            limit_counters=environment.limit_counters,
            cpu_s=environment.cpu_s,
            accepts_foreign=environment.accepts_foreign,
            large_answers=self._large_answers,
        )
        opener = DocumentOpener(work, environment)
        self._loader = RoomLoader(
            store, context, loaded, changes, settings.chunks_per_read, opener, environment.clock
        )
        self.storage_quota = StorageQuota(store, settings, loaded, environment.limit_counters)
        self._maintenance = RoomMaintenance(
            loaded, settings, writer, self.compactor, versions, environment.clock, environment.mark
        )

    # -- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start to write and maintain rooms; call this inside the event loop."""
        self.writer.start()
        self._maintenance.start()
        self.storage_quota.start()

    async def drain(self, grace_s: float) -> bool:
        """Close all connections with 1012, and write and checkpoint all rooms.

        Returns whether all updates are stored.
        """
        self._is_draining = True
        for room in self._loaded:
            # First no client may edit any more. The work that follows is then limited.
            room.members.close(room.members.connections, CloseReason.RESTART)
        await self._maintenance.stop()
        await self.storage_quota.stop()
        await self._large_answers.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                # The log is written before the checkpoints: an update in the log is safe, and a
                # checkpoint only makes the next start faster.
                await self.writer.drain()
                for room in self._loaded:
                    # Without a checkpoint the room is loaded from the log, which only takes longer.
                    with contextlib.suppress(StoreError, RoomUnavailable, WorkersBusy):
                        await self.compactor.checkpoint(room)
                await self._loader.finish()
        await self.writer.stop()
        return all(room.journal.is_saved for room in self._loaded)

    @property
    def loaded(self) -> int:
        """The number of rooms in memory."""
        return len(self._loaded)

    @property
    def quarantined(self) -> int:
        """The number of sessions out of service: set aside, or found damaged since the start."""
        return len(self._loader.damaged.union(self.quarantine.set_aside(self.clock())))

    @property
    def half_full(self) -> int:
        """The number of loaded documents that fill more than half of their limit."""
        return sum(room.quota.fill.is_half_full for room in self._loaded)

    def fill(self, session_id: str) -> Fill | None:
        """Return how full a session's document is; None if it is not loaded."""
        room = self._loaded.get(session_id)
        return room.quota.fill if room else None

    def online(self, session_id: str) -> frozenset[str]:
        """Return the ids of users who are connected to a session."""
        room = self._loaded.get(session_id)
        return (
            frozenset(connection.user_id for connection in room.members.connections)
            if room
            else frozenset()
        )

    def logins(self) -> set[str]:
        """Return the ids of the logins of all connections."""
        return {
            connection.login_id for room in self._loaded for connection in room.members.connections
        }

    # -- use --------------------------------------------------------------------------------------

    def find(self, session_id: str) -> Room | None:
        """Return a room if it is loaded."""
        return self._loaded.get(session_id)

    def check_in_service(self, session_id: str) -> None:
        """Raise RoomUnavailable if the server is stopping, or RoomSetAside."""
        if self._is_draining:
            raise RoomUnavailable("the server is stopping")
        if wait_ms := self.quarantine.wait_ms(session_id, self.clock()):
            raise RoomSetAside(f"out of service for {math.ceil(wait_ms / 60_000)} minutes")

    @asynccontextmanager
    async def use(self, session_id: str, user_id: str = "") -> AsyncIterator[Room]:
        """Load a room if need be, and keep it loaded while a block runs.

        user_id  the user who waits for the room, and whose work loading it is; all callers in the
                 server pass it

        Raises NotFound, RoomDamaged, RoomSetAside,
        or RoomUnavailable while the server stops or the store cannot be reached.
        """
        self.check_in_service(session_id)
        room = self._loaded.get(session_id)
        # Loading returns after the room was put into memory. Before this task goes on, the room may
        # have been closed again. So the loop looks it up, and loads it again if need be.
        while room is None:
            await self._loader.load(session_id, user_id)
            room = self._loaded.get(session_id)
        if self._is_draining:
            raise RoomUnavailable("the server is stopping")
        # Nothing was awaited since the room was found, so it cannot have been closed before it is
        # pinned.
        room.upkeep.pins += 1
        try:
            yield room
        finally:
            room.upkeep.pins -= 1
