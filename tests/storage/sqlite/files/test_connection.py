"""Tests of opening connections to the database file."""

import os
import sqlite3
from pathlib import Path

import pytest

from storage.sqlite.files.connection import connect


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "collab.db"
    path.touch()
    return path


def test_connection_checks_references_and_overwrites_deleted_data(database: Path) -> None:
    connection = connect(database)

    settings = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("foreign_keys", "secure_delete", "cache_size")
    ]

    connection.close()
    assert settings == [1, 1, -256]


def test_connection_to_missing_file_creates_none(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        connect(tmp_path / "collab.db")

    assert list(tmp_path.iterdir()) == []


def test_connection_reads_text_that_is_not_utf8(database: Path) -> None:
    """A bit that flips in a text leaves the row readable."""
    connection = connect(database)

    value = connection.execute("SELECT CAST(x'41ff' AS TEXT)").fetchone()[0]

    connection.close()
    assert value == "A\udcff"


def test_connection_that_cannot_be_set_up_is_closed(database: Path) -> None:
    """A failure leaves no descriptor of the file open, even while the error is kept."""
    database.write_bytes(b"not a database" * 100)

    with pytest.raises(sqlite3.DatabaseError) as caught:
        connect(database)

    opened = {os.path.realpath(descriptor) for descriptor in Path("/proc/self/fd").iterdir()}
    assert str(database) not in opened
    assert caught.value.sqlite_errorname == "SQLITE_NOTADB"
