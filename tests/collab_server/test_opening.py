"""Tests the opening of stores and files at a start.
`rehearse` (command `check`) reports the same faults as a start, and makes no files.
"""

import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collab_server import opening
from collab_server.config import Config
from collab_server.opening import rehearse
from collab_server.server import Server
from collab_server.starting.errors import PortInUse, StartError
from collab_server.starting.listening import listen
from storage.errors import StoreUnavailable
from storage.mongo.store import MongoStore
from storage.sqlite.migrations import MIGRATIONS
from storage.sqlite.store import SqliteStore
from tests import mongod
from tests.api import Api
from tests.storage.faults import FORGETFUL_DRIVER
from tests.storage.sqlite.store_files import execute

pytestmark = [pytest.mark.filterwarnings(warning) for warning in FORGETFUL_DRIVER]

HERE: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "bcrypt_cost": 4}


Make = Callable[[Path], object]


def database(*statements: str) -> Make:
    return lambda folder: execute(folder / "collab.db", *statements)


def entry(name: str, content: bytes | None) -> Make:
    """Return a function that makes a file in the data folder, or a folder if `content` is None."""

    def make(folder: Path) -> None:
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)

    return make


def link(name: str) -> Make:
    return lambda folder: (folder / name).symlink_to("/nonexistent/file")


def fifo(name: str) -> Make:
    return lambda folder: os.mkfifo(folder / name)


def replaced(by: Make) -> Make:
    """Return a function that replaces the data folder. The function `by` makes the replacement."""

    def make(folder: Path) -> None:
        folder.rmdir()
        by(folder)

    return make


TODAY = f"PRAGMA user_version={len(MIGRATIONS)}"
FAULTS: dict[str, tuple[Make, str]] = {
    "newer": (database("CREATE TABLE future (x)", "PRAGMA user_version=99"), "newer version"),
    "newer with users": (
        database("CREATE TABLE users (x)", "PRAGMA user_version=77"),
        "newer version",
    ),
    "negative version": (database("PRAGMA user_version=-1"), "newer version"),
    "foreign with meta": (
        database("CREATE TABLE meta (a)", "INSERT INTO meta VALUES (1)"),
        "another program",
    ),
    "foreign": (database("CREATE TABLE notes (a)"), "another program"),
    "foreign with version": (
        database("CREATE TABLE meta (a)", "PRAGMA user_version=1"),
        "another program",
    ),
    "foreign users": (database("CREATE TABLE users (a)", "PRAGMA user_version=1"), "collab.db"),
    "foreign users of today": (database("CREATE TABLE users (a)", TODAY), "no such table: meta"),
    "no database": (entry("collab.db", b"this is no database" * 100), "file is not a database"),
    "database is a folder": (entry("collab.db", None), "Is a directory"),
    "database leads nowhere": (link("collab.db"), "No such file"),
    "lock is a folder": (entry("collab.lock", None), "Is a directory"),
    "lock leads nowhere": (link("collab.lock"), "No such file"),
    "secret is a folder": (entry("secret", None), "must be a file"),
    "secret is a pipe": (fifo("secret"), "must be a file"),
    "secret is empty": (entry("secret", b""), "at least 32 bytes"),
    "secret is blank": (entry("secret", b"\n" * 50), "at least 32 bytes"),
    "secret is short": (entry("secret", b"short"), "at least 32 bytes"),
    "secret is not text": (entry("secret", bytes(range(64))), "without control characters"),
    "secret is not UTF-8": (entry("secret", b"\xff\xfe" + b"0" * 40), "UTF-8"),
    "secret leads nowhere": (link("secret"), "No such file"),
    "mark is a folder": (entry("crash-mark", None), "Is a directory"),
    "mark leads nowhere": (link("crash-mark"), "No such file"),
    "notes are a folder": (entry("quarantine.json", None), "Is a directory"),
    "data is a file": (replaced(lambda folder: folder.write_text("")), "File exists"),
    "data leads nowhere": (
        replaced(lambda folder: folder.symlink_to("/nonexistent/folder")),
        "File exists",
    ),
    "data is below a file": (lambda folder: (folder / "sub").write_text(""), "Not a directory"),
}


def kept(folder: Path) -> list[tuple[str, str]]:
    return sorted((str(path), stat.filemode(path.lstat().st_mode)) for path in folder.rglob("*"))


async def refusals(config: Config) -> tuple[str, str]:
    """Return the message of `check` and the message of a start."""
    said = []
    for call in (rehearse, Server.start):
        with pytest.raises(StartError) as caught:
            await call(config)
        said.append(str(caught.value))
    return said[0], said[1]


@pytest.mark.parametrize("fault", FAULTS)
async def test_rehearse_raises_the_error_of_a_start(tmp_path: Path, fault: str) -> None:
    """`rehearse` raises the same line as a start.

    The line names DATA_DIR, and `rehearse` makes nothing.
    """
    make, words = FAULTS[fault]
    data = tmp_path / "data"
    data.mkdir()
    make(data)
    below = data / "sub" / "sub" if fault == "data is below a file" else data
    before = kept(tmp_path)

    with pytest.raises(StartError):
        await rehearse(Config(**HERE, data_dir=str(below)))
    assert kept(tmp_path) == before
    checked, started = await refusals(Config(**HERE, data_dir=str(below)))

    assert checked == started
    assert words in checked
    assert checked.startswith("DATA_DIR ")
    assert "\n" not in checked


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "nosuch.invalid"}, "HOST nosuch.invalid: "),
        ({"host": "http://127.0.0.1"}, "without http:// and port"),
        ({"host": "127.0.0.1:5000"}, "without http:// and port"),
        ({"host": "a..b"}, "HOST a..b: "),
        ({"host": "x" * 70}, "HOST x"),
        ({"host": "192.0.2.1"}, "PORT 0 on HOST 192.0.2.1: "),
        ({"mongo_uri": "mongodb://[bad"}, "MONGO_URI: "),
        (
            {"mongo_uri": "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=100"},
            "MONGO_URI: MongoDB: 127.0.0.1:1",
        ),
    ],
)
async def test_rehearse_of_bad_address_raises_the_error_of_a_start(
    tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    """A bad HOST or an unreachable database gives the same line as at a start."""
    checked, started = await refusals(Config(**{**HERE, "data_dir": str(tmp_path), **settings}))

    assert checked == started
    assert words in checked


@pytest.mark.parametrize("place", ["/proc", "/proc/nowhere", "/proc/nowhere/sub"])
async def test_rehearse_of_unwritable_folder_raises_the_error_of_a_start(place: str) -> None:
    """An unwritable folder and a folder that cannot be made give the same line as at a start."""
    checked, started = await refusals(Config(**HERE, data_dir=place))

    assert checked == started
    assert checked.startswith(f"DATA_DIR {place}: {place}")


async def test_rehearse_reports_port_of_another_program(tmp_path: Path) -> None:
    """A port of another program is refused by `rehearse` and by a start with the same message."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        config = Config(host="127.0.0.1", port=other.getsockname()[1], data_dir=str(tmp_path))
        with pytest.raises(PortInUse) as caught:
            await rehearse(config)
        with pytest.raises(PortInUse, match=str(caught.value)):
            listen(config)


async def test_rehearse_with_running_server_names_it(tmp_path: Path, start_server) -> None:
    """The port of the server that runs on the same store is no error, and that server continues."""
    server = await start_server()

    assert (
        await rehearse(Config(host="127.0.0.1", port=server.port, data_dir=str(tmp_path / "data")))
        == "a server"
    )

    assert (await Api(server.url).get("/readyz")).status == 200


async def test_rehearse_of_usable_places_does_not_change_them(tmp_path: Path) -> None:
    """`rehearse` changes neither an empty folder nor a store that was not closed cleanly."""
    config = Config(**HERE, data_dir=str(tmp_path / "data"))
    assert await rehearse(config) == ""
    assert kept(tmp_path) == []
    store = SqliteStore(tmp_path / "data" / "collab.db")
    await store.open()
    await store.close(is_clean=False)

    assert await rehearse(config) == ""
    assert await store.open() is False
    await store.close(is_clean=True)


async def test_open_all_after_wrong_secret_keeps_clean_end_of_store(tmp_path: Path) -> None:
    """A start that fails after it opened the store still closes the store cleanly."""
    (tmp_path / "secret").write_text("short")
    store = SqliteStore(tmp_path / "collab.db")

    with pytest.raises(StartError):
        await opening.open_all(Config(data_dir=str(tmp_path)), store, 0, died_by_itself=False)

    assert await store.open() is True
    await store.close(is_clean=True)


async def test_restored_database_is_recognized(tmp_path: Path, expect_log) -> None:
    """A restored backup is recognized, whether it was made of a stopped or of a running server.

    Each restore is reported only once.
    """
    expect_log("WARNING collab_server.opening: the database is not as the last run left it")
    config = Config(**HERE, data_dir=str(tmp_path / "data"))
    live = tmp_path / "data" / "collab.db"
    answers = []

    async def run(backup: Path | None = None) -> None:
        store = SqliteStore(live)
        await store.open()
        answers.append(await opening.begin_epoch(config, store))
        if backup:
            with closing(sqlite3.connect(live)) as db, closing(sqlite3.connect(backup)) as copy:
                db.backup(copy)
        await store.close(is_clean=True)

    await run(backup=tmp_path / "running.db")
    shutil.copy(live, tmp_path / "stopped.db")
    await run()
    for name in ("running.db", "stopped.db"):
        shutil.copy(tmp_path / name, live)
        await run()
        await run()

    assert answers == [False, False, True, False, True, False]


async def test_restored_mongodb_is_recognized(tmp_path: Path, mongo_uri: str, expect_log) -> None:
    """On MongoDB, a restored dump of a running or of a stopped server is recognized, too."""
    expect_log("WARNING collab_server.opening: the database is not as the last run left it")
    answers = []
    async with mongod.database(mongo_uri) as name:
        uri = f"{mongo_uri}{name}"
        config = Config(**HERE, data_dir=str(tmp_path / "data"), mongo_uri=uri)

        async def run() -> mongod.Dump:
            store = MongoStore(uri)
            await store.open()
            answers.append(await opening.begin_epoch(config, store))
            running = await mongod.dumped(uri)
            await store.close(is_clean=True)
            return running

        dumps = [await run(), await mongod.dumped(uri)]
        await run()
        for dump in dumps:
            await mongod.put_back(uri, dump)
            await run()
            await run()

    assert answers == [False, False, True, False, True, False]


@pytest.mark.parametrize("end", ["stopped", "died"])
async def test_restored_backup_of_the_last_run_is_recognized(
    tmp_path: Path, expect_log, end: str
) -> None:
    """A restored backup of the last run is recognized.
    If that run died, its epoch must have been renewed after the backup.
    """
    expect_log("WARNING collab_server.opening: the database is not as the last run left it")
    config = Config(**HERE, data_dir=str(tmp_path / "data"))
    live, backup, noted = (
        tmp_path / "data" / "collab.db",
        tmp_path / "backup.db",
        tmp_path / "data" / "epoch",
    )
    server = await Server.start(config)
    with closing(sqlite3.connect(live)) as db, closing(sqlite3.connect(backup)) as copy:
        db.backup(copy)
    if end == "died":
        await opening.renew_epoch(config, server._store)
    text = noted.read_text()
    await server.stop()
    if end == "died":
        noted.write_text(text)
    shutil.copy(backup, live)

    store = SqliteStore(live)
    await store.open()
    answers = [await opening.begin_epoch(config, store), await opening.begin_epoch(config, store)]
    await store.close(is_clean=True)

    assert answers == [True, False]


async def test_stop_during_store_outage_leaves_a_matching_epoch(
    tmp_path: Path, monkeypatch
) -> None:
    config = Config(**HERE, data_dir=str(tmp_path / "data"))
    server = await Server.start(config)

    async def away(*_: object) -> None:
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "set_note", away)
        await server.stop()
    store = SqliteStore(tmp_path / "data" / "collab.db")
    await store.open()

    is_restored = await opening.begin_epoch(config, store)

    await store.close(is_clean=True)
    assert not is_restored


async def test_start_that_died_between_its_two_notes_is_no_restore(
    tmp_path: Path,
) -> None:
    """A start that died between its two notes does not count as a restore.

    The file has the new epoch and the previous one, and the store still has the previous one.
    """
    config = Config(**HERE, data_dir=str(tmp_path / "data"))
    store = SqliteStore(tmp_path / "data" / "collab.db")
    await store.open()
    await opening.begin_epoch(config, store)
    before = await store.note("epoch")
    (tmp_path / "data" / "epoch").write_text(f"another {before}\n")

    is_restored = await opening.begin_epoch(config, store)

    await store.close(is_clean=True)
    assert not is_restored
