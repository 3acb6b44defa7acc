"""Tests reading of all runs of a session page by page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.runs.pages import pages_of_runs
from storage.sqlite.store import SqliteStore
from tests.storage.rows import MANY, Seed, run


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with a session without runs."""
    opened = SqliteStore(tmp_path / "collab.db")
    await opened.open()
    await Seed(opened).session()
    yield opened
    await opened.close(is_clean=True)


async def numbers(store: SqliteStore, size: int) -> list[list[int]]:
    """Return the numbers of the runs of each page."""
    return [[made.number for made in page] async for page in pages_of_runs(store, "s1", size)]


async def test_pages_have_each_run_once_newest_first(store: SqliteStore) -> None:
    """All pages but the last are full, and each run has its report."""
    for number in range(5):
        await store.add_run(run(f"output {number}"), MANY)

    assert await numbers(store, 2) == [[5, 4], [3, 2], [1]]
    assert await numbers(store, 5) == [[5, 4, 3, 2, 1]]
    assert all([made.report async for page in pages_of_runs(store, "s1", 2) for made in page])


async def test_session_without_runs_has_no_page(store: SqliteStore) -> None:
    """A session in which nobody ran anything has no page, not an empty one."""
    assert await numbers(store, 2) == []
