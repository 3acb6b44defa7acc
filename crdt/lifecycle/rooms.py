"""All rooms of the process: load once, write together, checkpoint, close when idle, drain.

One task writes the logs of all rooms in groups (`writer`), one looks after rooms (`tending`); both belong to
`start` and `drain`.
"""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from crdt.closing import CloseReason
from crdt.crashmark import CrashMark
from crdt.errors import RoomDamaged, RoomSetAside, RoomUnavailable
from crdt.lifecycle import loading
from crdt.lifecycle.compaction import Keeper
from crdt.lifecycle.dispatch import Turns
from crdt.lifecycle.log_writer import Writer
from crdt.lifecycle.maintenance import Tender
from crdt.limits import RoomsSettings
from crdt.quarantine import Quarantine
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire.content import LIVE_LIMITS, SYNC_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import read
from crdt.wire.y_protocol import SYNC, SyncStep2, SyncUpdate, decode
from storage.base import Store
from storage.errors import NotFound, StoreError, StoreUnavailable
from storage.records import Role, Status

_log = logging.getLogger(__name__)


class Rooms:
    """The loaded rooms by session id.

    changes  counts changes of memberships, logins and sessions; whoever reads one of them and then
             awaits compares it before acting, so that no change slips through in between
    """

    def __init__(
        self,
        store: Store,
        settings: RoomsSettings,
        *,
        clock: Callable[[], int],
        random_below: Callable[[int], int],
        accepts_foreign: bool,
        encode: Callable[[bytes], bytes] = bytes,
        mark: CrashMark | None = None,
        quarantine: Quarantine | None = None,
        reached: Counter[str] | None = None,
    ) -> None:
        """clock returns milliseconds since 1970; accepts_foreign: see `StructIndex.admit`; encode: see `Broadcast`.

        mark        where it is written whom native code works for
        quarantine  which sessions are set aside
        reached     see `Room`
        """
        self._reached: Counter[str] = Counter() if reached is None else reached
        self.settings = settings
        self.clock = clock
        self.changes = 0
        self.on_deleted: Callable[[str], None] = lambda _session_id: None
        self._store = store
        self._random_below = random_below
        self._accepts_foreign = accepts_foreign
        self._rooms: dict[str, Room] = {}
        self._loading: dict[str, asyncio.Task[Room]] = {}
        self._encode = encode
        self.mark = mark or CrashMark()
        self.quarantine = quarantine or Quarantine()
        self._damaged: set[str] = set()
        self._turns = Turns(settings.room.presence_interval_ms / 1_000, clock)
        self._is_draining = False
        self.writer = Writer(store, settings.flush_delay_s, clock)
        self._listeners = self.writer.wrote, self._has_memory, self._restart
        self.keeper = Keeper(store, self.writer, clock, self.mark)
        """Makes checkpoints and packs logs."""
        self.tender = Tender(self._rooms, settings, self.writer, self.keeper, clock, self.mark)

    # -- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write and tend; call inside the event loop."""
        self.writer.start()
        self.tender.start()

    async def drain(self, grace_s: float) -> bool:
        """Close everybody with 1012, write and checkpoint everything; return whether all of it is stored."""
        self._is_draining = True
        for room in list(self._rooms.values()):
            room.close(room.connections, CloseReason.RESTART)
        await self.tender.stop()
        await asyncio.gather(*self._loading.values(), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.writer.drain()
                for room in list(self._rooms.values()):
                    with contextlib.suppress(StoreError, RoomUnavailable):  # the log is enough to start from
                        await self.keeper.checkpoint(room)
        await self.writer.stop()
        return all(room.journal.is_saved for room in self._rooms.values())

    @property
    def loaded(self) -> int:
        return len(self._rooms)

    @property
    def quarantined(self) -> int:
        """How many sessions are out of service: set aside now, or found damaged since the start."""
        return len(self._damaged.union(self.quarantine.set_aside(self.clock())))

    def online(self, session_id: str) -> frozenset[str]:
        """Return the ids of users who are connected to a session."""
        room = self._rooms.get(session_id)
        return frozenset(connection.user_id for connection in room.connections) if room else frozenset()

    def logins(self) -> set[str]:
        """Return the logins that connections came with."""
        return {connection.login_id for room in self._rooms.values() for connection in room.connections}

    # -- use --------------------------------------------------------------------------------------

    def find(self, session_id: str) -> Room | None:
        """Return a room if it is loaded."""
        return self._rooms.get(session_id)

    @asynccontextmanager
    async def use(self, session_id: str) -> AsyncIterator[Room]:
        """Load a room if need be and keep it loaded inside the block.

        Raises NotFound, RoomDamaged, RoomSetAside, or RoomUnavailable while stopping or with the store away.
        """
        if self._is_draining:
            raise RoomUnavailable("the server is stopping")
        if wait_ms := self.quarantine.wait_ms(session_id, self.clock()):
            raise RoomSetAside(f"out of service for {math.ceil(wait_ms / 60_000)} minutes")
        room = self._rooms.get(session_id)
        while room is None:
            await asyncio.shield(self._load_once(session_id))
            room = self._rooms.get(session_id)
        if self._is_draining:
            raise RoomUnavailable("the server is stopping")
        room.pins += 1
        try:
            yield room
        finally:
            room.pins -= 1

    def receive(self, room: Room, connection: Connection, frame: bytes, parsed: Parsed | None = None) -> None:
        """Hand a frame to its room; raises what `Room.receive` raises."""
        room.receive(connection, frame, self.clock(), parsed)

    def _has_memory(self, size: int) -> bool:
        return self.writer.unsaved_bytes + size <= self.settings.unsaved_bytes

    async def receive_large(self, room: Room, connection: Connection, frame: bytes) -> None:
        """The same, with the update scanned in a thread: 33 ms for a state of 289 kB (facts/pycrdt.md)."""
        parsed = None
        if connection.role.allows(Role.EDITOR) and frame[0] == SYNC:
            match decode(frame):
                case SyncStep2(update):
                    parsed = await asyncio.to_thread(read, update, SYNC_LIMITS)
                case SyncUpdate(update):
                    parsed = await asyncio.to_thread(read, update, LIVE_LIMITS)
        self.receive(room, connection, frame, parsed)

    # -- what others decided ----------------------------------------------------------------------

    def role_changed(self, session_id: str, user_id: str, role: Role) -> None:
        """A membership's new role is committed."""
        self.changes += 1
        if room := self._rooms.get(session_id):
            room.set_role(user_id, role)

    def member_gone(self, session_id: str, user_id: str, reason: CloseReason) -> None:
        """A membership's end is committed."""
        self.changes += 1
        if room := self._rooms.get(session_id):
            room.close([c for c in room.connections if c.user_id == user_id], reason)

    def user_changed(self, user: Mapping[str, Any]) -> None:
        """A user's new name or picture is committed; `user` as `Connection.user`."""
        self.changes += 1
        for room in self._rooms.values():
            room.rename(user)

    def logins_ended(self, login_ids: Iterable[str], reason: CloseReason) -> None:
        """The end of logins is committed."""
        self.changes += 1
        ended = frozenset(login_ids)
        for room in self._rooms.values():
            room.close([c for c in room.connections if c.login_id in ended], reason)

    def login_replaced(self, login_id: str, successor: str) -> None:
        """A user's connections belong to another login of his from now on."""
        self.changes += 1
        for room in self._rooms.values():
            for connection in room.connections:
                if connection.login_id == login_id:
                    connection.login_id = successor

    def status_changed(self, session_id: str, status: Status) -> None:
        """A session's end or reopening is committed."""
        self.changes += 1
        if room := self._rooms.get(session_id):
            room.set_open(is_open=status is Status.OPEN)

    def session_deleted(self, session_id: str) -> None:
        """A session's deletion is committed: nothing of it is written any more."""
        self.changes += 1
        self.on_deleted(session_id)
        if room := self._rooms.get(session_id):
            self.writer.forget(room, "the session was deleted")
            self._evict(room, CloseReason.SESSION_DELETED)

    def _restart(self, room: Room) -> None:
        self._evict(room, CloseReason.RESTART)

    def _evict(self, room: Room, reason: CloseReason) -> None:
        self._rooms.pop(room.session_id, None)
        self._turns.forget(room)
        room.close(room.connections, reason)

    # -- loading ----------------------------------------------------------------------------------

    def _load_once(self, session_id: str) -> "asyncio.Task[Room]":
        task = self._loading.get(session_id)
        if task is None or task.done():
            task = asyncio.get_running_loop().create_task(self._load(session_id), name="load room")
            self._loading[session_id] = task
            task.add_done_callback(lambda done: self._loaded(session_id, done))
        return task

    def _loaded(self, session_id: str, task: "asyncio.Task[Room]") -> None:
        if self._loading.get(session_id) is task:
            del self._loading[session_id]
        if not task.cancelled():
            task.exception()  # also retrieved here, should every waiter have been cancelled

    async def _load(self, session_id: str) -> Room:
        try:
            restored, checkpointed = await loading.load(
                self._store, session_id, self.settings.chunks_per_read, self.mark
            )
            while True:
                changes = self.changes
                session = await self._store.session(session_id)
                if changes == self.changes:
                    break
        except StoreUnavailable as error:
            raise RoomUnavailable("the store is away") from error
        except RoomDamaged:
            _log.error("session %s is damaged in the store", session_id, exc_info=True)
            self._damaged.add(session_id)
            raise
        self._damaged.discard(session_id)
        if session is None:
            raise NotFound("session")
        room = Room(
            session_id,
            restored,
            self.settings.room,
            random_below=self._random_below,
            checkpointed=checkpointed,
            main_root=session.main_root,
            is_open=session.status is Status.OPEN,
            accepts_foreign=self._accepts_foreign,
            encode=self._encode,
            mark=self.mark,
            reached=self._reached,
        )
        room.on_edit, room.has_memory, room.on_lost = self._listeners
        self._turns.serve(room)
        self._rooms[session_id] = room
        return room
