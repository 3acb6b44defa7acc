"""Tests the command `collab-server copy`: its messages and its exit codes."""

import os
from pathlib import Path

import pytest

from collab_server.commands import copying
from storage.sqlite.store import SqliteStore
from tests.storage.rows import Seed


async def furnished(folder: Path) -> str:
    """Make a store that has one user and was not closed cleanly. Return its folder."""
    store = SqliteStore(folder / "collab.db")
    await store.open()
    await Seed(store).user("ada")
    await store.close(is_clean=False)
    return str(folder)


async def test_run_copies_rows_and_whether_the_source_was_closed_cleanly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The target counts as closed cleanly only if the source was closed cleanly."""
    source, target = await furnished(tmp_path / "from"), tmp_path / "to"

    code = await copying.run(source, str(target), into_existing=False)

    assert (code, capsys.readouterr().out) == (
        0, "Copied 2 rows of 13 tables; counts and digests are equal.\n"
    )  # fmt: skip
    store = SqliteStore(target / "collab.db")
    assert await store.open() is False
    assert await store.user("u-ada")
    await store.close(is_clean=True)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("from", "from/collab.db", "source and target are the same"),
        ("nothing", "to", "nothing/collab.db does not exist"),
        ("backup.sqlite3", "to", "backup.sqlite3 does not exist"),
        ("from", "from/another-name.db", "source and target are the same"),
        ("from", "notes.txt", "file is not a database"),
        ("notes.txt", "to", "file is not a database"),
        ("from", "notes.txt/to", "Not a directory"),
        ("from", "x" * 300, "File name too long"),
    ],
)
async def test_run_with_invalid_arguments_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, target: str, words: str
) -> None:
    """Invalid arguments end with exit code 2 and one line, and no file is made."""
    await furnished(tmp_path / "from")
    (tmp_path / "from" / "another-name.db").hardlink_to(tmp_path / "from" / "collab.db")
    (tmp_path / "notes.txt").write_text("no database" * 100)

    code = await copying.run(str(tmp_path / source), str(tmp_path / target), into_existing=False)

    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n"), words in said.err) == (2, "", 1, True)
    assert not (tmp_path / "to").exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "place",
    [
        "mongodb://[bad x", "mongodb://", "mongodb://h:99999/x", "mongodb://a b/x",
        "mongodb://u:p%zz@127.0.0.1:1/x",
        "mongodb://127.0.0.1:1/a.b?serverSelectionTimeoutMS=100",
        "mongodb://127.0.0.1:1/x?tls=maybe",
        "mongodb+srv://nosuch.invalid/x", "postgres://x", "http://127.0.0.1/x",
        "~nobody-of-that-name/x", "/proc/x",
    ],
)  # fmt: skip
async def test_run_with_unusable_place_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """An unusable place is refused as source and as target, and no folder of that name is made."""
    monkeypatch.chdir(tmp_path)
    source = await furnished(tmp_path / "from")

    codes = [
        await copying.run(*pair, into_existing=False) for pair in ((place, "to"), (source, place))
    ]

    said = capsys.readouterr()
    assert (codes, said.out, said.err.count("\n")) == ([2, 2], "", 2)
    assert os.listdir(tmp_path) == ["from"]  # noqa: PTH208 - the rule prefers `Path.iterdir`, which another rule forbids here


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("to.db", "to.db"), ("to.sqlite3", "to.sqlite3"), ("to.SQLite", "to.SQLite"),
        ("new/to.bak", "new/to.bak"),
        ("to", "to/collab.db"), ("backup-2026.11.28", "backup-2026.11.28/collab.db"),
        ("to.d/", "to.d/collab.db"),
        (".hidden", ".hidden/collab.db"), ("folder.db", "folder.db/collab.db"),
        ("to.lock", "to.lock"),
    ],
)  # fmt: skip
async def test_run_writes_and_reads_sqlite_files_of_any_name(
    tmp_path: Path, target: str, file: str
) -> None:
    """An existing target stays a file or a folder.

    If the target does not exist, its name decides which of the two is made.
    """
    source = await furnished(tmp_path / "from")
    (tmp_path / "folder.db").mkdir()

    outward = await copying.run(source, f"{tmp_path}/{target}", into_existing=False)
    (tmp_path / file).rename(tmp_path / "nameless")
    back = await copying.run(
        str(tmp_path / "nameless"), str(tmp_path / "back"), into_existing=False
    )

    assert (outward, back) == (0, 0)
    store = SqliteStore(tmp_path / "back" / "collab.db")
    await store.open()
    assert await store.user("u-ada")
    await store.close(is_clean=True)
