"""A session's log, read again: its timeline, and the document as it was at any moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from crdt.crashmark import CrashMark
from crdt.document.server_edits import code_root
from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.history.blame import Blame, blame
from crdt.history.cache import HistoryCache
from crdt.history.replay import MAX_STEPS, Replayed, Replayer, Step, steps
from crdt.history.snapshot import Snapshot, missing_text
from crdt.history.timeline import Timeline
from crdt.lifecycle.loading import read_log
from crdt.lifecycle.rooms import Rooms
from crdt.log import restore
from crdt.log.codec import decode_chunk, latest_time
from crdt.reading.documents import Document, read_documents
from storage.base import RoomStore
from storage.errors import NotFound
from storage.records import Checkpoint, Chunk

_CHUNKS_PER_READ = 2_000


class HistoryReader:
    """Answers questions about logs, one at a time: each may take a second of a thread.

    cache  what it keeps for the next question
    """

    def __init__(self, store: RoomStore, rooms: Rooms, cache: HistoryCache, mark: CrashMark) -> None:
        """cache: `rooms` clears it of deleted sessions; mark: where it is written whom native code works for."""
        self._store = store
        self._rooms = rooms
        self.cache = cache
        self._mark = mark
        self._one_at_a_time = asyncio.Semaphore(1)

    async def timeline(self, session_id: str) -> Timeline:
        """Return the timeline of everything up to now.

        Raises NotFound, RoomDamaged or RoomUnavailable.
        """
        await self._saved(session_id)
        async with self._one_at_a_time:
            timeline = self.cache.take_timeline(session_id)
            chunks = await read_log(self._store, session_id, timeline.sequence, _CHUNKS_PER_READ)
            await asyncio.to_thread(_fold, timeline, chunks)
            self.cache.put_timeline(session_id, timeline)
            return timeline

    async def moment(self, session_id: str, sequence: int) -> tuple[dict[str, str], dict[str, Document], str]:
        """Return (files, documents, main root) as they were after a log entry; 0 is before the first one.

        Raises as `timeline`, NotFound also for an entry that there is not.
        """
        last, main_root = await self._saved(session_id)
        if sequence > last:
            raise NotFound("update")
        async with self._one_at_a_time:
            checkpoint, chunks = await self._base(session_id, sequence)
            with self._mark.at(session_id):
                files, documents = await asyncio.to_thread(_contents, checkpoint, chunks, sequence, main_root)
        return files, documents, main_root

    async def blame(self, session_id: str, root: str | None) -> tuple[str, int, Blame]:
        """Return (root, log position, who wrote its text as it is now); no root is the session's code.

        Raises as `timeline`, NotFound also for a root that there is not, NoText for one that is no text.
        """
        async with self._one_at_a_time, self._rooms.use(session_id) as room:
            files = room.files()
            asked = code_root(files, room.main_root) if root is None else root
            if asked not in files:
                raise await missing_text(Snapshot(room), asked)
            sequence, state = room.journal.sequence, room.document.state()
            owners = dict(room.index.owners)
            return asked, sequence, await asyncio.to_thread(blame, state, asked, owners, room.contributions.authorship)

    async def replay(self, session_id: str, start: int, end: int) -> Replayed:
        """Return what the updates after `start` up to `end` changed; raises as `moment`.

        Where the answer would be too long, it ends earlier: its `next` is then the `start` of the next one.
        """
        last, main_root = await self._saved(session_id)
        if start > last:
            raise NotFound("update")
        end = min(end, last, start + MAX_STEPS)
        async with self._one_at_a_time:
            replayer = self.cache.take_replayer(session_id, start)
            if replayer is None:
                checkpoint, chunks = await self._base(session_id, start)
                earlier = await self._before(session_id, checkpoint)
                latest = await asyncio.to_thread(_latest_time, [*earlier, *chunks], start)
                with self._mark.at(session_id):
                    replayer = await asyncio.to_thread(_replayer, checkpoint, chunks, start, main_root, latest)
            files = replayer.files()
            chunks = await read_log(self._store, session_id, start, _CHUNKS_PER_READ, until=end)
            with self._mark.at(session_id):
                made = await asyncio.to_thread(_steps, replayer, chunks, end)
            self.cache.put_replayer(session_id, replayer)
            others = replayer.other_roots()
        return Replayed(files, made, replayer.sequence if replayer.sequence < last else None, sorted(others))

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Nobody looks back inside the block."""
        async with self._one_at_a_time:
            yield

    def forget(self, session_id: str) -> None:
        """Keep nothing of a session that was deleted, or whose log was changed."""
        self.cache.forget(session_id)

    async def _base(self, session_id: str, sequence: int) -> tuple[Checkpoint | None, list[Chunk]]:
        """Return what the document at a log position can be put together from."""
        checkpoint = await self._store.checkpoint(session_id)
        if checkpoint and checkpoint.sequence > sequence:
            checkpoint = None
        after = checkpoint.sequence if checkpoint else 0
        if after == sequence:
            return checkpoint, []
        return checkpoint, await read_log(self._store, session_id, after, _CHUNKS_PER_READ, until=sequence)

    async def _before(self, session_id: str, checkpoint: Checkpoint | None) -> list[Chunk]:
        """Return the log up to a checkpoint."""
        if checkpoint is None:
            return []
        return await read_log(self._store, session_id, 0, _CHUNKS_PER_READ, until=checkpoint.sequence)

    async def _saved(self, session_id: str) -> tuple[int, str]:
        """Wait until the log is stored as it is now; return its last position, and the main root."""
        async with self._rooms.use(session_id) as room:
            sequence = room.journal.sequence
            await self._rooms.writer.saved(room, sequence)
            return sequence, room.main_root


def _fold(timeline: Timeline, chunks: Sequence[Chunk]) -> None:
    try:
        for chunk in chunks:
            for sequence, entry in enumerate(decode_chunk(chunk.data), chunk.first):
                if sequence == timeline.sequence + 1:
                    timeline.add(entry)
    except ProtocolError as error:
        raise RoomDamaged("a stored update does not pass the scan") from error


def _steps(replayer: Replayer, chunks: Sequence[Chunk], end: int) -> list[Step]:
    try:
        entries = [
            entry
            for chunk in chunks
            for sequence, entry in enumerate(decode_chunk(chunk.data), chunk.first)
            if replayer.sequence < sequence <= end
        ]
        return steps(replayer, entries)
    except (ProtocolError, Gap) as error:
        raise RoomDamaged("a stored update does not pass the scan") from error


def _contents(
    checkpoint: Checkpoint | None, chunks: Sequence[Chunk], until: int, main_root: str
) -> tuple[dict[str, str], dict[str, Document]]:
    replayer = _replayer(checkpoint, chunks, until, main_root)
    return replayer.files(), read_documents(replayer.state()) if replayer.other_roots() else {}


def _replayer(
    checkpoint: Checkpoint | None, chunks: Sequence[Chunk], until: int, main_root: str, latest: int = 0
) -> Replayer:
    return Replayer(restore.restore(checkpoint, chunks, until=until, reads_summaries=True), main_root, latest)


def _latest_time(chunks: Sequence[Chunk], until: int) -> int:
    """Return the latest time of the entries up to a log position, in ms; 0 if there is none."""
    times = [latest_time(chunk.data) for chunk in chunks if chunk.last <= until]
    for chunk in chunks:
        if chunk.first <= until < chunk.last:
            times += [entry.at for entry in decode_chunk(chunk.data)[: until - chunk.first + 1]]
    return max(times, default=0)
