"""The stores that the contract suite runs on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from storage.base import Store
from storage.sqlite import SqliteStore
from tests.storage.rows import Seed

Connect = Callable[[], Store]
"""Makes a store that is not open yet; all of one test's stores remember the same things."""


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[Connect]:
    yield lambda: SqliteStore(folder / "collab.db")


PLACES: dict[str, Callable[[Path], AbstractAsyncContextManager[Connect]]] = {"sqlite": _sqlite}
"""Every store there is: an empty place for one test, cleaned up after it."""


@pytest.fixture(params=PLACES)
async def connect(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Connect]:
    async with PLACES[request.param](tmp_path) as made:
        yield made


@pytest.fixture
async def store(connect: Connect) -> AsyncIterator[Store]:
    """An empty open store, of every kind."""
    opened = connect()
    await opened.open()
    yield opened
    await opened.close(is_clean=True)


@pytest.fixture
def seed(store: Store) -> Seed:
    return Seed(store)
