"""Turns rows of SQLite into rows for `storage.copying`, and back."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from storage.copying import (
    Row,
    message_of,
    message_row,
    program_test_of,
    program_test_row,
    run_of,
    run_row,
    version_of,
    version_row,
)
from storage.mending import readable
from storage.names import name_key, name_skeleton
from storage.sqlite.engine import Engine
from storage.sqlite.messages import as_message, message_columns
from storage.sqlite.programs.program_tests import as_program_test, program_test_columns
from storage.sqlite.runs import as_run, run_columns
from storage.sqlite.versions import as_version, version_columns

_KEYS = {
    "users": ("id",),
    "refresh_tokens": ("id",),
    "sessions": ("id",),
    "members": ("session_id", "user_id"),
    "invites": ("id",),
    "invite_uses": ("invite_id", "user_id"),
    "avatars": ("user_id",),
    "messages": ("session_id", "sequence"),
    "log": ("session_id", "first"),
    "checkpoints": ("session_id",),
    "versions": ("session_id", "number"),
    "runs": ("session_id", "number"),
    "program_tests": ("session_id", "id"),
}
_FLAGS = {"is_guest", "is_deleted", "is_removed", "is_revoked"}
_DERIVED = {"username_key", "username_skeleton", "email_key"}


class SqliteTableIO:
    """The `TableIO` part of the store.

    The names of tables and columns in its SQL come from the schema, never from a client.
    """

    _engine: Engine

    async def count(self, table: str) -> int:
        return int(
            await self._engine.read(
                lambda db: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - from TABLES
            )
        )

    async def page(self, table: str, cursor: str, limit: int) -> tuple[list[Row], str]:
        keys = _KEYS[table]
        after = json.loads(cursor) if cursor else None

        def work(db: sqlite3.Connection) -> list[Any]:
            listed = ", ".join(keys)
            marks = ", ".join("?" for _ in keys)
            behind = f"WHERE ({listed}) > ({marks})" if after else ""
            return db.execute(
                f"SELECT * FROM {table} {behind} ORDER BY {listed} LIMIT ?",  # noqa: S608 - from TABLES and _KEYS
                (*(after or ()), limit),
            ).fetchall()

        rows = await self._engine.read(work)
        last = json.dumps([rows[-1][key] for key in keys]) if rows else cursor
        return [_as_row(table, row) for row in rows], last

    async def put(self, table: str, rows: Iterable[Row]) -> None:
        given = [_as_columns(table, row) for row in rows]

        def work(db: sqlite3.Connection) -> None:
            for columns in given:
                names = ", ".join(columns)
                values = ", ".join(f":{name}" for name in columns)
                keys = ", ".join(_KEYS[table])
                changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
                db.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608
                    f" ON CONFLICT ({keys}) DO UPDATE SET {changes}",
                    columns,
                )

        if given:
            await self._engine.write(work)

    async def note(self, name: str) -> str:
        def work(db: sqlite3.Connection) -> str:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
            return row["value"] if row else ""

        return await self._engine.read(work)

    async def set_note(self, name: str, text: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM meta WHERE key = ?", (name,))
            if text:
                db.execute("INSERT INTO meta VALUES (?, ?)", (name, text))

        await self._engine.write(work)


def _as_row(table: str, columns: sqlite3.Row) -> Row:
    match table:
        case "versions":
            return version_row(as_version(columns))
        case "messages":
            return message_row(as_message(columns))
        case "runs":
            return run_row(as_run(columns))
        case "program_tests":
            return program_test_row(as_program_test(columns))
    row = {name: value for name, value in dict(columns).items() if name not in _DERIVED}
    row = {
        name: readable(value) if isinstance(value, str) else value for name, value in row.items()
    }
    return {name: bool(value) if name in _FLAGS else value for name, value in row.items()}


def _as_columns(table: str, row: Row) -> dict[str, Any]:
    match table:
        case "versions":
            return version_columns(version_of(row))
        case "messages":
            return message_columns(message_of(row))
        case "runs":
            return run_columns(run_of(row))
        case "program_tests":
            return program_test_columns(program_test_of(row))
    columns = dict(row)
    if table == "users":
        is_nameless = row["is_guest"] or row["is_deleted"]
        columns["username_key"] = f"\0{row['id']}" if is_nameless else name_key(row["username"])
        columns["username_skeleton"] = None if is_nameless else name_skeleton(row["username"])
        columns["email_key"] = row["email"].casefold() if row["email"] else None
    return columns
