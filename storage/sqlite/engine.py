"""Runs SQLite in threads outside of the event loop: one thread writes, and a few threads read.

In WAL mode readers see the last commit and never wait for the writer. With `synchronous=FULL` each
commit reaches the disk. A large commit costs about as much as a small one, so rooms commit in
groups. Before a commit counts, `storage.sqlite.files.open_files` looks whether the files are there.

See docs/design/storage.md.
"""

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from storage.errors import RowDamaged, StoreUnavailable
from storage.places import try_file, try_folder
from storage.sqlite.files.connection import connect
from storage.sqlite.files.damage import is_malformed
from storage.sqlite.files.lock import FileLock, is_locked, lock_file
from storage.sqlite.files.open_files import NEXT, Loss, OpenFiles
from storage.sqlite.migrations import migrate, rehearse, steps_done
from storage.sqlite.rescue import empty_log, keep_aside, put_back

_S = TypeVar("_S")
_T = TypeVar("_T")

_READERS = 3

_log = logging.getLogger(__name__)


class Engine:
    """One database file. `write` and `read` call a function with a connection, in a thread.

    _files    identities of the open files, None before `open`
    _loss     damage to these files; nothing is written or read until `mend` has repaired it
    _copy     the copy of the rows, made when another file had taken the database's name
    _reading  permits for queries: each running query holds one
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start_threads()
        self._opened: list[sqlite3.Connection] = []
        self._write_connection: sqlite3.Connection | None = None
        self._lock = FileLock(path)
        self._files: OpenFiles | None = None
        self._loss: Loss | None = None
        self._copy: Path | None = None
        self._reading = threading.Semaphore(_READERS)

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
        """Migrate the file, run `work`, and undo both; return whether a server has the file open.

        Creates no file. Raises StoreUnavailable like `open`, except if a server has the file open.
        """
        if self._closing:
            self._start_threads()
        try:
            return await self._run(self._writer, self._rehearse, work)
        finally:
            await self.close()

    async def close(self) -> None:
        """Wait for running reads and writes, then close everything; no effect if it is closed."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._shut(), name="close store")
        await asyncio.shield(self._closing)

    async def _shut(self) -> None:
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._writer.submit(self._close).result)
        await asyncio.to_thread(self._writer.shutdown)

    @property
    def is_open(self) -> bool:
        """Whether the file is open for writing."""
        return self._write_connection is not None

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` in an immediate transaction, which is undone if `work` raises."""
        return await self._run(self._writer, self._transact, work)

    async def write_after(
        self, look: Callable[[sqlite3.Connection], _S], work: Callable[[sqlite3.Connection, _S], _T]
    ) -> _T:
        """Run `look`, then run `work` with its result in a transaction; no write comes between.

        Reads that may meet a malformed page belong in `look`, because a transaction that has met
        such a page cannot be committed.
        """
        return await self._run(self._writer, self._look_and_transact, look, work)

    async def scrub(self) -> None:
        """Empty the write-ahead log, so that deleted data is in none of the files.

        `secure_delete` overwrites deleted data in the database, but the log has older copies of the
        pages. While a reader is busy, the log stays; the next call, or `close`, empties it.
        """
        await self._run(self._writer, self._scrub)

    async def mend(self) -> None:
        """Check that the database's names lead to the open files, and restore removed files.

        Raises StoreUnavailable if a file cannot be restored; no effect if the store is closed.
        """
        await self._run(self._writer, self._mend)

    async def read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` on the last committed state."""
        return await self._run(self._readers, self._query, work)

    async def _run(
        self, pool: ThreadPoolExecutor, call: Callable[..., _T], *arguments: object
    ) -> _T:
        """Run `call` in a thread; SQLite's and OSErrors become StoreUnavailable or RowDamaged."""
        if self._closing:
            raise StoreUnavailable("the store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, call, *arguments)
        except (sqlite3.Error, OSError) as error:
            if is_malformed(error):
                raise RowDamaged(f"{self._path}: rows of the database are damaged") from error
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.take()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self._connect()
        done = steps_done(connection)
        self._use(connection)
        migrate(connection, done)

    def _use(self, connection: sqlite3.Connection) -> None:
        """Write with this connection from now on, and remember which files it has open."""
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # Creates the log file, if it is missing.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._files = OpenFiles(self._path, self._lock.path)
        self._loss = None
        self._copy = None
        self._write_connection = connection

    def _rehearse(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        try_folder(self._path.parent)
        try_file(lock_file(self._path))
        is_used = is_locked(self._path)
        try_file(self._path)
        if not self._path.exists():
            return is_used
        connection = self._connect()
        done = steps_done(connection)
        if is_used:
            return True
        rehearse(connection, done, work)
        return False

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self._path)
        self._opened.append(connection)
        return connection

    def _close(self) -> None:
        self._close_connections()
        self._files = None
        self._lock.release()

    def _close_connections(self) -> None:
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._write_connection = None

    def _look_and_transact(
        self, look: Callable[[sqlite3.Connection], _S], work: Callable[[sqlite3.Connection, _S], _T]
    ) -> _T:
        if self._write_connection is None:
            raise StoreUnavailable("the store is closed")
        seen = look(self._write_connection)
        return self._transact(lambda connection: work(connection, seen))

    def _transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection = self._write_connection
        if connection is None:
            raise StoreUnavailable("the store is closed")
        # The files are checked before the transaction and again after it, because a file may be
        # removed in between. For example, `collab.db-wal` is removed while `work` runs. COMMIT
        # writes to a file without a name, which the next start will not find, so the caller gets an
        # error. But `mend` may save these rows. So a repeated call accepts equal rows that are
        # stored already.
        self._require_files()
        # IMMEDIATE takes the write lock first, and waits for it. A transaction that began with a
        # read could not wait for the lock: SQLite would refuse its writes (BUSY_SNAPSHOT).
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._require_files()
        return result

    def _scrub(self) -> None:
        if self._write_connection:
            self._write_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _query(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._reading:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None or self._loss:
                # A new connection opens the file that has the name now.
                # It must be the file that the other connections have open.
                self._require_files()
            if connection is None:
                connection = self._local.connection = self._connect()
                connection.execute("PRAGMA query_only=ON")
            return work(connection)

    def _require_files(self) -> None:
        """Raise StoreUnavailable if the next start could not find rows that are written now."""
        loss = self._files.loss() if self._files else None
        if loss or self._loss:
            self._note_loss(loss or self._loss)
            raise StoreUnavailable(f"{self._path}: {self._loss}")

    def _note_loss(self, loss: Loss | None) -> None:
        if loss and loss is not self._loss:
            _log.error("%s: %s; %s", self._path, loss, NEXT[loss])
        self._loss = loss

    def _mend(self) -> None:
        if self._files is None:
            return
        connection, before, loss = self._write_connection, self._loss, self._files.loss()
        self._note_loss(loss)
        if connection is None:  # an earlier call could not open the database again
            self._reopen()
            return
        match loss:
            case Loss.LOG:
                empty_log(connection, self._files)
                self._reopen()
            case Loss.FILE:
                self._lock.take()
                put_back(connection, self._files)
                self._reopen()
            case Loss.LOCK:
                self._reopen()
            case Loss.REPLACED if not self._copy:
                self._copy = keep_aside(connection, self._files)
                _log.error(
                    "%s: everything that this server saved before is in %s", self._path, self._copy
                )
            case None if before:
                _log.warning("%s: its files are there again", self._path)

    def _reopen(self) -> None:
        # An open connection would keep the files without a name, so all connections are closed
        # while no query runs. `_local` is replaced, so each reading thread opens a new connection.
        self._lock.take()
        with self._no_queries():
            self._close_connections()
            self._local = threading.local()
            self._use(self._connect())
        _log.warning(
            "%s: its files are in order again; nothing reported as saved is lost", self._path
        )

    @contextmanager
    def _no_queries(self) -> Iterator[None]:
        """Wait until no query runs, and prevent new queries inside the block."""
        # Only the writing thread calls this: two threads would wait for each other's permits.
        for _ in range(_READERS):
            self._reading.acquire()
        try:
            yield
        finally:
            self._reading.release(_READERS)
