"""Tests of the commands in docs/storage.md that recover a truncated file."""

import os
import subprocess
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.sqlite.store import SqliteStore
from tests import system_packages
from tests.samples import sample
from tests.storage.rows import MANY, Seed, chunk, message, version

PAGE = 4_096
SHELL = system_packages.find_program("sqlite3")

pytestmark = pytest.mark.skipif(not SHELL and not os.environ.get("CI"), reason="needs sqlite3")

COMMANDS = sample("docs/storage.md", "sqlite3 collab.db 'PRAGMA writable_schema=on' .dump")


def recover(folder: Path, command: str) -> None:
    subprocess.run(
        ["bash", "-euc", COMMANDS.replace(".dump", command)], cwd=folder, check=True, timeout=60
    )


def has_recover() -> bool:
    options = subprocess.run(
        [str(SHELL), ":memory:", "PRAGMA compile_options"], check=True, capture_output=True
    )
    return b"ENABLE_DBPAGE_VTAB" in options.stdout


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database file without its last third.

    Accounts were written into it first, then the versions, the chat and the log of a session.
    """
    file = tmp_path / "collab.db"
    store = SqliteStore(file)
    await store.open()
    seed = Seed(store)
    for number in range(20):
        await seed.user(f"user{number}")
    await seed.session(owner_id="u-user0")
    for number in range(1, 31):
        await store.add_version(version(os.urandom(1_700).hex(), label=f"label {number}"), MANY)
        await store.add_message(message(f"text {number}"))
        await store.append_chunks([chunk(number, number, os.urandom(3_000))])
    await store.close(is_clean=True)
    os.truncate(file, file.stat().st_size * 2 // 3 // PAGE * PAGE)
    return file


@pytest.mark.parametrize("command", [".dump", ".recover"] if SHELL and has_recover() else [".dump"])
async def test_truncated_file_is_refused_and_recovered_by_documented_commands(
    path: Path, command: str
) -> None:
    """The server starts with the recovered rows, and each of them is as it was written.

    Not every `sqlite3` program has `.recover`.
    """
    with pytest.raises(StoreUnavailable, match="damaged"):
        await SqliteStore(path).open()

    recover(path.parent, command)

    store = SqliteStore(path)
    await store.open()
    assert await store.user("u-user1")
    versions = await store.versions("s1", None, MANY, with_files=True)
    assert 5 < len(versions) < 31
    assert not any(version.is_damaged for version in versions)
    assert [message.text for message in await store.messages("s1", None, MANY)]
    await store.close(is_clean=True)
