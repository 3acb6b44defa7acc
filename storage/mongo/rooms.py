"""Log and checkpoints in MongoDB."""

from collections import Counter
from collections.abc import Iterable

from storage.errors import LogConflict, NotFound
from storage.mending import restored
from storage.mongo import parts, rows
from storage.mongo.database.driver import Document, translated
from storage.mongo.database.engine import Engine
from storage.mongo.usage import grow, size_of
from storage.records import Checkpoint, Chunk

_MAX_ENDS = 20_000
"""Ends of logs that are remembered, one for each session. When there are more, all are forgotten.
The next chunk of a session then reads the end of its log again."""


class MongoRoomStore:
    """The part of the RoomStore that keeps documents; `storage.base` documents its methods.

    _ends  {session: last log position} of sessions that this process has written to. It saves a
           query for each chunk, and stays correct because no other process writes
    """

    _engine: Engine
    _ends: dict[str, int]

    @translated
    async def append_chunks(self, chunks: Iterable[Chunk]) -> set[str]:
        given = list(chunks)
        ids = {chunk.session_id for chunk in given}
        async with self._engine.appending:
            present = {
                document["_id"]
                async for document in self._engine.db.sessions.find(
                    {"_id": {"$in": list(ids)}}, {"_id": 1}
                )
            }
            writable = [chunk for chunk in given if chunk.session_id in present]
            grown = await self._insert(writable)
        await grow(self._engine, grown)
        await touch(
            self._engine, list(present), max((chunk.created_at for chunk in writable), default=0)
        )
        return ids - present

    async def _insert(self, chunks: list[Chunk]) -> Counter[str]:
        """Insert the chunks that are not stored yet, with one command; raises LogConflict.

        All chunks are checked before any is inserted, so a conflict stores nothing. A chunk that
        continues its log is inserted. Any other chunk must equal a stored chunk. An example: the
        log of a session ends at 7.

            chunk 8 to 9    continues the log: it is inserted, and the log ends at 9
            chunk 5 to 7    equals the stored chunk: the answer to its first insert was lost,
                            so it is skipped
            chunk 7 to 9    starts inside the log, and no stored chunk starts at 7: LogConflict

        Returns {session: bytes that were inserted}.
        """
        grown: Counter[str] = Counter()
        ends: dict[str, int] = {}
        documents = []
        for chunk in dict.fromkeys(chunks):
            end = ends.get(chunk.session_id, self._ends.get(chunk.session_id))
            if end is None or chunk.first != end + 1:
                end = ends.get(chunk.session_id) or await last_entry(self._engine, chunk.session_id)
            if chunk.first == end + 1:
                documents.append(await _chunk_document(self._engine, chunk))
                grown[chunk.session_id] += len(chunk.data)
                end = chunk.last
            else:
                await _check_same(self._engine, chunk)
            ends[chunk.session_id] = end
        # Some documents may be stored even if the insert fails, so the ends of these logs are
        # unknown until it succeeds. Without an entry in `_ends`, the next call asks the database.
        for session_id in ends:
            self._ends.pop(session_id, None)
        if documents:
            await self._engine.db.log.insert_many(documents, ordered=False)
        self._ends.update(ends)
        if len(self._ends) > _MAX_ENDS:
            self._ends.clear()
        return grown

    @translated
    async def chunks(self, session_id: str, after: int, limit: int) -> list[Chunk]:
        cursor = self._engine.db.log.find({"session_id": session_id, "last": {"$gt": after}}).sort(
            "first"
        )
        chunks: list[Chunk] = []
        async with cursor:
            async for document in cursor:
                if len(chunks) >= limit:
                    break
                # A packed chunk before this one may have its updates already, see `replace_chunks`.
                if not chunks or document["first"] > chunks[-1].last:
                    chunks.append(await _as_chunk(self._engine, document))
        return chunks

    @translated
    async def chunk_spans(self, session_id: str) -> list[tuple[int, int]]:
        cursor = self._engine.db.log.find({"session_id": session_id}, {"first": 1, "last": 1}).sort(
            "first"
        )
        spans: list[tuple[int, int]] = []
        async for document in cursor:
            if not spans or document["first"] > spans[-1][1]:
                spans.append((document["first"], document["last"]))
        return spans

    @translated
    async def replace_chunks(self, chunk: Chunk) -> None:
        """Replace the first of the old chunks by the new chunk, then delete the other chunks."""
        # Between these two writes, or after a crash, the log has the packed chunk and old chunks
        # that it covers: for example 1 to 9, 4 to 6 and 7 to 9. Readers read in the order of
        # `first`, and skip each chunk that starts inside the previous chunk. If the old chunks were
        # deleted first, a crash would lose updates.
        db, session_id = self._engine.db, chunk.session_id
        async with self._engine.locked(session=session_id):
            await require_session(self._engine, session_id)
            covered = {
                "session_id": session_id,
                "first": {"$gte": chunk.first, "$lt": chunk.last + 1},
            }
            replaced = [
                row
                async for row in db.log.find(covered, {"first": 1, "last": 1, "parts": 1}).sort(
                    "first"
                )
            ]
            if (
                not replaced
                or replaced[0]["first"] != chunk.first
                or max(row["last"] for row in replaced) != chunk.last
            ):
                raise LogConflict(
                    f"session {chunk.session_id}: entries {chunk.first} to {chunk.last}"
                )
            document = await _chunk_document(self._engine, chunk)
            before = await size_of(self._engine, "log", covered)
            await db.log.replace_one({"_id": document["_id"]}, document)
            await db.log.delete_many(
                {**covered, "first": {"$gt": chunk.first, "$lt": chunk.last + 1}}
            )
            await parts.drop(self._engine, [part for row in replaced for part in row["parts"]])
            await grow(self._engine, {session_id: len(chunk.data) - before})

    @translated
    async def checkpoint(self, session_id: str) -> Checkpoint | None:
        document = await self._engine.db.checkpoints.find_one({"_id": session_id})
        if document is None:
            return None
        state = await parts.join(self._engine, document["state"], document["parts"])
        return Checkpoint(
            session_id,
            document["sequence"],
            state,
            bytes(document["owners"]),
            document["created_at"],
        )

    @translated
    async def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        db, session_id = self._engine.db, checkpoint.session_id
        async with self._engine.locked(session=session_id):
            await require_session(self._engine, session_id)
            before = await db.checkpoints.find_one(
                {"_id": session_id}, {"sequence": 1, "parts": 1, "size": 1}
            )
            if before and before["sequence"] > checkpoint.sequence:
                return
            state, listed = await parts.put(
                self._engine, session_id, "checkpoints", session_id, checkpoint.state
            )
            document = {
                **rows.plain(checkpoint),
                "state": state,
                "parts": listed,
                "size": len(checkpoint.state),
            }
            await db.checkpoints.replace_one({"_id": session_id}, document, upsert=True)
            await parts.drop(self._engine, before["parts"] if before else [])
            await grow(
                self._engine, {session_id: len(checkpoint.state) - (before or {}).get("size", 0)}
            )

    async def scrub(self) -> None:
        """Do nothing, because a client cannot make MongoDB overwrite deleted data in its files."""


async def require_session(engine: Engine, session_id: str) -> None:
    """Raise NotFound if there is no such session."""
    if await engine.db.sessions.find_one({"_id": session_id}, {"_id": 1}) is None:
        raise NotFound("session")


async def touch(engine: Engine, session_ids: list[str], now: int) -> None:
    """Note the time of an activity.

    A time that is less than a second newer is not stored, so that typing does not rewrite the
    document at every commit. An update that changes nothing still counts as a write. After it,
    chunks that were found in the log are durable (see `Engine.confirm`).
    """
    await engine.db.sessions.update_many(
        {"_id": {"$in": session_ids}, "updated_at": {"$lt": now - 1000}},
        {"$max": {"updated_at": now}},
    )


async def last_entry(engine: Engine, session_id: str) -> int:
    """Return the number of the newest entry of a log, 0 if there is none."""
    newest = engine.db.log.find({"session_id": session_id}, {"last": 1}).sort("last", -1).limit(1)
    return max([int(document["last"]) async for document in newest], default=0)


async def insert_chunk(engine: Engine, chunk: Chunk) -> None:
    """Append a chunk to its log, or skip it if exactly this chunk is stored already.

    Raises LogConflict.
    """
    if chunk.first == await last_entry(engine, chunk.session_id) + 1:
        await engine.db.log.insert_one(await _chunk_document(engine, chunk))
        await grow(engine, {chunk.session_id: len(chunk.data)})
    else:
        await _check_same(engine, chunk)


async def _check_same(engine: Engine, chunk: Chunk) -> None:
    """Raise LogConflict unless exactly this chunk is in the log."""
    existing = await engine.db.log.find_one({"_id": rows.chunk_id(chunk.session_id, chunk.first)})
    if (
        existing is None
        or existing["last"] != chunk.last
        or (await _as_chunk(engine, existing)).data != chunk.data
    ):
        raise LogConflict(f"session {chunk.session_id}: entries {chunk.first} to {chunk.last}")


async def _chunk_document(engine: Engine, chunk: Chunk) -> Document:
    document = rows.chunk_document(chunk)
    data, listed = await parts.put(engine, chunk.session_id, "log", document["_id"], chunk.data)
    return {**document, "data": data, "parts": listed, "size": len(chunk.data)}


async def _as_chunk(engine: Engine, document: Document) -> Chunk:
    data = await parts.join(engine, document["data"], document["parts"])
    return restored(Chunk, {**document, "data": data})
