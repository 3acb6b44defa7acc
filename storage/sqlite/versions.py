"""Versions in SQLite.

An unreadable version keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import json
import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import Any

from storage.checksums import (
    DAMAGED,
    checked_version,
    damaged_version,
    pack_contents,
    version_checksum,
)
from storage.errors import NotFound
from storage.mending import readable
from storage.records import Version, VersionKind
from storage.sqlite.accounts import remembered_name
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import is_malformed
from storage.sqlite.rooms import session_exists, touch
from storage.version_retention import surplus

_DESCRIPTION = (
    "session_id, number, sequence, main_root, label, kind, author_id, author_name, "
    "contributors, created_at, checksum"
)


class SqliteVersionStore:
    """The part of the RoomStore that keeps versions; `storage.base` documents its methods."""

    _engine: Engine

    async def add_version(
        self, version: Version, limit: int, auto_limit: int | None = None
    ) -> tuple[Version, bool]:
        def look(db: sqlite3.Connection) -> tuple[Version | None, list[int]]:
            return _newest(db, version.session_id), _automatic(db, version.session_id)

        def work(
            db: sqlite3.Connection, seen: tuple[Version | None, list[int]]
        ) -> tuple[Version, bool]:
            newest, automatic = seen
            if not session_exists(db, version.session_id):
                raise NotFound("session")
            if newest and newest.covers(version):
                return newest, False
            number = newest.number + 1 if newest else 1
            count = surplus(
                _count(db, version.session_id), len(automatic), version.kind, limit, auto_limit
            )
            oldest = [(version.session_id, old) for old in automatic[:count]]
            db.executemany("DELETE FROM versions WHERE session_id = ? AND number = ?", oldest)
            name = remembered_name(db, version.author_id, version.author_name)
            stored = replace(version, number=number, author_name=name)
            _insert_version(db, stored)
            _keep_excerpt(db, stored)
            touch(db, version.session_id, version.created_at)
            return stored, True

        return await self._engine.write_after(look, work)

    async def redact_version(self, version: Version) -> None:
        def work(db: sqlite3.Connection) -> None:
            updated = db.execute(
                "UPDATE versions SET files = '', documents = '', content = :content"
                " WHERE session_id = :session_id AND number = :number",
                {
                    "session_id": version.session_id,
                    "number": version.number,
                    "content": pack_contents(version),
                },
            )
            if updated.rowcount:
                _keep_excerpt(db, version)

        await self._engine.write(work)

    async def count_versions(self, session_id: str) -> tuple[int, int]:
        return await self._engine.read(
            lambda db: (_count(db, session_id), len(_automatic(db, session_id)))
        )

    async def newest_version(self, session_id: str) -> Version | None:
        return await self._engine.read(lambda db: _newest(db, session_id))

    async def version(self, session_id: str, number: int) -> Version | None:
        return await self._engine.read(lambda db: _version(db, session_id, number, "*"))

    async def versions(
        self, session_id: str, before: int | None, limit: int, *, with_files: bool
    ) -> list[Version]:
        def work(db: sqlite3.Connection) -> list[Version]:
            columns = "*" if with_files else _DESCRIPTION
            page = (session_id, 1 << 62 if before is None else before, limit)
            where = "FROM versions WHERE session_id = ? AND number < ? ORDER BY number DESC LIMIT ?"
            with suppress(sqlite3.DatabaseError):
                return [
                    as_version(row)
                    for row in db.execute(f"SELECT {columns} {where}", page).fetchall()
                ]
            read = (
                _version(db, session_id, row["number"], columns)
                for row in db.execute(f"SELECT number {where}", page)
            )
            return [version for version in read if version]

        return await self._engine.read(work)


def _insert_version(db: sqlite3.Connection, version: Version) -> None:
    db.execute(
        f"INSERT INTO versions ({_DESCRIPTION}, content, files, documents) VALUES (:session_id, "
        ":number, :sequence,"
        " :main_root, :label, :kind, :author_id, :author_name, :contributors, :created_at, "
        ":checksum, :content,"
        " :files, :documents)",
        version_columns(version),
    )


def _keep_excerpt(db: sqlite3.Connection, version: Version) -> None:
    """Keep the last lines of a version, if no newer one exists."""
    db.execute(
        "UPDATE sessions SET excerpt = :excerpt WHERE id = :session_id AND NOT EXISTS"
        " (SELECT 1 FROM versions WHERE session_id = :session_id AND number > :number)",
        {
            "excerpt": version.excerpt(),
            "session_id": version.session_id,
            "number": version.number,
        },
    )


def version_columns(version: Version) -> dict[str, Any]:
    """Return the columns of a version's row.

    The last two columns hold texts only in rows of earlier releases.
    """
    return {
        "session_id": version.session_id,
        "number": version.number,
        "sequence": version.sequence,
        "main_root": version.main_root,
        "label": version.label,
        "kind": str(version.kind),
        "author_id": version.author_id,
        "author_name": version.author_name,
        "contributors": json.dumps(version.contributors),
        "created_at": version.created_at,
        "checksum": version_checksum(version),
        "content": pack_contents(version),
        "files": "",
        "documents": "",
    }


def _count(db: sqlite3.Connection, session_id: str) -> int:
    """Return how many versions there are, from the index."""
    return int(
        db.execute("SELECT count(*) FROM versions WHERE session_id = ?", (session_id,)).fetchone()[
            0
        ]
    )


def _automatic(db: sqlite3.Connection, session_id: str) -> list[int]:
    """Return the numbers of automatic versions, oldest first, without rows on malformed pages."""
    numbers = "SELECT number FROM versions WHERE session_id = ?"
    try:
        rows = db.execute(
            f"{numbers} AND kind = ? ORDER BY number", (session_id, VersionKind.AUTO)
        ).fetchall()
        return [row["number"] for row in rows]
    except sqlite3.DatabaseError as error:
        if not is_malformed(error):
            raise
    listed = db.execute(f"{numbers} ORDER BY number", (session_id,)).fetchall()
    versions = (_version(db, session_id, row["number"], _DESCRIPTION) for row in listed)
    return [
        version.number
        for version in versions
        if version and version.author_id and version.kind is VersionKind.AUTO
    ]


def _newest(db: sqlite3.Connection, session_id: str) -> Version | None:
    """Return the newest version.

    Its number comes from the index alone, so it is found even if its row cannot be read.
    """
    row = db.execute(
        "SELECT max(number) FROM versions WHERE session_id = ?", (session_id,)
    ).fetchone()
    return _version(db, session_id, row[0], "*") if row[0] is not None else None


def _version(
    db: sqlite3.Connection,
    session_id: str,
    number: int,
    columns: str,
    *,
    malformed_too: bool = True,
) -> Version | None:
    try:
        row = db.execute(
            f"SELECT {columns} FROM versions WHERE session_id = ? AND number = ?",
            (session_id, number),
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if is_malformed(error) and malformed_too:
            return damaged_version(session_id, number)
        raise
    return as_version(row) if row else None


def as_version(row: sqlite3.Row) -> Version:
    """Return the version of a row, which may lack the columns of the texts."""
    contents = None
    if "files" in row.keys():  # noqa: SIM118 - a Row is not a mapping
        older = f"[{row['files']},{row['documents']}]"
        packed_older = older.encode() if readable(older) == older else b""
        contents = packed_older if row["content"] is None else row["content"]

    def describe() -> Version:
        return Version(
            session_id=row["session_id"],
            number=row["number"],
            sequence=row["sequence"],
            files=None,
            main_root=row["main_root"],
            label=row["label"],
            kind=VersionKind(row["kind"]),
            author_id=row["author_id"],
            author_name=row["author_name"],
            contributors=tuple(json.loads(row["contributors"])),
            created_at=row["created_at"],
        )

    return checked_version(row["session_id"], row["number"], row["checksum"], describe, contents)


def unsealed_versions(
    db: sqlite3.Connection, limit: int, passed_over: set[tuple[str, int]]
) -> tuple[list[Version], int]:
    """Return (versions of earlier releases, how many were examined).

    passed_over  (session, number) of versions to skip. Versions on malformed pages are added,
                 because they cannot be changed
    """
    query = "SELECT session_id, number FROM versions WHERE checksum IS NULL LIMIT ?"
    try:
        rows = db.execute(query, (limit + len(passed_over),)).fetchall()
    except sqlite3.DatabaseError as error:
        if is_malformed(error):  # a file with malformed pages may lack the index for this query
            return [], 0
        raise
    keys = [key for row in rows if (key := tuple(row)) not in passed_over][:limit]
    versions = []
    for session_id, number in keys:
        try:
            version = _version(db, session_id, number, "*", malformed_too=False)
            versions.append(version or damaged_version(session_id, number))
        except sqlite3.DatabaseError as error:
            if not is_malformed(error):
                raise
            passed_over.add((session_id, number))
    return versions, len(keys)


def seal_versions(db: sqlite3.Connection, versions: list[Version]) -> None:
    """Add checksums to versions of earlier releases, and pack their texts."""
    for version in versions:
        if version.is_damaged:
            db.execute(
                "UPDATE versions SET checksum = ? WHERE session_id = ? AND number = ?",
                (DAMAGED, version.session_id, version.number),
            )
            continue
        db.execute(
            "UPDATE versions SET checksum = :checksum, content = :content, files = '', documents = "
            "''"
            " WHERE session_id = :session_id AND number = :number",
            version_columns(version),
        )
