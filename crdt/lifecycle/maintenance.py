"""Looks after rooms: automatic versions, checkpoints of those that grew, rest and closing for those nobody uses."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from crdt.crashmark import CrashMark
from crdt.errors import RoomUnavailable
from crdt.lifecycle.compaction import Keeper
from crdt.lifecycle.log_writer import Writer
from crdt.limits import RoomsSettings
from crdt.room.room import Room
from storage.errors import StoreError

_REST_MS = 10_000
_REST_BYTES_PER_MS = 64
"""Loading a document again takes longer the larger it is: 5 ms for 265 kB."""

_BYTES_PER_LOGGED_UPDATE = 32
"""A checkpoint costs 0.25 µs a byte, reading the log behind it 15 µs an update. With one for each so many bytes the
first costs an edit 8 µs however large the document is, and the second takes no more than twice as long as the first."""

_log = logging.getLogger(__name__)


class Tender:
    """One task of the process: `start`, `stop`.

    on_tend  called with each room, to make versions
    """

    def __init__(
        self,
        rooms: dict[str, Room],
        settings: RoomsSettings,
        writer: Writer,
        keeper: Keeper,
        clock: Callable[[], int],
        mark: CrashMark,
    ) -> None:
        """rooms: all that are loaded; those that are closed are taken out.

        clock  milliseconds since 1970
        mark   where it is written whom native code works for
        """
        self.on_tend: Callable[[Room], Awaitable[None]] | None = None
        self._rooms = rooms
        self._settings = settings
        self._writer = writer
        self._keeper = keeper
        self._clock = clock
        self._mark = mark
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call inside the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="rooms")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._settings.tend_interval_s)
            for room in list(self._rooms.values()):
                if self._rooms.get(room.session_id) is not room:
                    continue
                try:
                    await self._tend(room)
                except (StoreError, RoomUnavailable) as error:
                    _log.warning("session %s is not tended now: %s", room.session_id, error)
                except Exception:
                    _log.exception("session %s cannot be tended", room.session_id)

    async def _tend(self, room: Room) -> None:
        """Checkpoint a room that grew, close one that nobody uses."""
        if self._writer.is_failing:
            return
        now = self._clock()
        if self.on_tend:
            await self.on_tend(room)
        if self._rooms.get(room.session_id) is not room:
            return
        due = max(self._settings.checkpoint_updates, room.document.size // _BYTES_PER_LOGGED_UPDATE)
        grown = room.journal.sequence - room.checkpointed >= due
        if grown and now - room.checkpointed_at >= self._settings.checkpoint_interval_ms:
            await self._keeper.checkpoint(room)
            await self._keeper.pack(room)
        document = room.document
        quiet_ms = now - room.contributions.last_edit_at
        if not document.is_resting and quiet_ms >= _REST_MS + document.size // _REST_BYTES_PER_MS:
            room.settle()
            with self._mark.at(room.session_id):
                document.rest()
        if room.is_used:
            room.idle_since = None
        elif room.idle_since is None:
            room.idle_since = now
        elif now - room.idle_since >= self._settings.idle_ms:
            await self._keeper.checkpoint(room)
            await self._keeper.pack(room, is_closing=True)
            if not room.is_used and room.journal.is_saved:
                self._rooms.pop(room.session_id, None)
