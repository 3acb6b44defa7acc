"""Runs of programs in SQLite.

An unreadable run keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import sqlite3
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from storage.checksums import checked_run, damaged_run, run_checksum
from storage.errors import RowDamaged
from storage.runs.contents import pack_report
from storage.runs.records import Run
from storage.sqlite.accounts import remembered_name
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import is_malformed
from storage.sqlite.rooms import existing_session, touch

_DESCRIPTION = "session_id, number, id, user_id, user_name, sequence, outcome, created_at, checksum"


class SqliteRunStore:
    """The RunStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    async def add_run(self, run: Run, limit: int) -> Run:
        try:
            return await self._engine.write(partial(_add, run=run, limit=limit))
        except RowDamaged:
            # Runs on or next to a malformed page cannot be deleted, and a transaction that tried it
            # cannot be committed. They stay, and the new run is stored.
            return await self._engine.write(partial(_add, run=run, limit=None))

    async def run(self, session_id: str, number: int) -> Run | None:
        return await self._engine.read(lambda db: _run(db, session_id, number, "*"))

    async def runs(
        self, session_id: str, before: int | None, limit: int, *, with_reports: bool
    ) -> list[Run]:
        def work(db: sqlite3.Connection) -> list[Run]:
            columns = "*" if with_reports else _DESCRIPTION
            page = (session_id, 1 << 62 if before is None else before, limit)
            where = "FROM runs WHERE session_id = ? AND number < ? ORDER BY number DESC LIMIT ?"
            with suppress(sqlite3.DatabaseError):
                return [
                    as_run(row) for row in db.execute(f"SELECT {columns} {where}", page).fetchall()
                ]
            # The index has the numbers even of rows that cannot be read.
            numbers = [row["number"] for row in db.execute(f"SELECT number {where}", page)]
            runs = (_run(db, session_id, number, columns) for number in numbers)
            return [run for run in runs if run]

        return await self._engine.read(work)

    async def redact_run(self, run: Run) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE runs SET content = :content WHERE session_id = :session_id"
                " AND number = :number",
                {
                    "session_id": run.session_id,
                    "number": run.number,
                    "content": pack_report(run.session_id, run.number, run.report),
                },
            )

        await self._engine.write(work)


def run_columns(run: Run) -> dict[str, Any]:
    """Return the columns of a run's row."""
    return {
        "session_id": run.session_id,
        "number": run.number,
        "id": run.id,
        "user_id": run.user_id,
        "user_name": run.user_name,
        "sequence": run.sequence,
        "outcome": str(run.outcome),
        "created_at": run.created_at,
        "checksum": run_checksum(run),
        "content": pack_report(run.session_id, run.number, run.report),
    }


def as_run(row: sqlite3.Row) -> Run:
    """Return the run of a row, which may lack the column of the report."""
    columns = dict(row)
    return checked_run(
        columns["session_id"], columns["number"], columns, with_report="content" in columns
    )


def _add(db: sqlite3.Connection, run: Run, limit: int | None) -> Run:
    """Store a run, and drop the oldest ones unless `limit` is None."""
    existing_session(db, run.session_id)
    existing = db.execute(
        "SELECT * FROM runs WHERE session_id = ? AND id = ?", (run.session_id, run.id)
    ).fetchone()
    if existing:
        return as_run(existing)
    number = _newest(db, run.session_id) + 1
    name = remembered_name(db, run.user_id, run.user_name)
    stored = replace(run, number=number, user_name=name)
    db.execute(
        f"INSERT INTO runs ({_DESCRIPTION}, content) VALUES (:session_id, :number, :id, :user_id,"
        " :user_name, :sequence, :outcome, :created_at, :checksum, :content)",
        run_columns(stored),
    )
    if limit is not None:
        db.execute(
            "DELETE FROM runs WHERE session_id = ? AND number <= ?",
            (run.session_id, number - limit),
        )
    touch(db, run.session_id, run.created_at)
    return stored


def _newest(db: sqlite3.Connection, session_id: str) -> int:
    """Return the number of the newest run, 0 if there is none."""
    row = db.execute(
        "SELECT coalesce(max(number), 0) FROM runs WHERE session_id = ?", (session_id,)
    ).fetchone()
    return int(row[0])


def _run(db: sqlite3.Connection, session_id: str, number: int, columns: str) -> Run | None:
    try:
        row = db.execute(
            f"SELECT {columns} FROM runs WHERE session_id = ? AND number = ?",
            (session_id, number),
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if is_malformed(error):
            return damaged_run(session_id, number)
        raise
    return as_run(row) if row else None
