"""Makes a room's stored data small and quick to load, by checkpoints and by packing the old log.

See docs/design/concurrency.md.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial

from crdt.errors import ProtocolError, RoomDamaged, WorkerDied, WorkTooLarge
from crdt.fair_queue import FairQueue, Payer
from crdt.keyed_locks import KeyedLocks
from crdt.lifecycle.environment import Environment
from crdt.lifecycle.log_writer import LogWriter
from crdt.log import authorship, checkpoints, segments
from crdt.log.checkpoints import DocumentState, NewCheckpoint
from crdt.room.room import Room
from storage.base import RoomStore
from storage.errors import NotFound

_COMPACTION_PAUSE_MS = 10_000
_PAUSES_PER_COMPACTION = 4
_TRIES = 3
"""How often `compact` is tried in a document that is being edited: an edit may undo a try."""

_DEADLINE_S = 30.0

_TOGETHER = 4
"""Most rooms that are worked on at the same time. The document of each, or an old part of its log,
is in memory twice."""
_WAITING_EACH, _WAITING = 16, 64
"""Rooms of one owner, and of all owners, that may wait for their turn."""
_WAIT_S = 60.0
"""Seconds that a room waits for its turn at most."""

_log = logging.getLogger(__name__)


class Compactor:
    """Works on a few rooms at a time: in threads, or in worker processes for large documents.

    Only one task at a time replaces the stored data of a room: see `replacing`.
    """

    def __init__(
        self, store: RoomStore, writer: LogWriter, environment: Environment, kept_bytes: int
    ) -> None:
        """kept_bytes: bytes of deleted content that stay in a checkpoint."""
        self._replacing = KeyedLocks()
        self._slots = FairQueue(_TOGETHER, _WAITING_EACH, _WAITING, _WAIT_S)
        self._store = store
        self._writer = writer
        self._clock = environment.clock
        self._mark = environment.mark
        self._workers = environment.workers
        self._kept_bytes = kept_bytes
        self._fill_changed = environment.fill_changed

    def replacing(self, session_id: str) -> AbstractAsyncContextManager[None]:
        """Return a block in which no other task replaces a session's stored log and checkpoint."""
        return self._replacing.of(session_id)

    def is_replacing(self, room: Room) -> bool:
        """Whether a task is replacing a room's stored data, or waits for that."""
        return room.session_id in self._replacing

    @asynccontextmanager
    async def _working(self, room: Room, *, is_maintenance: bool) -> AsyncIterator[None]:
        """Run a block that replaces a room's stored data, when it is the owner's turn."""
        async with self.replacing(room.session_id):
            payer = Payer(room.quota.owner_id, is_maintenance=is_maintenance)
            async with self._slots.slot(payer):
                yield

    async def checkpoint(self, room: Room) -> None:
        """Store the document as it is now, if it changed or its quota needs that.

        First waits until the log is stored up to there. Raises StoreUnavailable, RoomUnavailable or
        WorkersBusy; then the stored log is enough to load the room.
        """
        async with self._working(room, is_maintenance=True):
            if room.journal.sequence != room.upkeep.checkpointed or room.quota.needs_remaining:
                await self.checkpoint_now(room, is_maintenance=True)

    async def checkpoint_now(
        self, room: Room, kept_bytes: int | None = None, *, is_maintenance: bool = False
    ) -> bool:
        """Store the document even if nothing changed; return whether it is stored.

        The caller must be inside `replacing`.

        kept_bytes      bytes of deleted content to keep; None keeps the usual number
        is_maintenance  no user waits for it

        Raises as `checkpoint`.
        """
        # The whole room is read before anything is awaited: log position, state, clocks and owners
        # must be of the same moment.
        sequence, now = room.journal.sequence, self._clock()
        room.upkeep.checkpointed_at = now
        room.integrate_pending()
        document = self._read(room, sequence)
        # The log must have everything that the checkpoint has. If the checkpoint was stored first
        # and the process died, the next log entries would follow a position that is not in the log.
        await self._writer.saved(room, sequence)
        upkeep = room.upkeep
        try:
            payer = Payer(room.quota.owner_id, is_maintenance=is_maintenance)
            made = await self._make(
                payer, room, document, self._kept_bytes if kept_bytes is None else kept_bytes
            )
            await self._store.put_checkpoint(made.checkpoint)
        except NotFound:
            return False
        except (RoomDamaged, ProtocolError, WorkTooLarge, WorkerDied):
            _log.exception("session %s gets no checkpoint, its log is kept", room.session_id)
            return False
        finally:
            upkeep.checkpoint_ms = self._clock() - now
        upkeep.checkpointed = sequence
        # The room continues with the smaller state, unless its base was merged again meanwhile. The
        # checkpoint is stored in both cases.
        if room.document.replace_base(document.parts, made.state, made.merged):
            upkeep.checkpoint_bytes = room.document.size
            self._note_remaining(room, made.author_bytes)
        return True

    def _read(self, room: Room, sequence: int) -> DocumentState:
        """Return the room's document with all its data.

        sequence  the document's position in the log
        """
        with self._mark.at(room.session_id):
            state, *since = room.document.parts()
            return DocumentState(
                sequence,
                state,
                dict(room.index.clocks),
                authorship.encode(room.index.owners, room.contributions.authorship),
                has_values=room.document.has_values,
                has_texts=room.document.is_proven,
                is_in_sequence=room.index.parents.is_in_sequence,
                authors=dict(room.index.owners),
                since=since,
            )

    async def _make(
        self, payer: Payer, room: Room, document: DocumentState, kept_bytes: int
    ) -> NewCheckpoint:
        """Make a checkpoint.

        A megabyte takes 0.25 s, and native code holds the interpreter for much of that time.
        """
        session_id, now = room.session_id, room.upkeep.checkpointed_at
        if not room.document.takes_long:
            with self._mark.beside(session_id):
                return await asyncio.to_thread(
                    checkpoints.make_checkpoint, session_id, document, now, kept_bytes=kept_bytes
                )
        job = partial(
            checkpoints.make_checkpoint_apart,
            session_id,
            replace(document, is_in_sequence=None),
            now,
            kept_bytes,
        )
        return await self._workers.run(job, key=payer, deadline_s=_DEADLINE_S)

    def _note_remaining(self, room: Room, author_bytes: Mapping[str, int]) -> None:
        was_half_full = room.quota.fill.is_half_full
        room.quota.note_remaining(author_bytes)
        if room.quota.fill.is_half_full != was_half_full:
            self._fill_changed(room.session_id)

    def compaction_wait_ms(self, room: Room) -> int:
        """Return how long the next `compact` of a room has to wait, in ms.

        `compact` takes as much work as a checkpoint, so it must not run too often.
        """
        if room.upkeep.compacted_at is None:
            return 0
        pause_ms = _COMPACTION_PAUSE_MS + _PAUSES_PER_COMPACTION * room.upkeep.checkpoint_ms
        return max(0, room.upkeep.compacted_at + pause_ms - self._clock())

    async def compact(self, room: Room) -> int:
        """Remove all deleted content from a document, for its owner.

        Returns the bytes that the document had before. Raises StoreUnavailable, RoomUnavailable or
        WorkersBusy.
        """
        before = room.document.size
        room.upkeep.compacted_at = self._clock()
        room.quota.needs_remaining = True
        # Clients edit while the checkpoint is made. If the document's base was merged again
        # meanwhile, the smaller state cannot replace it, and the next try begins.
        for _ in range(_TRIES):
            async with self._working(room, is_maintenance=False):
                await self.checkpoint_now(room, 0)
            if not room.quota.needs_remaining:
                break
        return before

    async def pack(self, room: Room, *, is_closing: bool = False) -> None:
        """Pack the part of the log that is older than the checkpoint.

        is_closing  also pack rows that are too few to fill a packed row

        Raises StoreUnavailable or WorkersBusy.
        """
        if not is_closing and room.upkeep.checkpointed - room.upkeep.packed < segments.ENTRIES:
            return
        async with self._working(room, is_maintenance=True):
            session_id = room.session_id
            try:
                spans = await self._store.chunk_spans(session_id)
                for first, last in segments.due(
                    spans, room.upkeep.checkpointed, is_closing=is_closing
                ):
                    count = sum(first <= start <= last for start, _ in spans)
                    chunks = await self._store.chunks(session_id, first - 1, count)
                    with self._mark.beside(session_id):
                        segment = await asyncio.to_thread(segments.pack, chunks)
                    await self._store.replace_chunks(segment)
                    room.upkeep.packed = last
            except NotFound:
                return
            except RoomDamaged:
                _log.exception("the log of session %s cannot be packed", session_id)
            room.upkeep.packed = room.upkeep.checkpointed
