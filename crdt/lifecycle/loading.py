"""Reads what the store has of a document, in parts, and puts it together in a thread."""

import asyncio

from crdt.crashmark import CrashMark
from crdt.log import authorship, restore
from storage.base import RoomStore
from storage.records import Chunk


async def load(
    store: RoomStore, session_id: str, chunks_per_read: int, mark: CrashMark
) -> tuple[restore.RestoredDocument, int]:
    """Return (the document, log position of its checkpoint); raises RoomDamaged or StoreUnavailable.

    The log is read from the newest version or the checkpoint on, whichever is older: what came
    after the version says who contributed to the next one. A checkpoint of a release that did not keep
    authors needs all of it, once.
    """
    checkpoint = await store.checkpoint(session_id)
    newest = await store.newest_version(session_id)
    since = newest.sequence if newest else 0
    after = min(since, checkpoint.sequence) if checkpoint and authorship.is_in(checkpoint.owners) else 0
    chunks = await read_log(store, session_id, after, chunks_per_read)
    with mark.at(session_id):
        restored = await asyncio.to_thread(restore.restore, checkpoint, chunks, since)
    return restored, checkpoint.sequence if checkpoint else 0


async def read_log(store: RoomStore, session_id: str, after: int, limit: int, until: int | None = None) -> list[Chunk]:
    """Return the chunks with entries beyond `after`, and up to `until`, reading `limit` of them at once."""
    chunks: list[Chunk] = []
    while True:
        more = await store.chunks(session_id, after, limit)
        chunks += more
        if len(more) < limit or (until is not None and more[-1].last >= until):
            return chunks
        after = more[-1].last
