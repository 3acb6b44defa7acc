"""Fixtures with an open store in a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.sqlite.store import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the store; neither the file nor its folder exists yet."""
    return tmp_path / "data" / "collab.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """An empty open store in a file."""
    opened = SqliteStore(path)
    await opened.open()
    yield opened
    await opened.close(is_clean=True)
