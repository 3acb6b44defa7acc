"""The command `collab-server copy`: what it says and the code it ends with."""

from pathlib import Path

import pytest

from collab_server import copying
from storage.sqlite.store import SqliteStore
from tests.storage.rows import Seed


async def furnished(folder: Path) -> str:
    """Make a store with one user that was not closed cleanly; return its folder."""
    store = SqliteStore(folder / "collab.db")
    await store.open()
    await Seed(store).user("ada")
    await store.close(is_clean=False)
    return str(folder)


async def test_run_copies_and_keeps_clean_or_unclean_end_of_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A source that was not closed cleanly makes a target that was not either."""
    source, target = await furnished(tmp_path / "from"), tmp_path / "to"

    code = await copying.run(source, str(target), into_existing=False)

    assert (code, capsys.readouterr().out) == (
        0, "Copied 2 rows of 11 tables; counts and digests are equal.\n"
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
    ],
)
async def test_run_with_invalid_arguments_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, target: str, words: str
) -> None:
    """Exit code 2, and nothing was made."""
    await furnished(tmp_path / "from")

    code = await copying.run(str(tmp_path / source), str(tmp_path / target), into_existing=False)

    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n"), words in said.err) == (2, "", 1, True)
    assert not (tmp_path / "to").exists()
