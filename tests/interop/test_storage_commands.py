"""Tests of the commands in docs/storage.md, for backups, restores, VACUUM and copies."""

import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.api import Api
from tests.processes import ServerProcess, free_port
from tests.programs import Programs
from tests.samples import sample
from tests.system_packages import needed_program

BACKUP = sample("docs/storage.md", 'sqlite3 data/collab.db ".backup')
RESTORE = sample("docs/storage.md", "rm -f data/collab.db-wal")
VACUUM = sample("docs/storage.md", "sqlite3 data/collab.db VACUUM")
COPIES = sample("docs/storage.md", "collab-server copy ./data")

PATH = os.pathsep.join((f"{sys.prefix}/bin", os.environ["PATH"]))


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[Programs]:
    """Return a runner of programs in the folder that has the server's `data`."""
    running = Programs(tmp_path)
    yield running
    await running.stop()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """Start a server on the data that the commands work on."""
    process = ServerProcess(tmp_path / "data", free_port())
    await process.start()
    yield process
    await process.end()


@pytest.fixture
async def ada(server: ServerProcess) -> Api:
    return await Api(server.url).sign_up("ada")


async def typed(programs: Programs, commands: str) -> None:
    """Run commands as a reader of the page would type them."""
    await programs.run("bash", "-euc", commands, PATH=PATH)


@pytest.mark.parametrize("has_lost_folder", [False, True])
async def test_backup_of_running_server_is_put_back(
    tmp_path: Path, server: ServerProcess, ada: Api, programs: Programs, *, has_lost_folder: bool
) -> None:
    """A backup is restored over the files of a killed server, or into an empty folder.

    Logins stay valid.
    """
    needed_program("sqlite3")
    session_id = await ada.new_session(code="kept")

    await typed(programs, BACKUP)
    await ada.post(f"/code/{session_id}/save", {"code": "later"})
    later = await ada.live(session_id)
    await server.kill()
    if has_lost_folder:
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "data").mkdir()
    await typed(programs, RESTORE)
    await server.start()

    assert later["code"] == "later"
    assert (await ada.live(session_id))["code"] == "kept"


async def test_vacuum_leaves_no_free_page_and_all_rows(
    tmp_path: Path, server: ServerProcess, ada: Api, programs: Programs
) -> None:
    needed_program("sqlite3")
    remaining, deleted = (
        await ada.new_session(code="kept"),
        await ada.new_session(code="gone " * 20_000),
    )
    await ada.delete(f"/session/{deleted}")
    assert await server.terminate() == 0
    before = free_pages(tmp_path)

    await typed(programs, VACUUM)
    after = free_pages(tmp_path)
    await server.start()

    assert before > after == 0
    assert (await ada.live(remaining))["code"] == "kept"


def free_pages(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "collab.db")) as database:
        (count,) = database.execute("PRAGMA freelist_count").fetchone()
        return int(count)


async def test_copies_to_mongodb_and_back_have_everything(
    tmp_path: Path, server: ServerProcess, ada: Api, programs: Programs, mongo_uri: str
) -> None:
    """The copy to MongoDB and back has the document.

    The secret is copied by hand, so users stay signed in.
    """
    session_id = await ada.new_session(code="kept")
    assert await server.terminate() == 0
    data, old = tmp_path / "data", tmp_path / "old"
    assert COPIES.count("mongodb://localhost/collab") == 2
    outward, back = COPIES.replace("mongodb://localhost/collab", f"{mongo_uri}copied").splitlines()

    await typed(programs, outward)
    data.rename(old)
    await typed(programs, back)
    shutil.copy(old / "secret", data / "secret")
    await server.start()

    assert (await ada.live(session_id))["code"] == "kept"
