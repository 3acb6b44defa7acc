"""SQLite behind threads: one that writes, a few that read, none of them the event loop's.

In WAL mode readers see the last commit and never wait for the writer. `synchronous=FULL` makes
each commit reach the disk; rooms therefore commit in groups.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from storage.errors import StoreUnavailable
from storage.places import try_file, try_folder

_T = TypeVar("_T")

MIGRATIONS = ("1_schema.sql", "2_people.sql", "3_refreshed.sql", "4_documents.sql")
"""Scripts in this package; the database's `user_version` says how many have run."""

_READERS = 3
_BUSY_TIMEOUT_S = 5.0
_CACHE_KIB = 256
"""Of each connection, 2,000 by default; the operating system has the file's pages anyway."""


class Engine:
    """One database file. `write` and `read` run a function of a connection in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start_threads()
        self._opened: list[sqlite3.Connection] = []
        self._write_connection: sqlite3.Connection | None = None
        self._lock = -1

    def _start_threads(self) -> None:
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(_READERS, "sqlite-reader")
        self._local = threading.local()
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Create or migrate the file; raises StoreUnavailable if it cannot be used or is in use."""
        if self.is_open:
            raise StoreUnavailable("the store is open already")
        if self._closing:
            self._start_threads()
        try:
            await self._run(self._writer, self._open)
        except BaseException:
            await self.close()
            raise

    async def rehearse(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        """Do what `open` does and then `work`, undo it, and return whether a server has the file open.

        Makes no file. Raises StoreUnavailable where `open` would, except for a server that has the file open.
        """
        if self._closing:
            self._start_threads()
        try:
            return await self._run(self._writer, self._rehearse, work)
        finally:
            await self.close()

    async def close(self) -> None:
        """Wait for what is under way, then close everything; harmless when closed."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._shut(), name="close store")
        await asyncio.shield(self._closing)

    async def _shut(self) -> None:
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._writer.submit(self._close).result)
        await asyncio.to_thread(self._writer.shutdown)

    @property
    def is_open(self) -> bool:
        return self._write_connection is not None

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` in one immediate transaction: committed when it returns, undone when it raises."""
        return await self._run(self._writer, self._transact, work)

    async def scrub(self) -> None:
        """Empty the write-ahead log: with `secure_delete` nothing that was deleted is in the files then.

        A reader that is busy can keep it from that for a while; the next call, or the end, makes up for it.
        """
        await self._run(self._writer, self._scrub)

    async def read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` on the last committed state."""
        return await self._run(self._readers, self._query, work)

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[..., _T], *arguments: object) -> _T:
        """Run `call` in a thread; whatever SQLite or the file system raises becomes StoreUnavailable."""
        if self._closing:
            raise StoreUnavailable("the store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self._connect()
        done = _steps_done(connection)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, done)
        self._write_connection = connection

    def _rehearse(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        try_folder(self._path.parent)
        try_file(_lock_file(self._path))
        is_used = is_locked(self._path)
        try_file(self._path)
        if not self._path.exists():
            return is_used
        connection = self._connect()
        done = _steps_done(connection)
        if is_used:
            return True
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in range(done, len(MIGRATIONS)):
                _run_step(connection, step)
            work(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return False

    def _take_lock(self) -> None:
        """Two servers on one file would each believe their own rooms: the second one is refused."""
        self._lock = os.open(_lock_file(self._path), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            folder = self._path.parent.absolute()
            raise StoreUnavailable(f"{folder} is in use by another server: stop that or use another folder") from None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path.absolute().as_uri() + "?mode=rw",  # never makes a file: `_open` does, with the right mode
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_TIMEOUT_S,
        )
        self._opened.append(connection)  # first, for the statements below fail on a file that is no database
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA cache_size={-_CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        return connection

    def _close(self) -> None:
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._write_connection = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection = self._write_connection
        if connection is None:
            raise StoreUnavailable("the store is closed")
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _scrub(self) -> None:
        if self._write_connection:
            self._write_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _query(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
        return work(connection)


def _lock_file(database: Path) -> Path:
    name = f"{database.name}.lock" if database.suffix == ".lock" else f"{database.stem}.lock"
    return database.with_name(name)


def is_locked(database: Path) -> bool:
    """Whether a server has this database open."""
    try:
        descriptor = os.open(_lock_file(database), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _steps_done(connection: sqlite3.Connection) -> int:
    """Return how many migrations the file has seen; a newer server's or another program's is refused untouched."""
    done = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if done < 0 or done > len(MIGRATIONS):
        raise StoreUnavailable("the database was written by a newer version of this server")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "users" not in tables if done else tables:
        raise StoreUnavailable("the SQLite file belongs to another program")
    return done


def _migrate(connection: sqlite3.Connection, done: int) -> None:
    """Bring the schema up to date, each step in its own transaction."""
    for step in range(done, len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _run_step(connection, step)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _run_step(connection: sqlite3.Connection, step: int) -> None:
    """Run a migration inside the caller's transaction; step: its place in `MIGRATIONS`."""
    for statement in files("storage.sqlite").joinpath(MIGRATIONS[step]).read_text().split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={step + 1:d}")
