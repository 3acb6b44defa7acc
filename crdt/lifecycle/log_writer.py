"""Commits the new updates of all rooms together, and tries again until they are stored.

There is one writer in the process. See docs/design/storage.md.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from crdt.errors import RoomDamaged, RoomUnavailable
from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.limits import RoomsSettings
from crdt.room.context import LogSource
from storage.background import end_task, start_task
from storage.base import RoomStore
from storage.errors import LogConflict, RowDamaged, StoreError
from storage.records import Chunk

_T = TypeVar("_T")

_CHUNKS_PER_COMMIT = 100
"""Chunks of one transaction. If the store refuses one of them, all are committed one by one."""
_ROOMS_PER_TURN = 20
"""Rooms handled in one turn of the event loop. For each, integrating and encoding its keystrokes
takes about 0.1 ms, and telling their authors takes as long again."""
_GATHERED_AT_MOST = 4_000
"""Updates that are gathered for one commit. Encoding and merging more of them would hold the event
loop for over 15 ms."""

_LEAST_DELAY_S = 0.2
"""Seconds for which updates are gathered, at least. A commit every 100 ms instead of every 250
would add 8 % to the cost of a class of fifty, for commits and for waking up."""

_DELAY_PER_ROOM_S = 0.005
"""Seconds of gathering for each room with updates. A chunk costs a tenth of a millisecond, however
large it is, so two hundred chunks a second are enough."""

_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 5.0

_log = logging.getLogger(__name__)


class LogWriter:
    """Commits the new chunks of all rooms in one transaction.

    A commit takes about as long for a hundred chunks as for one chunk. Databases do the same with
    transactions that come together ("group commit"): see Gray and Reuter, "Transaction Processing"
    (1993), and `commit_delay` in PostgreSQL's manual. The first update waits a little for other
    updates, as in these databases.

    The invariant: at most one chunk of each room is being stored, and the same bytes are sent to
    the store until they are stored. An example: rooms A and B have 3 and 1 updates. One call stores
    both chunks, but its answer gets lost. Both rooms send these chunks again, without the updates
    that came meanwhile. The store finds that it has them. Only then "saved" is sent, and the next
    chunks have the updates that came since.

    is_failing     the last attempt failed: the store cannot be written
    unsaved_bytes  bytes that all rooms together still have to write
    """

    def __init__(
        self,
        store: RoomStore,
        settings: RoomsSettings,
        clock: Callable[[], int],
        loaded: LoadedRooms,
    ) -> None:
        """clock: milliseconds since 1970; loaded: told of rooms whose log cannot be written."""
        self.is_failing = False
        self.unsaved_bytes = 0
        self._store = store
        self._settings = settings
        self._clock = clock
        self._loaded = loaded
        self._gathered = 0
        self._dirty: dict[LogSource, None] = {}
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._waiting: list[tuple[LogSource, int, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that writes; call this inside the event loop."""
        self._task = start_task(self._run(), "writer")

    async def stop(self) -> None:
        """Stop writing; tasks that wait get RoomUnavailable."""
        await end_task(self._task)
        self._fail_waiting("the server is stopping")

    async def drain(self) -> None:
        """Return when all updates are stored."""
        while self._dirty:
            # The store may be unreachable while the server stops. Then this goes on until the
            # caller's grace period is over.
            for room in list(self._dirty):
                try:
                    await self.saved(room, room.journal.sequence)
                except RoomUnavailable:
                    await asyncio.sleep(_FIRST_RETRY_S)

    def has_capacity(self, size: int) -> bool:
        """Whether all rooms together may keep `size` more bytes that are not saved."""
        return self.unsaved_bytes + size <= self._settings.unsaved_bytes

    def wrote(self, source: LogSource, size: int) -> None:
        """Note that a room has new updates to write, of `size` bytes."""
        self.unsaved_bytes += size
        self._dirty[source] = None
        self._gathered += 1
        if self._gathered == 1:
            self._wake.set()
        elif self._gathered == _GATHERED_AT_MOST:
            self._hurry.set()

    def forget(self, room: LogSource, why: str) -> None:
        """Stop writing a room; tasks that wait for it get RoomUnavailable."""
        self._dirty.pop(room, None)
        self._fail_waiting(why, room)

    async def saved(self, room: LogSource, sequence: int) -> None:
        """Return when the store has the room's log up to `sequence`.

        Raises RoomUnavailable if a commit fails.
        """
        if room.journal.saved_sequence >= sequence:
            return
        if room not in self._dirty:
            raise RoomUnavailable("the room was closed")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((room, sequence, future))
        self._hurry.set()
        await future

    async def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while True:
            # The flag is cleared before writing, not after it. An update that comes while the store
            # writes sets it again, so no update is missed.
            await self._wake.wait()
            await self._gather()
            self._wake.clear()
            self._gathered = 0
            try:
                await self._write_all()
            # The delay doubles up to five seconds. So a store that works again is not flooded with
            # attempts, and users do not wait long.
            except Exception as error:  # after any error there must be a next attempt
                self._note_failure(error)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, _LAST_RETRY_S)
                continue
            if self.is_failing:
                _log.info("the store can be written again")
            self.is_failing = False
            retry_s = _FIRST_RETRY_S

    async def _gather(self) -> None:
        """Let updates gather, as long as no task waits for one of them."""
        # A task waits until an update is stored, for a request's answer or to close a room: commit
        # now.
        if self._waiting or self._gathered >= _GATHERED_AT_MOST:
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._hurry.clear()
        # The delay grows while updates of more rooms come in, so it is computed again each time it
        # has passed.
        while (deadline := began + self._delay()) > loop.time():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._hurry.wait()
                    return

    def _delay(self) -> float:
        """Return how long to gather updates: longer if more rooms have updates to write."""
        return min(
            self._settings.flush_delay_s, max(_LEAST_DELAY_S, _DELAY_PER_ROOM_S * len(self._dirty))
        )

    def _note_failure(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            _log.error("writing failed with an unexpected error", exc_info=error)
        elif not self.is_failing:
            _log.error("the store cannot be written, edits are kept in memory: %s", error)
        self.is_failing = True
        self._fail_waiting("the store is away")
        self._wake.set()

    async def _write_all(self) -> None:
        rooms = list(self._dirty)
        for at in range(0, len(rooms), _CHUNKS_PER_COMMIT):
            batch = await self._collect(rooms[at : at + _CHUNKS_PER_COMMIT])
            try:
                await self._commit(batch)
            except (LogConflict, RowDamaged):
                # One room's log differs from the log in the store, and the transaction was undone
                # for all rooms. Only single commits show which room it is. This is rare, so it may
                # cost a hundred commits.
                for pair in batch:
                    await self._commit_alone(pair)
        self.unsaved_bytes = sum(room.journal.unsaved_bytes for room in self._dirty)

    async def _collect(self, rooms: Iterable[LogSource]) -> list[tuple[LogSource, Chunk]]:
        """Return the chunk of each room that still has updates to write."""
        batch = []
        async for room in _in_turns(rooms):
            if room not in self._dirty:
                continue
            chunk = self._take(room, self._clock())
            if chunk:
                batch.append((room, chunk))
        return batch

    def _take(self, room: LogSource, now: int) -> Chunk | None:
        """Return the next chunk of a room to write.

        If the room's edits cannot be kept, close the connections of all its clients.
        """
        try:
            return room.next_chunk(now)
        except RoomDamaged:
            _log.exception(
                "session %s has edits that cannot be kept; its room is loaded again",
                room.session_id,
            )
            self._lose(room, "the room is loaded again")
            return None

    async def _commit(self, batch: Iterable[tuple[LogSource, Chunk]]) -> None:
        # One transaction serves many rooms: writing to disk and waiting for it costs about the same
        # for one chunk as for a hundred. A commit for each room would multiply that cost.
        gone = await self._store.append_chunks([chunk for _, chunk in batch])
        async for room, _ in _in_turns(batch):
            if room.session_id in gone:
                self._lose(room, "the session is gone")
                continue
            # Clients are told "saved" only now. An answer before the commit would be a promise that
            # a crash breaks.
            room.saved()
            if room.journal.is_saved:
                self._dirty.pop(room, None)
            else:
                self._wake.set()
        self._resolve_waiters()

    async def _commit_alone(self, pair: tuple[LogSource, Chunk]) -> None:
        """Commit one chunk.

        If the log in the store differs from the room's log, close the room, to be loaded again.
        """
        try:
            await self._commit([pair])
        except LogConflict:
            room = pair[0]
            _log.error(
                "the log of session %s was changed by someone else; its room is closed",
                room.session_id,
            )
            self._lose(room, "the room is loaded again")
        except RowDamaged as error:
            room = pair[0]
            _log.error(
                "the log of session %s cannot be written: %s; its room is closed",
                room.session_id,
                error,
            )
            self._lose(room, "its log is damaged")

    def _lose(self, room: LogSource, why: str) -> None:
        self.forget(room, why)
        self._loaded.lost(room)

    def _resolve_waiters(self) -> None:
        """Wake the tasks whose updates are stored now."""
        waiting, self._waiting = self._waiting, []
        for room, sequence, future in waiting:
            if future.done():
                continue
            if room.journal.saved_sequence >= sequence:
                future.set_result(None)
            else:
                self._waiting.append((room, sequence, future))

    def _fail_waiting(self, why: str, only: LogSource | None = None) -> None:
        waiting, self._waiting = self._waiting, []
        for room, sequence, future in waiting:
            if only not in (None, room):
                self._waiting.append((room, sequence, future))
            elif not future.done():
                future.set_exception(RoomUnavailable(why))


async def _in_turns(items: Iterable[_T]) -> AsyncIterator[_T]:
    """Yield items, and let other tasks of the event loop run in between."""
    for number, item in enumerate(items, 1):
        yield item
        if number % _ROOMS_PER_TURN == 0:
            await asyncio.sleep(0)
