"""Tests whether a file or folder can be created or opened for writing, and leaves no new file."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path


def try_file(path: Path) -> None:
    """Raise the OSError that opening a file for reading and writing would raise.

    A missing file is not created.
    """
    try:
        os.close(os.open(path, os.O_RDWR))
    except FileNotFoundError:
        folder = Path(
            os.path.realpath(path)
        ).parent  # open(2) creates the file that a link leads to
        if folder.exists() or path.is_symlink():
            _try_new(folder, path)
        else:
            try_folder(path.parent)


def try_folder(folder: Path) -> None:
    """Raise the OSError that `mkdir -p` would raise; creates nothing."""
    folder = folder.absolute()
    nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not nearest.is_dir():
        is_named = nearest == folder or nearest.is_symlink()
        number = errno.EEXIST if is_named else errno.ENOTDIR
        raise OSError(number, os.strerror(number), str(nearest if is_named else folder))
    if nearest != folder:
        _try_new(nearest, nearest / folder.relative_to(nearest).parts[0])


def _try_new(folder: Path, path: Path) -> None:
    """Create a file in a folder and remove it.

    Raises OSError that names `path`, the file that the caller wants to create.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".check-")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(descriptor)
    with contextlib.suppress(FileNotFoundError):
        Path(name).unlink()
