"""A session's log, read again: its timeline, and the document as it was at any moment."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from crdt import document, stored
from crdt.document import Document
from crdt.errors import ProtocolError, RoomDamaged
from crdt.loading import read_log
from crdt.log import decode_chunk
from crdt.rooms import Rooms
from crdt.timeline import Timeline
from storage.base import RoomStore
from storage.errors import NotFound
from storage.records import Checkpoint, Chunk

_MAX_TIMELINES = 32
_CHUNKS_PER_READ = 2_000


class Past:
    """Answers questions about logs, one at a time: each may take a second of a thread."""

    def __init__(self, store: RoomStore, rooms: Rooms) -> None:
        self._store = store
        self._rooms = rooms
        self._one_at_a_time = asyncio.Semaphore(1)
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()

    async def timeline(self, session_id: str) -> Timeline:
        """Return the timeline of everything up to now.

        Raises NotFound, RoomDamaged or RoomUnavailable.
        """
        await self._saved(session_id)
        async with self._one_at_a_time:
            found = self._timelines.pop(session_id, None) or Timeline()
            chunks = await read_log(self._store, session_id, found.sequence, _CHUNKS_PER_READ)
            await asyncio.to_thread(_fold, found, chunks)
            self._timelines[session_id] = found
            if len(self._timelines) > _MAX_TIMELINES:
                self._timelines.popitem(last=False)
            return found

    async def files(self, session_id: str, sequence: int) -> tuple[dict[str, str], str]:
        """Return (files, main root) as they were after a log entry; 0 is before the first one.

        Raises as `timeline`, NotFound also for an entry that there is not.
        """
        last, main_root = await self._saved(session_id)
        if sequence > last:
            raise NotFound("update")
        async with self._one_at_a_time:
            checkpoint = await self._store.checkpoint(session_id)
            if checkpoint and checkpoint.sequence > sequence:
                checkpoint = None
            after = checkpoint.sequence if checkpoint else 0
            chunks = await read_log(self._store, session_id, after, _CHUNKS_PER_READ, until=sequence)
            return await asyncio.to_thread(_files, checkpoint, chunks, sequence, main_root), main_root

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


def _files(checkpoint: Checkpoint | None, chunks: Sequence[Chunk], until: int, main_root: str) -> dict[str, str]:
    restored = stored.restore(checkpoint, chunks, until=until)
    view = Document(restored.state or document.EMPTY, restored.known.torn)
    return view.texts({**dict.fromkeys([main_root]), **restored.known.text_roots})
