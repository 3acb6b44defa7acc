"""Brings the schema of a database file up to date, by scripts that run once each, in order."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from storage.errors import StoreUnavailable
from storage.names import name_skeleton
from storage.sqlite.files.damage import is_malformed

MIGRATIONS = (
    "1_schema.sql",
    "2_people.sql",
    "3_refreshed.sql",
    "4_documents.sql",
    "5_checksums.sql",
    "6_look_alikes.sql",
    "7_usage.sql",
    "8_resets.sql",
    "9_runs.sql",
    "10_tests.sql",
    "11_excerpts.sql",
)
"""Scripts in this package. The database's `user_version` says how many of them have run.

They may call the functions `name_skeleton` and `session_bytes`.
The latter returns how many bytes a session takes.
"""

_SPARED = {"versions_without_checksum": "versions", "messages_without_checksum": "messages"}
"""{index: its table}. These indexes only help to find rows of earlier releases,
so they are not made for a damaged table."""

_SIZES = {
    "log": "length(data)",
    "checkpoints": "length(state)",
    "versions": "length(CAST(files AS BLOB))",
    "messages": "length(CAST(text AS BLOB))",
}
"""{table: SQL for the bytes that a row takes}, for files without the counters of `7_usage.sql`."""
_PACKED = "coalesce(length(content), length(CAST(files AS BLOB)))"
"""SQL for the bytes that a version takes, from `5_checksums.sql` on."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Survey:
    """Facts about an older file, read before the first step.

    They are read outside of the transaction,
    because a transaction that has met a damaged page cannot be committed.

    damaged  tables that have damaged pages
    usage    {session: bytes that it takes}, without rows that cannot be read
    """

    damaged: frozenset[str]
    usage: Mapping[str, int]


def steps_done(connection: sqlite3.Connection) -> int:
    """Return how many migrations the file has had.

    Raises StoreUnavailable, and changes nothing,
    if a newer server or another program wrote the file.
    """
    done = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if done < 0 or done > len(MIGRATIONS):
        raise StoreUnavailable("the database was written by a newer version of this server")
    tables = {
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if "users" not in tables if done else tables:
        raise StoreUnavailable("the SQLite file belongs to another program")
    return done


def _survey(connection: sqlite3.Connection, done: int) -> Survey:
    """Examine a file before its schema is changed; done: how many steps it has had."""
    # Only steps up to this one need the facts. To find them, all rows are read.
    if done == 0 or done > MIGRATIONS.index("7_usage.sql"):
        return Survey(frozenset(), {})
    sizes = (
        {**_SIZES, "versions": _PACKED} if done > MIGRATIONS.index("5_checksums.sql") else _SIZES
    )
    damaged, usage = (
        set(),
        {row[0]: 0 for row in connection.execute("SELECT id FROM sessions").fetchall()},
    )
    for table, size in sizes.items():
        if _read(connection, f"SELECT sum(created_at) FROM {table} NOT INDEXED") is None:  # noqa: S608 - from _SIZES
            damaged.add(table)
        query = f"SELECT sum({size}) FROM {table} WHERE session_id = ?"  # noqa: S608 - from _SIZES
        for session_id in usage:
            usage[session_id] += _read(connection, query, session_id) or 0
    return Survey(frozenset(damaged), usage)


def _read(connection: sqlite3.Connection, query: str, *values: str) -> int | None:
    """Return the number that a query finds, 0 for NULL; None if the query needs a damaged page."""
    try:
        return int(connection.execute(query, values).fetchone()[0] or 0)
    except sqlite3.DatabaseError as error:
        if not is_malformed(error):
            raise
        return None


def migrate(connection: sqlite3.Connection, done: int) -> None:
    """Bring the schema up to date; done: how many steps the file has had.

    All steps are one transaction. So if a step fails,
    the server that wrote the file can still open it.
    """
    seen = _survey(connection, done)
    connection.execute("BEGIN IMMEDIATE")
    try:
        _run_steps(connection, done, seen)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def rehearse(
    connection: sqlite3.Connection, done: int, work: Callable[[sqlite3.Connection], object]
) -> None:
    """Bring the schema up to date, run `work`, and undo both.

    done  how many steps the file has had
    """
    seen = _survey(connection, done)
    connection.execute("BEGIN IMMEDIATE")
    try:
        _run_steps(connection, done, seen)
        work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _run_steps(connection: sqlite3.Connection, done: int, seen: Survey) -> None:
    """Run the missing migrations inside the caller's transaction."""
    for step in range(done, len(MIGRATIONS)):
        _run_step(connection, step, seen)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script. The statement of a trigger may contain semicolons."""
    statement = ""
    for part in script.split(";"):
        statement += part
        if sqlite3.complete_statement(f"{statement};"):
            yield statement
            statement = ""
        else:
            statement += ";"
    if statement.strip(" \n;"):
        yield statement


def _run_step(connection: sqlite3.Connection, step: int, seen: Survey) -> None:
    """Run a migration inside the caller's transaction; step: its place in `MIGRATIONS`."""
    connection.create_function("name_skeleton", 1, name_skeleton, deterministic=True)
    connection.create_function("session_bytes", 1, lambda session_id: seen.usage.get(session_id, 0))
    for statement in _statements(files("storage.sqlite").joinpath(MIGRATIONS[step]).read_text()):
        index = next((index for index in _SPARED if f"CREATE INDEX {index} " in statement), "")
        if index and _SPARED[index] in seen.damaged:
            _log.error("pages of the table %s are damaged; readable rows are kept", _SPARED[index])
        else:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={step + 1:d}")
