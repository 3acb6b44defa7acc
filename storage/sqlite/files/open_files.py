"""Notices that files of an open database were removed or replaced.

On Unix, a process can write to a file that no longer has a name. Each commit succeeds, but no later
start finds it. So the names are compared with the files that were opened: before a commit is called
saved, and every second.

See docs/design/storage.md.
"""

import os
from enum import StrEnum
from pathlib import Path

Identity = tuple[int, int]
"""The device and the inode of a file.
No other file has the same pair as long as this one is open."""

_LOG_SUFFIXES = ("-wal", "-shm")


class Loss(StrEnum):
    """What is wrong with the files. `Engine` decides by it how to restore them."""

    LOG = "its write-ahead log was removed or replaced"
    FILE = "it was removed"
    REPLACED = "another file was put in its place"
    FOLDER = "its folder is gone"
    LOCK = "its lock file was removed or replaced"


NEXT = {
    Loss.LOG: "what is in it is written to the database, which is then opened again",
    Loss.FILE: "the server puts it back",
    Loss.REPLACED: "nothing is saved any more; stop the server, choose the file to go on with, and "
    "start the server",
    Loss.FOLDER: "nothing is saved until the folder is there again",
    Loss.LOCK: "nothing is saved until the server has the lock again",
}
"""What the store does about each loss, for its log."""


class OpenFiles:
    """The files that a connection has open.

    Make it after the first read: only then do all of them exist.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        self._device = path.parent.stat().st_dev
        self._database = identity(path)
        self._names = [path.with_name(path.name + suffix) for suffix in _LOG_SUFFIXES]
        found = {name: identity(name) for name in self._names}
        self._log_files = {name: file for name, file in found.items() if file}
        self._lock = (lock, identity(lock))

    def loss(self) -> Loss | None:
        """Return what happened to the files, None if they are unchanged.

        Costs four calls of stat(2).
        """
        # The worst loss first: if the database is gone, its log and its lock do not matter.
        database = identity(self.path)
        if database != self._database:
            return Loss.REPLACED if database else self._kind_of_removal()
        if any(identity(name) != found for name, found in self._log_files.items()):
            return Loss.LOG
        name, found = self._lock
        return None if identity(name) == found else Loss.LOCK

    def _kind_of_removal(self) -> Loss:
        """Return FOLDER if the folder is gone, or if its disk is; otherwise FILE."""
        # Where a disk was unmounted, an empty folder on another device is left. A database that was
        # put back there would be hidden as soon as the disk is mounted again, so nothing may be
        # written there.
        folder = identity(self.path.parent)
        return Loss.FILE if folder and folder[0] == self._device else Loss.FOLDER

    def clear_log(self) -> list[Path]:
        """Remove this database's log files, and rename other files that have their names;
        return the new names.

        SQLite copies what is in such a file into whatever database it opens next under this name.
        """
        aside = []
        for name in self._names:
            found = identity(name)
            if found and found == self._log_files.get(name):
                name.unlink()
            elif found:
                aside.append(name.rename(free_name(name.with_name(f"{name.name}.aside"))))
        return aside


def identity(name: Path) -> Identity | None:
    """Return the device and inode of the file that has this name, None if there is none."""
    try:
        found = name.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def free_name(wanted: Path) -> Path:
    """Return this name; if it is taken, with the lowest free number from 2 on behind it."""
    names = (wanted, *(wanted.with_name(f"{wanted.name}{number}") for number in range(2, 1_000)))
    return next(name for name in names if not os.path.lexists(name))
