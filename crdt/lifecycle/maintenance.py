"""Maintenance of loaded rooms: automatic versions, checkpoints, rest, and closing those nobody uses."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from crdt.crashmark import CrashMark
from crdt.errors import RoomUnavailable, WorkError
from crdt.lifecycle.compaction import Compactor
from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.lifecycle.log_writer import LogWriter
from crdt.limits import RoomsSettings
from crdt.room.room import Room
from storage.background import end_task
from storage.errors import StoreError

_REST_MS = 10_000
_REST_BYTES_PER_MS = 64
"""Loading a document again takes longer the larger it is: 5 ms for 265 kB."""

_BYTES_PER_LOGGED_UPDATE = 32
"""A checkpoint costs 0.25 µs a byte, reading the log behind it 15 µs an update. With one for each so many bytes the
first costs an edit 8 µs however large the document is, and the second takes no more than twice as long as the first."""

_LEAST_GROWTH_BYTES = 64 << 10
"""A document that has grown by this much, and by as much as it had, may be mostly deleted content.

If nobody edits it now, the first is enough.
"""

_PAUSES_PER_CHECKPOINT = 4
"""Checkpoints because of growth take at most a fifth of the time: of one editor's edits, half a megabyte a second.

As long as a document is edited and is less than half full, nothing presses: then the ordinary interval applies, too.
"""

_log = logging.getLogger(__name__)


class VersionMaker(Protocol):
    """Makes automatic versions."""

    async def save_if_due(self, room: Room) -> None:
        """Store a version of the room's document if it is time for one."""


class RoomMaintenance:
    """One task of the process that looks at each room in turn: `start`, `stop`."""

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
        """clock: milliseconds since 1970; mark: where it is written whom native code works for."""
        self._loaded = loaded
        self._settings = settings
        self._writer = writer
        self._compactor = compactor
        self._versions = versions
        self._clock = clock
        self._mark = mark
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call inside the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="rooms")

    async def stop(self) -> None:
        await end_task(self._task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._settings.maintenance_interval_s)
            for room in self._loaded:
                if room not in self._loaded:
                    continue
                try:
                    await self._maintain(room)
                except (StoreError, RoomUnavailable, WorkError) as error:
                    _log.warning("session %s is not tended now: %s", room.session_id, error)
                except Exception:
                    _log.exception("session %s cannot be tended", room.session_id)

    async def _maintain(self, room: Room) -> None:
        """Do what is due for one room; nothing while the store is away."""
        if self._writer.is_failing:
            return
        now = self._clock()
        await self._versions.save_if_due(room)
        if room not in self._loaded:
            return
        await self._checkpoint_if_grown(room, now)
        self._rest_if_quiet(room, now)
        await self._close_if_idle(room, now)

    async def _checkpoint_if_grown(self, room: Room, now: int) -> None:
        """Checkpoint a room whose log would take long to read, and pack the log up to there."""
        due = max(self._settings.checkpoint_updates, room.document.size // _BYTES_PER_LOGGED_UPDATE)
        upkeep = room.upkeep
        pause_ms = now - upkeep.checkpointed_at
        has_paused = pause_ms >= self._settings.checkpoint_interval_ms
        is_long = room.journal.sequence - upkeep.checkpointed >= due
        if (is_long and has_paused) or (
            pause_ms >= _PAUSES_PER_CHECKPOINT * upkeep.checkpoint_ms
            and self._is_much_larger(room, now, has_paused=has_paused)
        ):
            await self._compactor.checkpoint(room)
            await self._compactor.pack(room)

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
        """Release the memory that a document needs only while people type."""
        document = room.document
        quiet_ms = now - room.contributions.last_edit_at
        if not document.is_resting and quiet_ms >= _REST_MS + document.size // _REST_BYTES_PER_MS:
            room.integrate_pending()
            with self._mark.at(room.session_id):
                document.rest()

    async def _close_if_idle(self, room: Room, now: int) -> None:
        """Checkpoint and close a room that nobody has used for a while."""
        upkeep = room.upkeep
        if room.is_used:
            upkeep.idle_since = None
        elif upkeep.idle_since is None:
            upkeep.idle_since = now
        elif now - upkeep.idle_since >= self._settings.idle_ms:
            await self._compactor.checkpoint(room)
            await self._compactor.pack(room, is_closing=True)
            if not room.is_used and room.journal.is_saved:  # type: ignore[redundant-expr]  # somebody may have come meanwhile
                self._loaded.remove(room)
