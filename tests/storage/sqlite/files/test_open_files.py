"""Tests of noticing lost and replaced files of an open database."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.sqlite.files.lock import FileLock
from storage.sqlite.files.open_files import Loss, OpenFiles, free_name


@pytest.fixture
def files(path: Path) -> Iterator[OpenFiles]:
    """The files of a database that is open in WAL mode."""
    path.parent.mkdir()
    lock = FileLock(path)
    lock.take()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE rows (x)")
        yield OpenFiles(path, lock.path)
    lock.release()


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def replace(name: str) -> Callable[[Path], None]:
    """Return a function that puts a copy in a file's place, as a restored backup does."""

    def work(folder: Path) -> None:
        copy = folder / "copy"
        copy.write_bytes((folder / name).read_bytes())
        copy.replace(folder / name)

    return work


def move_folder(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


LOSSES = {
    "log removed": (remove("collab.db-wal"), Loss.LOG),
    "log replaced": (replace("collab.db-wal"), Loss.LOG),
    "index of the log removed": (remove("collab.db-shm"), Loss.LOG),
    "database removed": (remove("collab.db"), Loss.FILE),
    "database replaced": (replace("collab.db"), Loss.REPLACED),
    "lock removed": (remove("collab.lock"), Loss.LOCK),
    "folder moved": (move_folder, Loss.FOLDER),
}


def test_unchanged_files_are_no_loss(files: OpenFiles) -> None:
    assert files.loss() is None


@pytest.mark.parametrize("kind", LOSSES)
def test_file_removed_or_replaced_is_noticed(files: OpenFiles, path: Path, kind: str) -> None:
    work, expected = LOSSES[kind]

    work(path.parent)

    assert files.loss() is expected


def test_folder_made_again_may_be_written_to(files: OpenFiles, path: Path) -> None:
    """The new folder is on the same device. So it is not the mount point of a disk that is gone."""
    move_folder(path.parent)
    path.parent.mkdir()

    assert files.loss() is Loss.FILE


def test_file_moved_away_and_back_is_no_loss(files: OpenFiles, path: Path) -> None:
    path.rename(path.with_name("away"))
    path.with_name("away").rename(path)

    assert files.loss() is None


def test_clear_log_removes_own_log_and_renames_others(files: OpenFiles, path: Path) -> None:
    wal = path.with_name("collab.db-wal")
    replace(wal.name)(path.parent)
    content = wal.read_bytes()

    aside = files.clear_log()

    assert aside == [wal.with_name("collab.db-wal.aside")]
    assert aside[0].read_bytes() == content
    assert not wal.exists()
    assert not path.with_name("collab.db-shm").exists()


def test_free_name_has_the_next_number(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    names = []

    for _ in range(3):
        names.append(free_name(target))
        names[-1].touch()

    assert [name.name for name in names] == ["kept", "kept2", "kept3"]
