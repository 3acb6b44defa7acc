"""Tests of programs in SQLite.

An unreadable test keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from storage.errors import NotFound
from storage.program_tests.contents import as_test, pack_test
from storage.program_tests.records import ProgramTest
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import is_malformed
from storage.sqlite.rooms import existing_session

_DESCRIPTION = "session_id, id, position, is_hidden, created_at"
_IN_ORDER = "FROM program_tests WHERE session_id = ? ORDER BY position, id"
_OPEN_IN_ORDER = "FROM program_tests WHERE session_id = ? AND is_hidden = 0 ORDER BY position, id"


class SqliteProgramTestStore:
    """The ProgramTestStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    async def add_program_test(self, test: ProgramTest) -> None:
        def work(db: sqlite3.Connection) -> None:
            existing_session(db, test.session_id)
            db.execute(
                "INSERT INTO program_tests"
                " (session_id, id, position, is_hidden, created_at, content)"
                " VALUES (:session_id, :id, (SELECT coalesce(max(position), 0) + 1"
                " FROM program_tests WHERE session_id = :session_id), :is_hidden, :created_at,"
                " :content) ON CONFLICT DO NOTHING",
                program_test_columns(test),
            )

        await self._engine.write(work)

    async def program_tests(
        self, session_id: str, *, with_hidden: bool = True
    ) -> list[ProgramTest]:
        wanted = _IN_ORDER if with_hidden else _OPEN_IN_ORDER

        def work(db: sqlite3.Connection) -> list[ProgramTest]:
            with suppress(sqlite3.DatabaseError):
                rows = db.execute(f"SELECT * {wanted}", (session_id,)).fetchall()
                return [as_program_test(row) for row in rows]
            # The index has the descriptions even of rows that cannot be read.
            rows = db.execute(f"SELECT {_DESCRIPTION} {wanted}", (session_id,)).fetchall()
            return [_alone(db, row) for row in rows]

        return await self._engine.read(work)

    async def change_program_test(self, test: ProgramTest) -> None:
        def work(db: sqlite3.Connection) -> None:
            changed = db.execute(
                "UPDATE program_tests SET is_hidden = :is_hidden, content = :content"
                " WHERE session_id = :session_id AND id = :id",
                program_test_columns(test),
            )
            if not changed.rowcount:
                raise NotFound("test")

        await self._engine.write(work)

    async def delete_program_test(self, session_id: str, test_id: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM program_tests WHERE session_id = ? AND id = ?", (session_id, test_id)
            )

        await self._engine.write(work)

    async def order_program_tests(self, session_id: str, positions: Mapping[str, int]) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                "UPDATE program_tests SET position = ? WHERE session_id = ? AND id = ?",
                [(position, session_id, test_id) for test_id, position in positions.items()],
            )

        await self._engine.write(work)


def program_test_columns(test: ProgramTest) -> dict[str, Any]:
    """Return the columns of a test's row."""
    return {
        "session_id": test.session_id,
        "id": test.id,
        "position": test.position,
        "is_hidden": int(test.is_hidden),
        "created_at": test.created_at,
        "content": pack_test(test),
    }


def as_program_test(row: sqlite3.Row) -> ProgramTest:
    """Return the test of a row; without the column of its content, it is damaged."""
    columns = dict(row)
    return as_test(columns, columns["id"])


def _alone(db: sqlite3.Connection, described: sqlite3.Row) -> ProgramTest:
    """Return the test of a description, damaged if its row is on a malformed page."""
    try:
        row = db.execute(
            "SELECT * FROM program_tests WHERE session_id = ? AND id = ?",
            (described["session_id"], described["id"]),
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if is_malformed(error):
            return as_program_test(described)
        raise
    return as_program_test(row or described)
