"""Redaction of a session that people may be in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from crdt.errors import RoomUnavailable
from crdt.history import redaction
from crdt.history.reader import HistoryReader
from crdt.history.redaction import RedactedIds
from crdt.lifecycle.loading import read_log
from crdt.lifecycle.rooms import Rooms
from crdt.log import restore
from crdt.reading.documents import Document, documents_of
from crdt.reading.item_order import ItemOrder
from crdt.room.room import Room
from storage.base import Store
from storage.errors import NotFound
from storage.records import Chunk, Version

_CHUNKS_PER_READ = 2_000
_VERSIONS_PER_READ = 50


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was changed: units of text and values, updates and versions that had some of it."""

    characters: int
    updates: int
    versions: int


class Redactor:
    """Takes texts out of logs, checkpoints and versions; nobody looks back meanwhile."""

    def __init__(self, store: Store, rooms: Rooms, history_reader: HistoryReader) -> None:
        self._store = store
        self._rooms = rooms
        self._history = history_reader

    async def redact(
        self, session_id: str, user_id: str, first: int, last: int, text: str, check: Callable[[], Awaitable[object]]
    ) -> Redaction:
        """Take out what showed `text` after any of the log entries `first` to `last`.

        What of it is still in the document is deleted there, by an edit of this user's. The log is changed
        last: a call that was cut short can be made again.

        check  raises if the user may not do this; asked when nobody else can change anything any more

        Raises NotFound if the text was not there, LimitReached if it was too often, what `check` raises,
        RoomDamaged, RoomUnavailable or StoreUnavailable.
        """
        async with self._history.exclusive(), self._rooms.use(session_id) as room, self._rooms.compactor.one_at_a_time:
            await check()
            await self._rooms.writer.saved(room, room.journal.sequence)
            chunks = await read_log(self._store, session_id, 0, _CHUNKS_PER_READ)
            redacted_ids = await asyncio.to_thread(redaction.find, chunks, first, last, text)
            if not redacted_ids:
                raise NotFound("text in that part of the log")
            self._delete(room, user_id, redacted_ids)
            await self._rooms.writer.saved(room, room.journal.sequence)
            await self._replace_state(room, redacted_ids, text)
            if not await self._rooms.compactor.checkpoint_now(room):
                raise RoomUnavailable("the checkpoint could not be replaced")
            chunks += await read_log(self._store, session_id, chunks[-1].last, _CHUNKS_PER_READ)
            versions = await self._versions(session_id, chunks, redacted_ids, text)
            updates = await self._log(chunks, redacted_ids, text)
            self._history.forget(session_id)
            await self._store.scrub()
        return Redaction(sum(map(len, redacted_ids.values())), updates, versions)

    def _delete(self, room: Room, user_id: str, redacted_ids: RedactedIds) -> None:
        """Delete what is visible, where it is: editors see it like any other edit. Values go as a whole."""
        room.integrate_pending()
        room.take_edit(user_id, redaction.deletion(room.document.state(), redacted_ids), self._rooms.clock())

    async def _replace_state(self, room: Room, redacted_ids: RedactedIds, text: str) -> None:
        """The room's own copy; what comes in meanwhile cannot bring the text back: its structs are known."""
        while True:
            before = room.document.state()
            after = await asyncio.to_thread(redaction.redact, before, redacted_ids, text)
            if after is None or room.document.replace_base(before, after):
                return

    async def _versions(self, session_id: str, chunks: list[Chunk], redacted_ids: RedactedIds, text: str) -> int:
        """Change the versions that show the text; return how many. Later ones than the log as read cannot."""
        count, before = 0, None
        while batch := await self._store.versions(session_id, before, _VERSIONS_PER_READ, with_files=True):
            for version in batch:
                if version.sequence > chunks[-1].last:
                    continue
                changed = await asyncio.to_thread(_without, version, chunks, redacted_ids, text)
                if changed:
                    await self._store.redact_version(changed)
                    count += 1
            before = batch[-1].number
        return count

    async def _log(self, chunks: list[Chunk], redacted_ids: RedactedIds, text: str) -> int:
        updates = 0
        for chunk in chunks:
            redacted = await asyncio.to_thread(redaction.redact_chunk, chunk, redacted_ids, text)
            if redacted:
                await self._store.replace_chunks(redacted[0])
                updates += redacted[1]
        return updates


def _without(version: Version, chunks: list[Chunk], redacted_ids: RedactedIds, text: str) -> Version | None:
    """Return the version without the text, None if it shows nothing of it."""
    restored = restore.restore(None, chunks, until=version.sequence, reads_summaries=True)
    blanked = redaction.redact(restored.state, redacted_ids, text)
    if blanked is None:
        return None
    before, after = ItemOrder(restored.state), ItemOrder(blanked)
    roots = {version.main_root, *(version.files or {})}
    files = {root: after.text(root) for root in roots if after.text(root) != before.text(root)}
    documents = _changed(documents_of(before), documents_of(after)) if version.documents else {}
    if not files and not documents:
        return None
    return replace(version, files={**(version.files or {}), **files}, documents={**version.documents, **documents})


def _changed(before: dict[str, Document], after: dict[str, Document]) -> dict[str, Document]:
    return {root: document for root, document in after.items() if document != before[root]}
