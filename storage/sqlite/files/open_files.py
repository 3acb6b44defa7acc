"""Notices that files of an open database were removed or replaced.

A process goes on writing to a file that has no name any more. Each commit succeeds, and nobody ever finds it again.
So the names are compared with the files that were opened: before a commit is called saved, and every second.

See docs/design/storage.md.
"""

import os
from enum import StrEnum
from pathlib import Path

Identity = tuple[int, int]
"""The device and the inode of a file: another file never has both while the first one is open."""

_LOG_SUFFIXES = ("-wal", "-shm")


class Loss(StrEnum):
    """What is wrong with the files, and so what can be done."""

    LOG = "its write-ahead log was removed or replaced"
    FILE = "it was removed"
    REPLACED = "another file was put in its place"
    FOLDER = "its folder is gone"
    LOCK = "its lock file was removed or replaced"


class OpenFiles:
    """Which files a database's connection has open; made after the first read, when all of them are there."""

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        self._device = path.parent.stat().st_dev
        self._database = identity(path)
        self._names = [path.with_name(path.name + suffix) for suffix in _LOG_SUFFIXES]
        found = {name: identity(name) for name in self._names}
        self._log_files = {name: file for name, file in found.items() if file}
        self._lock = (lock, identity(lock))

    def loss(self) -> Loss | None:
        """Return what happened to the files, None if they are as they were; four system calls."""
        database = identity(self.path)
        if database != self._database:
            return Loss.REPLACED if database else self._kind_of_removal()
        if any(identity(name) != found for name, found in self._log_files.items()):
            return Loss.LOG
        name, found = self._lock
        return None if identity(name) == found else Loss.LOCK

    def _kind_of_removal(self) -> Loss:
        """A folder on another device is what lies below a disk that is not mounted: nothing may be written there."""
        folder = identity(self.path.parent)
        return Loss.FILE if folder and folder[0] == self._device else Loss.FOLDER

    def clear_log(self) -> list[Path]:
        """Remove this database's log files, and put other files of their names aside; returns the new names.

        Whatever database is opened next would take in what is in them.
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
    """Return which file has a name, None for none."""
    try:
        found = name.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def free_name(wanted: Path) -> Path:
    """Return the name, with a number if there is a file of that name."""
    names = (wanted, *(wanted.with_name(f"{wanted.name}{number}") for number in range(2, 1_000)))
    return next(name for name in names if not os.path.lexists(name))
