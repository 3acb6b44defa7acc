"""Keeps what a connection still sees when files of its database were removed or replaced."""

import logging
import os
import sqlite3
from pathlib import Path

from storage.errors import StoreUnavailable
from storage.sqlite.files.open_files import OpenFiles, free_name

_log = logging.getLogger(__name__)


def empty_log(connection: sqlite3.Connection, files: OpenFiles) -> None:
    """Write a log that has no name any more to the database; leave no other log that would be taken for it.

    Raises StoreUnavailable while another process reads from that log.
    """
    is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if is_busy:
        raise StoreUnavailable("another process reads the database")
    _clear_log(files)


def put_back(connection: sqlite3.Connection, files: OpenFiles) -> None:
    """Give a database that was removed a file of its name, with everything that was committed.

    Raises FileExistsError if there is another file of that name by now.
    """
    copy = free_name(files.path.with_name(f"{files.path.name}.copy"))
    _copy_database(connection, copy)
    _clear_log(files)
    _give_name(copy, files.path)


def keep_aside(connection: sqlite3.Connection, files: OpenFiles) -> Path:
    """Copy a database whose place another file has taken; return the name of the copy.

    Leaves no log that would be taken for the other file's.
    """
    kept = free_name(files.path.with_name(f"{files.path.name}.kept"))
    _copy_database(connection, kept)
    _clear_log(files)
    return kept


def _clear_log(files: OpenFiles) -> None:
    for name in files.clear_log():
        _log.warning("a log that does not belong to the database was renamed to %s", name)


def _copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """Write everything that a connection sees to a new file, durably; nothing is left of a copy that fails."""
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
    """Rename a file durably, but not over another one."""
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
