"""Tests of the embedded store on disk: its files, its lock, and files that it refuses."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.sqlite.migrations import MIGRATIONS
from storage.sqlite.store import SqliteStore
from tests.storage.rows import Seed, chunk, user
from tests.storage.sqlite.store_files import descriptors, execute, mode, refusal, sqlite_threads

GARBAGE = b"This is not a database. " * 1_000


@contextmanager
def loose_umask() -> Iterator[None]:
    """Use a umask that takes no permissions away."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def content(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files in a folder, without the empty lock."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".lock"}


def write_garbage(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(GARBAGE)


class TestFiles:
    async def test_store_files_are_private_under_any_umask(self, path: Path) -> None:
        """With any umask, database, write-ahead log, shared memory and lock are private."""
        store = SqliteStore(path)
        with loose_umask():
            await store.open()
            await Seed(store).user("ada")
            await store.user("u-ada")

        modes = {file.name: mode(file) for file in path.parent.iterdir()}

        await store.close(is_clean=True)
        assert modes == {
            "collab.db": "0o600",
            "collab.db-wal": "0o600",
            "collab.db-shm": "0o600",
            "collab.lock": "0o600",
        }

    async def test_store_folder_is_made_private(self, tmp_path: Path) -> None:
        """The store's folder is made with the folders above it, and is private."""
        path = tmp_path / "a" / "b" / "collab.db"
        store = SqliteStore(path)

        with loose_umask():
            await store.open()

        await store.close(is_clean=True)
        assert path.is_file()
        assert mode(path.parent) == "0o700"

    async def test_clean_close_leaves_one_file(self, path: Path) -> None:
        """After a clean close the database file has everything, and can be copied."""
        store = SqliteStore(path)
        await store.open()
        await Seed(store).user("ada")
        await store.user("u-ada")

        await store.close(is_clean=True)

        assert content(path.parent).keys() == {"collab.db"}
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("SELECT id FROM users").fetchall() == [("u-ada",)]

    async def test_new_file_has_newest_schema_version(self, store: SqliteStore) -> None:
        """A new file has the newest schema version."""
        version = await store._engine.read(
            lambda db: db.execute("PRAGMA user_version").fetchone()[0]
        )

        assert version == len(MIGRATIONS)


class TestOneServer:
    async def test_second_server_is_refused_with_folder_in_message(
        self, store: SqliteStore, path: Path
    ) -> None:
        """The message names the folder, and says that another server uses it."""
        text = await refusal(path)

        assert str(path.parent) in text
        assert "in use" in text

    async def test_refused_server_leaves_first_one_undisturbed(self, path: Path) -> None:
        """The first server goes on, and its end still counts as clean."""
        store = SqliteStore(path)
        await store.open()
        await refusal(path)

        await Seed(store).user("ada")
        await store.close(is_clean=True)

        after = SqliteStore(path)
        assert await after.open() is True
        assert await after.user("u-ada") == user("ada")
        await after.close(is_clean=True)

    async def test_lock_is_free_after_first_server_ends(self, path: Path) -> None:
        """The lock is free when the first server has ended, even after a refusal."""
        store = SqliteStore(path)
        await store.open()
        await refusal(path)
        await store.close(is_clean=False)

        second = SqliteStore(path)
        was_closed_cleanly = await second.open()

        await second.ping()
        await second.close(is_clean=True)
        assert not was_closed_cleanly

    async def test_refused_server_leaves_no_open_file(self, store: SqliteStore, path: Path) -> None:
        """Repeated refusals use up no file descriptors."""
        before = descriptors()

        for _ in range(5):
            await refusal(path)

        assert descriptors() == before

    async def test_refused_server_leaves_no_thread(self, store: SqliteStore, path: Path) -> None:
        """Repeated refusals leave no threads."""
        before = sqlite_threads()
        refused = [SqliteStore(path) for _ in range(5)]

        for refused_store in refused:
            with pytest.raises(StoreUnavailable):
                await refused_store.open()

        assert sqlite_threads() == before


class TestRefusals:
    async def test_open_of_newer_file_is_refused_and_leaves_it_unchanged(self, path: Path) -> None:
        """A newer file stays unchanged, and the message gives the reason."""
        store = SqliteStore(path)
        await store.open()
        await store.close(is_clean=True)
        execute(path, "PRAGMA user_version=99")
        before = content(path.parent)

        text = await refusal(path)

        assert "newer version" in text
        assert content(path.parent)["collab.db"] == before["collab.db"]

    async def test_open_of_newer_file_not_in_wal_mode_keeps_journal_mode(self, path: Path) -> None:
        """Even the journal mode of a newer file stays unchanged."""
        path.parent.mkdir()
        execute(path, "CREATE TABLE future (x)", "PRAGMA user_version=99")
        before = content(path.parent)

        text = await refusal(path)

        assert "newer version" in text
        assert content(path.parent)["collab.db"] == before["collab.db"]

    async def test_open_of_file_that_is_no_database_is_refused_by_name(self, path: Path) -> None:
        """A file that is no database stays unchanged, and the message names it."""
        write_garbage(path)

        text = await refusal(path)

        assert str(path) in text
        assert content(path.parent)["collab.db"] == GARBAGE

    async def test_open_of_truncated_database_raises_unavailable(self, path: Path) -> None:
        """Damage of any kind raises StoreUnavailable, and the file is never made again."""
        store = SqliteStore(path)
        await store.open()
        await Seed(store).session(first=chunk(1, 1, b"x" * 200_000))
        await store.close(is_clean=True)
        whole = content(path.parent)["collab.db"]
        os.truncate(path, len(whole) // 2)

        half = SqliteStore(path)
        with pytest.raises(StoreUnavailable):
            await _open_and_read(half)

        await half.release()
        assert len(content(path.parent)["collab.db"]) >= len(whole) // 2

    async def test_open_with_file_instead_of_folder_is_refused_by_name(
        self, tmp_path: Path
    ) -> None:
        """The message names the file that is in the folder's place."""
        (tmp_path / "data").write_text("in the way")

        text = await refusal(tmp_path / "data" / "collab.db")

        assert str(tmp_path / "data") in text

    async def test_open_with_folder_instead_of_database_is_refused_by_name(
        self, path: Path
    ) -> None:
        """The message names the folder that is in the database's place."""
        os.makedirs(path)  # noqa: PTH103 - pathlib's would count as blocking the event loop

        text = await refusal(path)

        assert str(path) in text

    async def test_open_after_fixed_refusal_succeeds_in_same_process(self, path: Path) -> None:
        """After the fault was repaired, another store in the same process opens."""
        write_garbage(path)
        refused = SqliteStore(path)
        with pytest.raises(StoreUnavailable):
            await refused.open()
        os.unlink(path)  # noqa: PTH108

        store = SqliteStore(path)
        await store.open()

        await store.ping()
        await store.close(is_clean=True)

    async def test_migration_that_fails_leaves_no_partial_schema(self, path: Path) -> None:
        """If a table is in the way, the migration makes no other table. The version stays 0."""
        path.parent.mkdir()
        execute(path, "CREATE TABLE checkpoints (x)")

        await refusal(path)

        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("checkpoints",)]
            assert db.execute("PRAGMA user_version").fetchone() == (0,)


async def _open_and_read(store: SqliteStore) -> None:
    await store.open()
    await store.chunks("s1", 0, 10)
