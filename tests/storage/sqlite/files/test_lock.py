"""Tests of the lock, which lets only one server use a database."""

from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.sqlite.files.lock import FileLock, is_locked, lock_file


def test_lock_keeps_second_server_out_until_released(tmp_path: Path) -> None:
    path = tmp_path / "collab.db"
    first, second = FileLock(path), FileLock(path)

    first.take()
    with pytest.raises(StoreUnavailable, match="in use by another server"):
        second.take()
    was_locked = is_locked(path)
    first.release()
    second.take()

    assert was_locked
    second.release()
    assert not is_locked(path)


def test_lock_taken_again_makes_removed_file_again(tmp_path: Path) -> None:
    """A process that takes the lock twice has it once, even if the file was deleted meanwhile."""
    path = tmp_path / "collab.db"
    lock = FileLock(path)
    lock.take()
    lock_file(path).unlink()

    lock.take()

    assert is_locked(path)
    lock.release()
    assert not is_locked(path)


def test_lock_of_removed_file_that_another_server_took_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "collab.db"
    first, second = FileLock(path), FileLock(path)
    first.take()
    lock_file(path).unlink()
    second.take()

    with pytest.raises(StoreUnavailable):
        first.take()

    second.release()
    first.release()


def test_file_never_locked_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "collab.db")


@pytest.mark.parametrize(
    ("database", "expected"), [("collab.db", "collab.lock"), ("x.lock", "x.lock.lock")]
)
def test_lock_never_has_the_name_of_the_database(database: str, expected: str) -> None:
    assert lock_file(Path(database)) == Path(expected)
