"""Opens connections to the database file, all with equal settings."""

import sqlite3
from pathlib import Path

_BUSY_TIMEOUT_S = 5.0
_CACHE_KIB = 256
"""KiB of pages that each connection caches. SQLite's default is 2,000; the system caches too."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a file that exists. Other threads may use the connection, but only one at a time."""
    # With mode=rw, SQLite creates no file: `Engine` creates it, with the right permissions.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_S
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.text_factory = _text
        connection.execute(f"PRAGMA cache_size={-_CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _text(data: bytes) -> str:
    """Decode a text, even if its bytes are not valid UTF-8 (see `storage.mending.readable`)."""
    return data.decode("utf-8", "surrogateescape")
