"""The schema of a database file, brought up to date by scripts that run once each, in order."""

import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from storage.errors import StoreUnavailable
from storage.names import name_skeleton

MIGRATIONS = (
    "1_schema.sql",
    "2_people.sql",
    "3_refreshed.sql",
    "4_documents.sql",
    "5_checksums.sql",
    "6_look_alikes.sql",
    "7_usage.sql",
)
"""Scripts in this package; the database's `user_version` says how many have run. They may call `name_skeleton`."""


def steps_done(connection: sqlite3.Connection) -> int:
    """Return how many migrations the file has seen; a newer server's or another program's is refused untouched."""
    done = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if done < 0 or done > len(MIGRATIONS):
        raise StoreUnavailable("the database was written by a newer version of this server")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "users" not in tables if done else tables:
        raise StoreUnavailable("the SQLite file belongs to another program")
    return done


def migrate(connection: sqlite3.Connection, done: int) -> None:
    """Bring the schema up to date, each step in its own transaction; done: how many the file has seen."""
    for step in range(done, len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _run_step(connection, step)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def rehearse_steps(connection: sqlite3.Connection, done: int) -> None:
    """Run the migrations that are missing inside the caller's transaction."""
    for step in range(done, len(MIGRATIONS)):
        _run_step(connection, step)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; the body of a trigger has semicolons of its own."""
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


def _run_step(connection: sqlite3.Connection, step: int) -> None:
    """Run a migration inside the caller's transaction; step: its place in `MIGRATIONS`."""
    connection.create_function("name_skeleton", 1, name_skeleton, deterministic=True)
    for statement in _statements(files("storage.sqlite").joinpath(MIGRATIONS[step]).read_text()):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={step + 1:d}")
