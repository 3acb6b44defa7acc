"""Tests of the SQLite engine: settings, transactions, a failing disk, closing and kills."""

import asyncio
import os
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.sqlite.store import SqliteStore
from tests.storage.rows import Seed, chunk, login, member, message, session, user, version
from tests.storage.sqlite.store_files import descriptors, mode, refusal, sqlite_threads
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[3]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("query_only", 0)],
    )
    async def test_writer_connection_is_synchronous_full_in_wal_mode(
        self, store: SqliteStore, name: str, expected: object
    ) -> None:
        """Commits reach the disk: synchronous is FULL (2) in WAL mode."""
        value = await store._engine.write(lambda db: db.execute(f"PRAGMA {name}").fetchone()[0])

        assert value == expected

    async def test_reader_connection_refuses_writes(self, store: SqliteStore) -> None:
        """A write on a reading connection fails."""
        with pytest.raises(StoreUnavailable):
            await store._engine.read(lambda db: db.execute("DELETE FROM meta"))

    async def test_foreign_keys_refuse_rows_without_session(self, store: SqliteStore) -> None:
        """Foreign keys are enforced, so no row without its session can be written."""
        with pytest.raises(StoreUnavailable):
            await store._engine.write(
                lambda db: db.execute("INSERT INTO log VALUES ('none', 1, 1, x'', 0)")
            )


class TestTransactions:
    async def test_read_during_long_write_sees_last_commit_without_waiting(
        self, store: SqliteStore
    ) -> None:
        """Reads during a write see the last commit, and reads after it see the new commit."""
        await Seed(store).user("ada")
        is_written, may_end = threading.Event(), threading.Event()

        def work(db: sqlite3.Connection) -> bool:
            db.execute("UPDATE users SET full_name = 'changed'")
            is_written.set()
            return may_end.wait(PATIENCE_S)

        writing = asyncio.create_task(store._engine.write(work))
        await asyncio.to_thread(is_written.wait, PATIENCE_S)
        try:
            during = await asyncio.wait_for(
                asyncio.gather(*(store.user("u-ada") for _ in range(20))), PATIENCE_S / 2
            )
            is_done_too_soon = writing.done()
        finally:
            may_end.set()

        assert not is_done_too_soon
        assert await writing
        assert {user.full_name for user in during if user} == {"Ada"}
        after = await store.user("u-ada")
        assert after is not None
        assert after.full_name == "changed"

    async def test_long_write_does_not_block_event_loop(self, store: SqliteStore) -> None:
        """Other coroutines run while a write blocks its thread."""
        may_end = threading.Event()

        writing = asyncio.create_task(store._engine.write(lambda _: may_end.wait(PATIENCE_S)))
        for _ in range(10):
            await asyncio.sleep(0)
        may_end.set()

        assert await writing

    async def test_writes_are_committed_in_order_of_calls(self, store: SqliteStore) -> None:
        """The write that is called first is committed first."""
        await Seed(store).session()

        added = await asyncio.gather(
            *(store.add_message(message(f"{number}")) for number in range(30))
        )

        assert [message.sequence for message in added] == list(range(1, 31))

    async def test_read_after_write_sees_the_write(self, store: SqliteStore) -> None:
        """A read after a write sees the write on every reading thread."""
        await Seed(store).session()

        for number in range(1, 21):
            await store.add_message(message(f"{number}"))
            pages = await asyncio.gather(*(store.messages("s1", None, 1) for _ in range(4)))
            assert [page[0].sequence for page in pages] == [number] * 4

    @pytest.mark.parametrize(
        "error", [ValueError("bug"), KeyboardInterrupt(), sqlite3.OperationalError("disk")]
    )
    async def test_write_that_fails_is_rolled_back(
        self, store: SqliteStore, error: BaseException
    ) -> None:
        """All changes of a failed write are undone, and the next write succeeds."""
        await Seed(store).session()

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM sessions")
            db.execute("INSERT INTO meta VALUES ('left', 'over')")
            raise error

        expected = StoreUnavailable if isinstance(error, sqlite3.Error) else type(error)
        with pytest.raises(expected):
            await store._engine.write(work)

        left = await store._engine.read(
            lambda db: db.execute("SELECT * FROM meta WHERE key = 'left'").fetchall()
        )
        assert left == []
        assert await store.session("s1") == session()
        assert (await store.add_message(message())).sequence == 1

    async def test_write_cancelled_by_caller_is_committed_whole(self, store: SqliteStore) -> None:
        """A write that its thread has begun is committed, although the caller was cancelled."""
        await Seed(store).session()
        is_begun, may_end = threading.Event(), threading.Event()

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO meta VALUES ('a', '1')")
            is_begun.set()
            may_end.wait(PATIENCE_S)
            db.execute("INSERT INTO meta VALUES ('b', '2')")

        writing = asyncio.create_task(store._engine.write(work))
        await asyncio.to_thread(is_begun.wait, PATIENCE_S)
        writing.cancel()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await writing

        await store.add_message(message())
        rows = await store._engine.read(
            lambda db: db.execute("SELECT key FROM meta WHERE key IN ('a', 'b')").fetchall()
        )
        assert [row["key"] for row in rows] == ["a", "b"]


class TestFailingDisk:
    async def test_full_disk_refuses_writes_until_space_is_free(self, store: SqliteStore) -> None:
        """A full disk refuses a write as a whole, but no reads, until there is room again."""
        await Seed(store).session()
        await store.append_chunks([chunk(1, 1)])
        pages = await store._engine.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
        await store._engine.write(
            lambda db: db.execute(f"PRAGMA max_page_count={pages + 2}").fetchone()
        )
        large = chunk(2, 2, b"x" * 100_000)

        with pytest.raises(StoreUnavailable):
            await store.append_chunks([large])
        with pytest.raises(StoreUnavailable):
            await store.add_version(version(os.urandom(50_000).hex()), 9)

        assert await store.chunks("s1", 0, 10) == [chunk(1, 1)]
        assert await store.newest_version("s1") is None
        await store._engine.write(lambda db: db.execute("PRAGMA max_page_count=1000000").fetchone())
        await store.append_chunks([large])
        assert await store.chunks("s1", 1, 10) == [large]

    async def test_read_only_disk_refuses_writes_until_writable(self, store: SqliteStore) -> None:
        """A read-only disk refuses writes, but no reads, until it is writable again."""
        await Seed(store).session()
        connection = store._engine._write_connection
        assert connection is not None
        connection.execute("PRAGMA query_only=ON")

        with pytest.raises(StoreUnavailable):
            await store.add_message(message())

        assert await store.session("s1") == session()
        connection.execute("PRAGMA query_only=OFF")
        assert (await store.add_message(message())).sequence == 1

    async def test_file_size_limit_raises_unavailable_and_loses_nothing(self, path: Path) -> None:
        """A real EFBIG of the kernel raises StoreUnavailable, and no row is lost or incomplete."""
        code = (
            "import asyncio, resource, signal, sys\n"
            "from pathlib import Path\n"
            "from storage.errors import StoreUnavailable\n"
            "from storage.sqlite.store import SqliteStore\n"
            "from tests.storage.rows import Seed, chunk\n"
            "async def main():\n"
            "    store = SqliteStore(Path(sys.argv[1]))\n"
            "    await store.open()\n"
            "    await Seed(store).session()\n"
            "    await store.append_chunks([chunk(1, 1)])\n"
            "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))\n"
            "    try:\n"
            "        await store.append_chunks([chunk(2, 2, b'x' * 1_000_000)])\n"
            "    except StoreUnavailable:\n"
            "        print('unavailable')\n"
            "    print([one.last for one in await store.chunks('s1', 0, 10)])\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, "
            "resource.RLIM_INFINITY))\n"
            "    await store.append_chunks([chunk(2, 2, b'x' * 1_000_000)])\n"
            "    print([one.last for one in await store.chunks('s1', 0, 10)])\n"
            "    await store.close(is_clean=True)\n"
            "asyncio.run(main())\n"
        )

        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)

        assert printed.decode().splitlines() == ["unavailable", "[1]", "[1, 2]"]
        assert process.returncode == 0


class TestClosed:
    @pytest.mark.parametrize("is_clean", [True, False])
    async def test_closed_store_raises_unavailable(self, path: Path, *, is_clean: bool) -> None:
        """Reads, writes and pings of a closed store raise StoreUnavailable."""
        store = SqliteStore(path)
        await store.open()
        await store.close(is_clean=is_clean)

        with pytest.raises(StoreUnavailable):
            await store.session("s1")
        with pytest.raises(StoreUnavailable):
            await store.add_user(user(), login())
        with pytest.raises(StoreUnavailable):
            await store.ping()

    async def test_store_never_opened_raises_unavailable_and_makes_no_file(
        self, path: Path, tmp_path: Path
    ) -> None:
        """A store that was never opened raises StoreUnavailable, and makes no file."""
        store = SqliteStore(path)

        with pytest.raises(StoreUnavailable):
            await store.add_user(user(), login())

        await store.release()
        assert names(tmp_path) == set()

    async def test_close_repeated_changes_nothing(self, path: Path) -> None:
        """A second close of the engine finds nothing to do."""
        store = SqliteStore(path)
        await store.open()
        await store.close(is_clean=True)

        await store._engine.close()

        with pytest.raises(StoreUnavailable):
            await store.ping()

    async def test_close_waits_for_pending_calls(self, path: Path) -> None:
        """Calls that were made before the close are answered, and their writes are kept."""
        store = SqliteStore(path)
        await store.open()
        await Seed(store).session()

        async with asyncio.TaskGroup() as group:
            writes = [
                group.create_task(store.add_message(message(f"{number}"))) for number in range(20)
            ]
            reads = [group.create_task(store.session("s1")) for _ in range(20)]
            await asyncio.sleep(0)
            closing_task = group.create_task(store.close(is_clean=True))

        assert closing_task.done()
        assert [task.result().sequence for task in writes] == list(range(1, 21))
        assert [task.result() for task in reads] == [session()] * 20
        after = SqliteStore(path)
        assert await after.open() is True
        assert len(await after.messages("s1", None, 100)) == 20
        await after.close(is_clean=True)

    async def test_closed_store_leaves_no_thread_or_open_file(self, path: Path) -> None:
        """A process can open and close stores any number of times."""
        before = descriptors(), sqlite_threads()

        for _ in range(3):
            store = SqliteStore(path)
            await store.open()
            await asyncio.gather(*(store.ping() for _ in range(10)))
            await store.close(is_clean=True)

        assert (descriptors(), sqlite_threads()) == before


class TestKilled:
    async def test_sigkill_loses_no_write_that_returned(self, path: Path) -> None:
        """A process that is killed while it writes loses no write that it has reported."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.storage.writer",
            str(path),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        printed = [
            await asyncio.wait_for(process.stdout.readline(), PATIENCE_S) for _ in range(200)
        ]

        process.kill()
        rest, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)

        last = len(printed) + rest.count(b"\n")
        assert int(printed[-1]) == 200
        store = SqliteStore(path)
        assert await store.open() is False
        stored = [message.sequence for message in await store.messages("s1", None, 1_000_000)]
        assert stored in (list(range(1, last + 1)), list(range(1, last + 2)))
        assert (await store.add_message(message())).sequence == len(stored) + 1
        await store.close(is_clean=True)

    async def test_sigkilled_server_leaves_no_lock(self, path: Path) -> None:
        """The next server opens immediately, and the files of the killed server are private."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.storage.writer",
            str(path),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        text = await refusal(path)
        process.kill()
        await asyncio.wait_for(process.communicate(), PATIENCE_S)

        store = SqliteStore(path)
        await store.open()

        modes = {mode(file) for file in path.parent.iterdir()}
        await store.join(member("u-bob"), 10)
        await store.close(is_clean=True)
        assert "in use" in text
        assert modes == {"0o600"}
