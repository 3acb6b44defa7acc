"""Whether a file or a folder can be made or opened for writing, found out without leaving anything behind."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path


def try_file(path: Path) -> None:
    """Raise the OSError that opening a file for reading and writing raises; one that is missing is not made."""
    try:
        os.close(os.open(path, os.O_RDWR))
    except FileNotFoundError:
        folder = Path(os.path.realpath(path)).parent  # open(2) makes the file that a link leads to
        if folder.exists() or path.is_symlink():
            _try_new(folder, path)
        else:
            try_folder(path.parent)


def try_folder(folder: Path) -> None:
    """Raise the OSError that `mkdir -p` raises, or that a new file in the folder does; makes nothing."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        number = errno.EEXIST if nearest == folder or nearest.is_symlink() else errno.ENOTDIR
        raise OSError(number, os.strerror(number), str(folder))
    _try_new(nearest, folder)


def _try_new(folder: Path, path: Path) -> None:
    """Make a file in a folder and remove it; an error names `path`, which is what was to be made."""
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".check-")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(descriptor)
    with contextlib.suppress(FileNotFoundError):
        Path(name).unlink()
