"""Notices that files of an open database were removed or replaced.

On Unix, a process can write to a file that no longer has a name. A commit to such a file succeeds,
but the next start does not find it. So the names are compared with the open files every second, and
before a commit is reported as saved.

See docs/design/storage.md.
"""

import os
from enum import StrEnum
from pathlib import Path

Identity = tuple[int, int]
"""The device and the inode of a file.
While the file is open, no other file has the same pair."""

_LOG_SUFFIXES = ("-wal", "-shm")


class Loss(StrEnum):
    """A loss of files. `Engine` decides by its kind how to restore them."""

    LOG = "its write-ahead log was removed or replaced"
    FILE = "it was removed"
    REPLACED = "another file was put in its place"
    FOLDER = "its folder is gone"
    LOCK = "its lock file was removed or replaced"


NEXT = {
    Loss.LOG: "its contents are written to the database, which is then opened again",
    Loss.FILE: "the server puts it back",
    Loss.REPLACED: "nothing is saved any more; stop the server, choose the file to go on with, and "
    "start the server",
    Loss.FOLDER: "nothing is saved until the folder is there again",
    Loss.LOCK: "nothing is saved until the server has the lock again",
}
"""{loss: the store's reaction to it}, for log lines."""


class OpenFiles:
    """The files that a connection has open.

    Create this object after the connection's first read, because only then all files exist.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        self._device = path.parent.stat().st_dev
        self._database = identity(path)
        self._names = [path.with_name(path.name + suffix) for suffix in _LOG_SUFFIXES]
        files = {name: identity(name) for name in self._names}
        self._log_files = {name: file for name, file in files.items() if file}
        self._lock = (lock, identity(lock))

    def loss(self) -> Loss | None:
        """Return the loss, None if the files are unchanged; needs four calls of stat(2)."""
        # The worst loss is checked first: without the database, its log and lock do not matter.
        database = identity(self.path)
        if database != self._database:
            return Loss.REPLACED if database else self._kind_of_removal()
        if any(identity(name) != file for name, file in self._log_files.items()):
            return Loss.LOG
        name, file = self._lock
        return None if identity(name) == file else Loss.LOCK

    def _kind_of_removal(self) -> Loss:
        """Return FOLDER if the folder or its disk is gone; otherwise FILE."""
        # After a disk was unmounted, its mount point is an empty folder on another device. Nothing
        # may be written there: as soon as the disk is mounted again, it would hide those files.
        folder = identity(self.path.parent)
        return Loss.FILE if folder and folder[0] == self._device else Loss.FOLDER

    def clear_log(self) -> list[Path]:
        """Remove this database's log files, and rename other files that have their names.

        SQLite would copy the content of such a file into the next database that it opens under
        this name. Returns the new names of the renamed files.
        """
        aside = []
        for name in self._names:
            file = identity(name)
            if file and file == self._log_files.get(name):
                name.unlink()
            elif file:
                aside.append(name.rename(free_name(name.with_name(f"{name.name}.aside"))))
        return aside


def identity(name: Path) -> Identity | None:
    """Return the device and inode of the file with this name, None if there is no such file."""
    try:
        status = name.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def free_name(path: Path) -> Path:
    """Return the wanted name, or if it is in use, the name with the lowest free number above 1."""
    names = (path, *(path.with_name(f"{path.name}{number}") for number in range(2, 1_000)))
    return next(name for name in names if not os.path.lexists(name))
