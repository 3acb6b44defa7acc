"""Log and checkpoints in SQLite."""

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict

from storage.errors import LogConflict, NotFound
from storage.records import Checkpoint, Chunk
from storage.sqlite.engine import Engine

_TOUCH_MS = 1_000
_END_OF_LOG = (
    "SELECT updated_at, (SELECT last FROM log WHERE session_id = id ORDER BY first DESC LIMIT 1)"
    " FROM sessions WHERE id = ?"
)


class SqliteRoomStore:
    """The part of the RoomStore that keeps documents; `storage.base` documents its methods."""

    _engine: Engine

    async def append_chunks(self, chunks: Iterable[Chunk]) -> set[str]:
        # Group commit: the chunks of all rooms are one transaction, so there is one wait for the
        # disk. But one chunk that raises LogConflict undoes all other chunks. The caller,
        # the writer of the rooms, then tries the chunks one by one.
        given = tuple(chunks)

        def work(db: sqlite3.Connection) -> set[str]:
            gone = set()
            for chunk in given:
                row = db.execute(_END_OF_LOG, (chunk.session_id,)).fetchone()
                if row is None:
                    gone.add(chunk.session_id)
                    continue
                updated_at, end = row
                insert_chunk(db, chunk, end or 0)
                if updated_at < chunk.created_at - _TOUCH_MS:
                    touch(db, chunk.session_id, chunk.created_at)
            return gone

        return await self._engine.write(work)

    async def chunks(self, session_id: str, after: int, limit: int) -> list[Chunk]:
        def work(db: sqlite3.Connection) -> list[Chunk]:
            rows = db.execute(
                "SELECT * FROM log WHERE session_id = ? AND last > ? ORDER BY first LIMIT ?",
                (session_id, after, limit),
            )
            return [Chunk(**row) for row in rows]

        return await self._engine.read(work)

    async def chunk_spans(self, session_id: str) -> list[tuple[int, int]]:
        def work(db: sqlite3.Connection) -> list[tuple[int, int]]:
            rows = db.execute(
                "SELECT first, last FROM log WHERE session_id = ? ORDER BY first", (session_id,)
            )
            return [(row["first"], row["last"]) for row in rows]

        return await self._engine.read(work)

    async def replace_chunks(self, chunk: Chunk) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not session_exists(db, chunk.session_id):
                raise NotFound("session")
            where = "session_id = :session_id AND first BETWEEN :first AND :last"
            existing = db.execute(
                f"SELECT min(first), max(last) FROM log WHERE {where}", asdict(chunk)
            ).fetchone()
            if tuple(existing) != (chunk.first, chunk.last):
                raise LogConflict(
                    f"session {chunk.session_id}: entries {chunk.first} to {chunk.last}"
                )
            db.execute(f"DELETE FROM log WHERE {where}", asdict(chunk))
            _insert(db, chunk)

        await self._engine.write(work)

    async def checkpoint(self, session_id: str) -> Checkpoint | None:
        def work(db: sqlite3.Connection) -> Checkpoint | None:
            row = db.execute(
                "SELECT * FROM checkpoints WHERE session_id = ?", (session_id,)
            ).fetchone()
            return Checkpoint(**row) if row else None

        return await self._engine.read(work)

    async def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not session_exists(db, checkpoint.session_id):
                raise NotFound("session")
            db.execute(
                "INSERT INTO checkpoints (session_id, sequence, state, owners, created_at) VALUES"
                " (:session_id, :sequence, :state, :owners, :created_at)"
                " ON CONFLICT (session_id) DO UPDATE SET sequence = :sequence, state = :state, "
                "owners = :owners,"
                " created_at = :created_at WHERE sequence <= :sequence",
                asdict(checkpoint),
            )

        await self._engine.write(work)

    async def scrub(self) -> None:
        await self._engine.scrub()


def session_exists(db: sqlite3.Connection, session_id: str) -> bool:
    """Whether there is such a session."""
    return db.execute("SELECT 1 FROM sessions WHERE id = ?", (session_id,)).fetchone() is not None


def existing_session(db: sqlite3.Connection, session_id: str) -> sqlite3.Row:
    """Return the row of a session; raises NotFound."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    if row is None:
        raise NotFound("session")
    return row


def touch(db: sqlite3.Connection, session_id: str, now: int) -> None:
    """Note the time of an activity, to the second, so that typing rarely rewrites the row."""
    db.execute(
        "UPDATE sessions SET updated_at = ? WHERE id = ? AND updated_at < ?",
        (now, session_id, now - _TOUCH_MS),
    )


def insert_chunk(db: sqlite3.Connection, chunk: Chunk, end: int = 0) -> None:
    """Append a chunk to a log that ends at `end`, or skip it if exactly this chunk is stored.

    Raises LogConflict.
    """
    # If the answer to a commit was lost, the caller tries the same bytes again. So equal bytes at
    # the same position are a success. Different bytes mean that another program changed the log.
    if chunk.first == end + 1:
        _insert(db, chunk)
        return
    existing = db.execute(
        "SELECT last, data FROM log WHERE session_id = ? AND first = ?",
        (chunk.session_id, chunk.first),
    ).fetchone()
    if existing is None or tuple(existing) != (chunk.last, chunk.data):
        raise LogConflict(f"session {chunk.session_id}: entries {chunk.first} to {chunk.last}")


def _insert(db: sqlite3.Connection, chunk: Chunk) -> None:
    db.execute(
        "INSERT INTO log (session_id, first, last, data, created_at) VALUES (?, ?, ?, ?, ?)",
        (chunk.session_id, chunk.first, chunk.last, chunk.data, chunk.created_at),
    )
