"""Keeps a second server from opening the database.

Otherwise each of the two servers would trust its own copy of a room.
"""

import fcntl
import os
from pathlib import Path

from storage.errors import StoreUnavailable
from storage.sqlite.files.open_files import identity


class FileLock:
    """The lock of a database: flock(2) on a file next to it.

    The system releases the lock when the process ends.
    """

    def __init__(self, database: Path) -> None:
        self.path = lock_file(database)
        self._descriptor = -1

    def take(self) -> None:
        """Take the lock, or take it again if its file was removed.

        Raises StoreUnavailable if another server has the lock.
        """
        if self._descriptor >= 0 and self._is_there():
            return
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            folder = self.path.parent.absolute()
            raise StoreUnavailable(
                f"{folder} is in use by another server: stop that server or use another folder"
            ) from None
        # The old lock, on a file without a name, is kept until this process has the new lock.
        self.release()
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; no effect if it was not taken."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_there(self) -> bool:
        status = os.fstat(self._descriptor)
        return identity(self.path) == (status.st_dev, status.st_ino)


def lock_file(database: Path) -> Path:
    """Return the path of a database's lock file."""
    name = f"{database.name}.lock" if database.suffix == ".lock" else f"{database.stem}.lock"
    return database.with_name(name)


def is_locked(database: Path) -> bool:
    """Whether a server has this database open."""
    try:
        descriptor = os.open(lock_file(database), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
