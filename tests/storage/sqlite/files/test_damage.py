"""Tests of finding out which errors of SQLite mean damage."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.sqlite.files.damage import is_malformed


def error_of(database: Path, statement: str) -> sqlite3.Error:
    """Return the error with which a statement fails."""
    with closing(sqlite3.connect(database)) as db, pytest.raises(sqlite3.Error) as raised:
        db.execute(statement).fetchall()
    return raised.value


def test_malformed_page_is_damage(tmp_path: Path) -> None:
    """The extended result code of the error has more bits than its primary code."""
    path = tmp_path / "database"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE rows (x)")
        db.execute("INSERT INTO rows VALUES (1)")
        db.commit()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek(size)
        file.write(b"\xff" * 16)

    error = error_of(path, "SELECT * FROM rows")

    assert is_malformed(error)


@pytest.mark.parametrize("statement", ["SELECT * FROM nothing", "SELECT"])
def test_wrong_statement_is_no_damage(tmp_path: Path, statement: str) -> None:
    error = error_of(tmp_path / "database", statement)

    assert not is_malformed(error)
