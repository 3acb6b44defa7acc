"""Tools that look at the files, threads and errors of embedded stores."""

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.sqlite.store import SqliteStore


def mode(path: Path) -> str:
    """Return the permissions of a file."""
    return oct(stat.S_IMODE(path.stat().st_mode))


def execute(path: Path, *statements: str) -> None:
    """Run statements on a database file without a store. If there is no file, one is made."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


async def opened(path: Path) -> SqliteStore:
    """Return an open store."""
    store = SqliteStore(path)
    await store.open()
    return store


async def refusal(path: Path) -> str:
    """Open a store that must be refused, and return the message."""
    with pytest.raises(StoreUnavailable) as caught:
        await SqliteStore(path).open()
    return str(caught.value)


def sqlite_threads() -> int:
    """Return the number of threads of all open stores."""
    return sum(thread.name.startswith("sqlite-") for thread in threading.enumerate())


def descriptors() -> int:
    """Return the number of descriptors that this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
