"""Saves the rows that a connection still sees when its database files were removed or replaced."""

import logging
import os
import sqlite3
from pathlib import Path

from storage.errors import StoreUnavailable
from storage.sqlite.files.open_files import OpenFiles, free_name

_log = logging.getLogger(__name__)


def empty_log(connection: sqlite3.Connection, files: OpenFiles) -> None:
    """Copy the open log, which no longer has a name, into the database.

    Then clear other files that have the log's name. Raises StoreUnavailable while another process
    reads from the open log.
    """
    is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if is_busy:
        raise StoreUnavailable("another process reads the database")
    _clear_log(files)


def put_back(connection: sqlite3.Connection, files: OpenFiles) -> None:
    """Restore a removed database under its name, with everything that was committed.

    Raises FileExistsError if another file has taken the name.
    """
    # The copy gets the right name last, because SQLite would apply the old log to a file with that
    # name. Also, a crash between these steps never leaves half a copy under the right name.
    copy = free_name(files.path.with_name(f"{files.path.name}.copy"))
    _copy_database(connection, copy)
    _clear_log(files)
    _give_name(copy, files.path)


def keep_aside(connection: sqlite3.Connection, files: OpenFiles) -> Path:
    """Copy a database whose name another file has taken; return the name of the copy.

    The log is removed, because SQLite would apply it to the other file.
    """
    copy = free_name(files.path.with_name(f"{files.path.name}.kept"))
    _copy_database(connection, copy)
    _clear_log(files)
    return copy


def _clear_log(files: OpenFiles) -> None:
    for name in files.clear_log():
        _log.warning("a log that does not belong to the database was renamed to %s", name)


def _copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """Write everything that a connection sees to a new file, durably.

    If the copy fails, the new file is removed.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    copy = sqlite3.connect(target)
    try:
        copy.execute("PRAGMA synchronous=FULL")
        connection.backup(copy)
    except BaseException:
        target.unlink()
        raise
    finally:
        copy.close()


def _give_name(file: Path, name: Path) -> None:
    """Rename a file durably, but never replace another file."""
    # rename(2) replaces an existing file without an error, but link(2) fails if the new name
    # exists. The folder is synced, because only then the new name is durable.
    try:
        name.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(name):
            raise FileExistsError(name) from None
        file.rename(name)
    file.unlink(missing_ok=True)
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
