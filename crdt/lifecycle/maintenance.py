"""Maintains loaded rooms: automatic versions, checkpoints, less memory when idle, and closing."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from crdt.crashmark import CrashMark
from crdt.errors import RoomUnavailable, WorkError
from crdt.lifecycle.compaction import Compactor
from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.lifecycle.log_writer import LogWriter
from crdt.limits import RoomsSettings
from crdt.room.room import Room
from storage.background import end_task, start_task
from storage.errors import StoreError

_REST_MS = 10_000
"""Milliseconds without an edit after which a document is put to rest."""
_REST_BYTES_PER_MS = 64
"""A document rests one millisecond later for each of this many bytes: loading 265 kB again takes
5 ms."""

_BYTES_PER_LOGGED_UPDATE = 32
"""The log after the checkpoint may have one update for each of this many bytes of the document.

A checkpoint costs 0.25 µs a byte, and reading the log 15 µs an update. With 32 bytes for an update,
checkpoints cost an edit 8 µs, however large the document is. Reading the log then takes at most
twice as long as reading the checkpoint.
"""

_LEAST_GROWTH_BYTES = 64 << 10
"""Bytes by which a document must grow before a checkpoint is made because of growth. Most of them
may be deleted content, which a checkpoint drops. While users edit the document, it must also have
doubled.
"""

_PAUSES_PER_CHECKPOINT = 4
"""The server waits this many times the duration of the last checkpoint before a checkpoint because
of growth. So checkpoints take at most a fifth of the time, which is enough for half a megabyte of
edits a second from one editor. While a document is edited and less than half full, the ordinary
interval between checkpoints applies as well.
"""

_TOGETHER = 4
"""Rooms that are maintained together, each of another owner.
Most of the time they wait for the store or a worker."""
_ROOMS_PER_TURN = 64
"""Rooms that are checked in one turn of the event loop. A check whether work is due takes some
microseconds."""

_log = logging.getLogger(__name__)


class VersionMaker(Protocol):
    """Makes automatic versions."""

    def is_due(self, room: Room) -> bool:
        """Whether it is time for an automatic version."""

    async def save_if_due(self, room: Room) -> None:
        """Store a version of the room's document if it is time for one."""


class RoomMaintenance:
    """Maintains rooms: one task checks each room in turn, and each owner has a task for the work.

    So the rooms of one owner are maintained one after another. An owner waits for the rooms of
    other owners at most as long as one room takes. Begin with `start`, end with `stop`.
    """

    def __init__(
        self,
        loaded: LoadedRooms,
        settings: RoomsSettings,
        writer: LogWriter,
        compactor: Compactor,
        versions: VersionMaker,
        clock: Callable[[], int],
        mark: CrashMark,
    ) -> None:
        """clock: milliseconds since 1970; mark: names the session that native code works for."""
        self._loaded = loaded
        self._settings = settings
        self._writer = writer
        self._compactor = compactor
        self._versions = versions
        self._clock = clock
        self._mark = mark
        self._task: asyncio.Task[None] | None = None
        self._together = asyncio.Semaphore(_TOGETHER)
        self._tending: dict[str, asyncio.Task[None]] = {}  # by owner

    def start(self) -> None:
        """Start the task that checks rooms; call this inside the event loop."""
        self._task = start_task(self._run(), "rooms")

    async def stop(self) -> None:
        """End all tasks, and wait until no room is being maintained any more."""
        await end_task(self._task)
        for task in tuple(self._tending.values()):
            await end_task(task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._settings.maintenance_interval_s)
            try:
                await self._look()
            except Exception:
                _log.exception("rooms cannot be maintained")

    async def _look(self) -> None:
        """Start a task for each owner of rooms that need maintenance.

        Does nothing while the store cannot be written.
        """
        # Maintenance waits for the store or a worker, so this loop does not wait for maintenance.
        # If an owner's task is not done yet, this round skips that owner's rooms.
        if self._writer.is_failing:
            return
        due = dict[str, list[Room]]()
        for number, room in enumerate(self._loaded):
            if number % _ROOMS_PER_TURN == _ROOMS_PER_TURN - 1:
                await asyncio.sleep(0)
            if room in self._loaded and self._is_due(room):
                due.setdefault(room.quota.owner_id, []).append(room)
        for owner_id, rooms in due.items():
            if owner_id not in self._tending:
                task = start_task(self._tend_all(rooms), "tend rooms")
                self._tending[owner_id] = task
                task.add_done_callback(partial(self._tended, owner_id))

    def _tended(self, owner_id: str, _: "asyncio.Task[None]") -> None:
        del self._tending[owner_id]

    def _is_due(self, room: Room) -> bool:
        """Whether a room needs work that waits for the store or a worker.

        Work that waits for neither is done here.
        """
        now = self._clock()
        if self._versions.is_due(room) or self._is_grown(room, now):
            return True
        self._rest_if_quiet(room, now)
        return self._is_idle(room, now)

    async def _tend_all(self, rooms: list[Room]) -> None:
        """Do the work that is due for the rooms of one owner."""
        for room in rooms:
            async with self._together:
                if room not in self._loaded or self._writer.is_failing:
                    continue
                try:
                    await self._tend(room)
                except (StoreError, RoomUnavailable, WorkError) as error:
                    _log.warning("session %s is not maintained now: %s", room.session_id, error)
                except Exception:
                    _log.exception("session %s cannot be maintained", room.session_id)

    async def _tend(self, room: Room) -> None:
        now = self._clock()
        await self._versions.save_if_due(room)
        # A redaction holds the room for as long as it takes. Waiting for it would delay the owner's
        # other rooms, and the next round begins in a second.
        if (
            room in self._loaded
            and not self._compactor.is_replacing(room)
            and self._is_grown(room, now)
        ):
            await self._compactor.checkpoint(room)
            await self._compactor.pack(room)
        if (
            room in self._loaded
            and not self._compactor.is_replacing(room)
            and self._is_idle(room, now)
        ):
            await self._close(room)

    def _is_grown(self, room: Room, now: int) -> bool:
        """Whether a checkpoint is due.

        It is due if the log would take long to read, or the document may have much deleted content.
        """
        due = max(self._settings.checkpoint_updates, room.document.size // _BYTES_PER_LOGGED_UPDATE)
        upkeep = room.upkeep
        pause_ms = now - upkeep.checkpointed_at
        has_paused = pause_ms >= self._settings.checkpoint_interval_ms
        is_long = room.journal.sequence - upkeep.checkpointed >= due
        return (is_long and has_paused) or (
            pause_ms >= _PAUSES_PER_CHECKPOINT * upkeep.checkpoint_ms
            and self._is_much_larger(room, now, has_paused=has_paused)
        )

    def _is_much_larger(self, room: Room, now: int, *, has_paused: bool) -> bool:
        """Whether a document has grown by so much that a checkpoint is due.

        has_paused  the ordinary interval is over
        """
        if room.quota.needs_remaining:
            return True
        before, fill = room.upkeep.checkpoint_bytes, room.quota.fill
        growth = fill.size - before
        if now - room.contributions.last_edit_at >= _REST_MS:
            return growth >= _LEAST_GROWTH_BYTES
        is_pressing = has_paused or fill.size > fill.limit // 2
        return is_pressing and growth >= max(_LEAST_GROWTH_BYTES, before)

    def _rest_if_quiet(self, room: Room, now: int) -> None:
        """Release the memory that a document needs only while users type."""
        document = room.document
        quiet_ms = now - room.contributions.last_edit_at
        if not document.is_resting and quiet_ms >= _REST_MS + document.size // _REST_BYTES_PER_MS:
            room.integrate_pending()
            with self._mark.at(room.session_id):
                document.rest()

    def _is_idle(self, room: Room, now: int) -> bool:
        """Note whether a room is used; return whether it has been unused for a while."""
        upkeep = room.upkeep
        if room.is_used:
            upkeep.idle_since = None
        elif upkeep.idle_since is None:
            upkeep.idle_since = now
        return upkeep.idle_since is not None and now - upkeep.idle_since >= self._settings.idle_ms

    async def _close(self, room: Room) -> None:
        """Checkpoint and close a room, unless a client joins meanwhile."""
        await self._compactor.checkpoint(room)
        await self._compactor.pack(room, is_closing=True)
        # A client may have joined or edited while the checkpoint was made. Nothing is awaited
        # between this check and the removal, so no client can join in between.
        if not room.is_used and room.journal.is_saved:
            self._loaded.remove(room)
