"""Tests of removed and replaced files of an open database.

While the files are missing, no write is reported as saved. No saved write is lost.
"""

import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.sqlite.files.lock import is_locked
from storage.sqlite.store import SqliteStore
from tests.storage.rows import Seed, chunk, message
from tests.waiting import until


@pytest.fixture(autouse=True)
def _expected(expect_log: Callable[[str], None]) -> None:
    expect_log("storage.sqlite")


@pytest.fixture
async def store(path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[SqliteStore]:
    """A store with a session, which checks its files only when a test asks for it."""
    caplog.set_level(logging.WARNING, "storage")
    opened = SqliteStore(path)
    await opened.open()
    assert opened._looking
    opened._looking.cancel()
    await Seed(opened).session()
    await opened.append_chunks([chunk(1, 1)])
    yield opened
    await opened.close(is_clean=True)


def remove_log(path: Path) -> None:
    path.with_name("collab.db-wal").unlink()


def remove_log_and_index(path: Path) -> None:
    remove_log(path)
    path.with_name("collab.db-shm").unlink()


def replace_log(path: Path) -> None:
    """Leave the log of another run of the server. The store must not use it as its own log."""
    log = path.with_name("collab.db-wal")
    older = log.read_bytes()[: len(log.read_bytes()) // 2]
    log.unlink()
    log.write_bytes(older)


def remove_database(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.mkdir()


MENDED = [
    remove_log,
    remove_log_and_index,
    replace_log,
    remove_database,
    remove_all,
    remove_folder,
    move_folder,
]


def replace_database(path: Path, own: Path) -> None:
    path.rename(own)
    path.write_bytes(b"")


def put_in_place(other: Path, path: Path) -> None:
    other.replace(path)


def has_log(path: Path) -> bool:
    return path.with_name("collab.db-wal").exists()


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def messages_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM messages").fetchone()[0])


@pytest.mark.parametrize("work", MENDED)
async def test_no_write_is_called_saved_until_files_are_put_back(
    store: SqliteStore, path: Path, work: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Writes and pings fail, and one error is logged, until the files are put back.

    Then all saved rows are there.
    """
    await store.add_message(message("saved"))

    work(path)

    for number in range(3):
        with pytest.raises(StoreUnavailable):
            await store.add_message(message(f"m{number}"))
        with pytest.raises(StoreUnavailable):
            await store.ping()
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.name for record in errors] == ["storage.sqlite.engine"]
    await store._engine.mend()
    await store.ping()
    await store.append_chunks([chunk(2, 2)])
    await store.add_message(message("after"))
    assert {"saved", "after"} <= {message.text for message in await store.messages("s1", None, 100)}
    assert is_locked(path)


@pytest.mark.parametrize("work", MENDED)
async def test_kill_after_files_were_put_back_loses_nothing(
    store: SqliteStore, path: Path, work: Callable[[Path], None], tmp_path: Path
) -> None:
    """The test copies the files of the open store. A crash would leave these files on the disk."""
    await store.add_message(message("saved"))
    work(path)
    await store._engine.mend()
    await store.add_message(message("after"))
    crashed = tmp_path / "crashed"
    shutil.copytree(path.parent, crashed)

    after = SqliteStore(crashed / "collab.db")
    await after.open()

    assert [message.text for message in await after.messages("s1", None, 100)] == ["saved", "after"]
    assert await after.chunks("s1", 0, 10) == [chunk(1, 1)]
    await after.close(is_clean=True)
    with closing(sqlite3.connect(crashed / "collab.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("work", MENDED)
async def test_stop_puts_files_back(path: Path, work: Callable[[Path], None]) -> None:
    """A server that stops before it has checked its files still keeps the saved rows."""
    store = SqliteStore(path)
    await store.open()
    await Seed(store).session()
    await store.add_message(message("saved"))

    work(path)
    await store.close(is_clean=True)

    after = SqliteStore(path)
    assert await after.open() is True
    assert [message.text for message in await after.messages("s1", None, 100)] == ["saved"]
    await after.close(is_clean=True)


async def test_running_store_puts_files_back_by_itself(path: Path) -> None:
    """A running store puts its files back within seconds, even while nobody writes."""
    store = SqliteStore(path)
    await store.open()
    await Seed(store).session()
    await store.add_message(message("saved"))

    remove_database(path)

    await until(path.exists, bool)
    await store.close(is_clean=True)
    assert messages_in(path) == 1


async def test_lock_that_was_removed_is_taken_again(store: SqliteStore, path: Path) -> None:
    """A removed lock is taken again, because a second server could start without it."""
    path.with_name("collab.lock").unlink()

    with pytest.raises(StoreUnavailable):
        await store.add_message(message("refused"))
    await store._engine.mend()

    await store.add_message(message("taken"))
    with pytest.raises(StoreUnavailable, match="in use"):
        await SqliteStore(path).open()


class TestReplaced:
    """Another database has replaced the files of the open database.

    A person decides which one to use, and no row of either is lost.
    """

    async def test_database_replaced_is_left_alone_and_own_rows_are_kept(
        self, store: SqliteStore, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        await store.add_message(message("saved"))
        other = path.with_name("other.db")
        with closing(sqlite3.connect(other)) as db:
            db.execute("CREATE TABLE others (x)")
        content = content_of(other)

        put_in_place(other, path)
        with pytest.raises(StoreUnavailable, match="another file was put in its place"):
            await store.add_message(message("refused"))
        await store._engine.mend()
        await store._engine.mend()

        aside = path.with_name("collab.db.kept")
        assert messages_in(aside) >= 1
        assert content_of(path) == content
        assert not has_log(path)
        with pytest.raises(StoreUnavailable):
            await store.session("s1")
        errors = [
            record.getMessage() for record in caplog.records if record.levelno == logging.ERROR
        ]
        assert [str(aside) in text for text in errors] == [False, True]
        with pytest.raises(StoreUnavailable):
            await store.close(is_clean=True)
        assert content_of(path) == content

    async def test_database_put_back_is_used_again(self, store: SqliteStore, path: Path) -> None:
        await store.add_message(message("saved"))
        own = path.with_name("own.db")
        replace_database(path, own)
        await store._engine.mend()

        put_in_place(own, path)
        await store._engine.mend()

        await store.add_message(message("after"))
        assert [message.text for message in await store.messages("s1", None, 100)] == [
            "saved",
            "after",
        ]


async def test_store_waits_for_folder_that_is_gone(store: SqliteStore, path: Path) -> None:
    """No file is written where a disk is not mounted."""
    path.parent.rename(path.parent.with_name("unmounted"))

    await store._engine.mend()
    with pytest.raises(StoreUnavailable, match="folder is gone"):
        await store.add_message(message("refused"))
    assert not path.parent.exists()

    path.parent.with_name("unmounted").rename(path.parent)
    await store._engine.mend()
    await store.add_message(message("after"))
