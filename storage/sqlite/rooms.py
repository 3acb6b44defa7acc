"""Log, checkpoints and versions in SQLite."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, replace

from storage.errors import LogConflict, NotFound
from storage.records import Checkpoint, Chunk, Version, VersionKind
from storage.retention import surplus
from storage.sqlite.accounts import remembered_name
from storage.sqlite.engine import Engine

_DESCRIPTION = "session_id, number, sequence, main_root, label, kind, author_id, author_name, contributors, created_at"

_TOUCH_MS = 1_000
_END_OF_LOG = (
    "SELECT updated_at, (SELECT last FROM log WHERE session_id = id ORDER BY first DESC LIMIT 1)"
    " FROM sessions WHERE id = ?"
)


class SqliteRoomStore:
    """The RoomStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    async def append_chunks(self, chunks: Iterable[Chunk]) -> set[str]:
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
            rows = db.execute("SELECT first, last FROM log WHERE session_id = ? ORDER BY first", (session_id,))
            return [(row["first"], row["last"]) for row in rows]

        return await self._engine.read(work)

    async def replace_chunks(self, chunk: Chunk) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not session_exists(db, chunk.session_id):
                raise NotFound("session")
            where = "session_id = :session_id AND first BETWEEN :first AND :last"
            existing = db.execute(f"SELECT min(first), max(last) FROM log WHERE {where}", asdict(chunk)).fetchone()
            if tuple(existing) != (chunk.first, chunk.last):
                raise LogConflict(f"session {chunk.session_id}: entries {chunk.first} to {chunk.last}")
            db.execute(f"DELETE FROM log WHERE {where}", asdict(chunk))
            _insert(db, chunk)

        await self._engine.write(work)

    async def checkpoint(self, session_id: str) -> Checkpoint | None:
        def work(db: sqlite3.Connection) -> Checkpoint | None:
            row = db.execute("SELECT * FROM checkpoints WHERE session_id = ?", (session_id,)).fetchone()
            return Checkpoint(**row) if row else None

        return await self._engine.read(work)

    async def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not session_exists(db, checkpoint.session_id):
                raise NotFound("session")
            db.execute(
                "INSERT INTO checkpoints (session_id, sequence, state, owners, created_at) VALUES"
                " (:session_id, :sequence, :state, :owners, :created_at)"
                " ON CONFLICT (session_id) DO UPDATE SET sequence = :sequence, state = :state, owners = :owners,"
                " created_at = :created_at WHERE sequence <= :sequence",
                asdict(checkpoint),
            )

        await self._engine.write(work)

    async def add_version(self, version: Version, limit: int, auto_limit: int | None = None) -> tuple[Version, bool]:
        def work(db: sqlite3.Connection) -> tuple[Version, bool]:
            if not session_exists(db, version.session_id):
                raise NotFound("session")
            newest = _newest(db, version.session_id)
            if newest and newest.holds_same(version):
                return newest, False
            number = newest.number + 1 if newest else 1
            _evict_old_versions(db, version, limit, auto_limit)
            name = remembered_name(db, version.author_id, version.author_name)
            stored = replace(version, number=number, author_name=name)
            _insert_version(db, stored)
            touch(db, version.session_id, version.created_at)
            return stored, True

        return await self._engine.write(work)

    async def redact_version(self, version: Version) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE versions SET files = :files, documents = :documents"
                " WHERE session_id = :session_id AND number = :number",
                {"session_id": version.session_id, "number": version.number, **_contents(version)},
            )

        await self._engine.write(work)

    async def scrub(self) -> None:
        await self._engine.scrub()

    async def count_versions(self, session_id: str) -> tuple[int, int]:
        return await self._engine.read(lambda db: _counts(db, session_id))

    async def newest_version(self, session_id: str) -> Version | None:
        return await self._engine.read(lambda db: _newest(db, session_id))

    async def version(self, session_id: str, number: int) -> Version | None:
        def work(db: sqlite3.Connection) -> Version | None:
            row = db.execute(
                "SELECT * FROM versions WHERE session_id = ? AND number = ?", (session_id, number)
            ).fetchone()
            return _version(row) if row else None

        return await self._engine.read(work)

    async def versions(self, session_id: str, before: int | None, limit: int, *, with_files: bool) -> list[Version]:
        def work(db: sqlite3.Connection) -> list[Version]:
            columns = "*" if with_files else _DESCRIPTION
            rows = db.execute(
                f"SELECT {columns} FROM versions WHERE session_id = ? AND number < ? ORDER BY number DESC LIMIT ?",
                (session_id, 1 << 62 if before is None else before, limit),
            )
            return [_version(row) for row in rows]

        return await self._engine.read(work)


def _insert_version(db: sqlite3.Connection, version: Version) -> None:
    db.execute(
        f"INSERT INTO versions ({_DESCRIPTION}, files, documents) VALUES (:session_id, :number, :sequence, :main_root,"
        " :label, :kind, :author_id, :author_name, :contributors, :created_at, :files, :documents)",
        {
            "session_id": version.session_id,
            "number": version.number,
            "sequence": version.sequence,
            "main_root": version.main_root,
            "label": version.label,
            "kind": version.kind,
            "author_id": version.author_id,
            "author_name": version.author_name,
            "contributors": json.dumps(version.contributors),
            "created_at": version.created_at,
            **_contents(version),
        },
    )


def _contents(version: Version) -> dict[str, str]:
    """Return the columns that hold the version's texts and other documents."""
    return {"files": json.dumps(dict(version.files or {})), "documents": json.dumps(dict(version.documents))}


def session_exists(db: sqlite3.Connection, session_id: str) -> bool:
    """Whether there is such a session."""
    return db.execute("SELECT 1 FROM sessions WHERE id = ?", (session_id,)).fetchone() is not None


def touch(db: sqlite3.Connection, session_id: str, now: int) -> None:
    """Note activity, to the second: typing must not rewrite the row at every flush."""
    db.execute("UPDATE sessions SET updated_at = ? WHERE id = ? AND updated_at < ?", (now, session_id, now - _TOUCH_MS))


def insert_chunk(db: sqlite3.Connection, chunk: Chunk, end: int = 0) -> None:
    """Append a chunk to a log that ends at `end`; the very same one again is passed over. Raises LogConflict."""
    if chunk.first == end + 1:
        _insert(db, chunk)
        return
    existing = db.execute(
        "SELECT last, data FROM log WHERE session_id = ? AND first = ?", (chunk.session_id, chunk.first)
    ).fetchone()
    if existing is None or tuple(existing) != (chunk.last, chunk.data):
        raise LogConflict(f"session {chunk.session_id}: entries {chunk.first} to {chunk.last}")


def _insert(db: sqlite3.Connection, chunk: Chunk) -> None:
    db.execute(
        "INSERT INTO log (session_id, first, last, data, created_at) VALUES (?, ?, ?, ?, ?)",
        (chunk.session_id, chunk.first, chunk.last, chunk.data, chunk.created_at),
    )


def _evict_old_versions(db: sqlite3.Connection, version: Version, limit: int, auto_limit: int | None) -> None:
    """Drop the automatic versions that have no place beside a new one; raises LimitReached."""
    count = surplus(*_counts(db, version.session_id), version.kind, limit, auto_limit)
    if count:
        db.execute(
            "DELETE FROM versions WHERE session_id = :session AND number IN (SELECT number FROM versions"
            " WHERE session_id = :session AND kind = :kind ORDER BY number LIMIT :count)",
            {"session": version.session_id, "kind": VersionKind.AUTO, "count": count},
        )


def _counts(db: sqlite3.Connection, session_id: str) -> tuple[int, int]:
    row = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE kind = ?) FROM versions WHERE session_id = ?",
        (VersionKind.AUTO, session_id),
    ).fetchone()
    return row[0], row[1]


def _newest(db: sqlite3.Connection, session_id: str) -> Version | None:
    row = db.execute(
        "SELECT * FROM versions WHERE session_id = ? ORDER BY number DESC LIMIT 1", (session_id,)
    ).fetchone()
    return _version(row) if row else None


def _version(row: sqlite3.Row) -> Version:
    has_files = "files" in row.keys()  # noqa: SIM118 - a Row is no mapping
    return Version(
        session_id=row["session_id"],
        number=row["number"],
        sequence=row["sequence"],
        files=json.loads(row["files"]) if has_files else None,
        documents=json.loads(row["documents"]) if has_files else {},
        main_root=row["main_root"],
        label=row["label"],
        kind=VersionKind(row["kind"]),
        author_id=row["author_id"],
        author_name=row["author_name"],
        contributors=tuple(json.loads(row["contributors"])),
        created_at=row["created_at"],
    )
