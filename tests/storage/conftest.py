"""The stores on which the contract tests run."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from storage.base import Store
from storage.mongo.store import MongoStore
from storage.sqlite.store import SqliteStore
from tests import mongod
from tests.storage.faults import Place, failing
from tests.storage.rows import Seed

Connect = Callable[[], Store]
"""A function that makes a store, which is not open yet. All stores of one test have the same
data."""


@asynccontextmanager
async def _sqlite(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    folder = request.getfixturevalue("tmp_path")
    yield lambda: SqliteStore(folder / "collab.db")


@asynccontextmanager
async def _mongo(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    uri = request.getfixturevalue("mongo_uri")
    async with mongod.database(uri) as name:
        yield lambda: MongoStore(uri + name)


PLACES: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Connect]]] = {
    "sqlite": _sqlite,
    "mongo": _mongo,
}
"""An empty place for the store of one test, for each kind of store. It is cleaned up after the
test."""


@pytest.fixture(params=PLACES)
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    async with PLACES[request.param](request) as made:
        yield made


@pytest.fixture
async def store(connect: Connect) -> AsyncIterator[Store]:
    """An empty open store of each kind."""
    opened = connect()
    await opened.open()
    yield opened
    await opened.close(is_clean=True)


@pytest.fixture
def seed(store: Store) -> Seed:
    return Seed(store)


@pytest.fixture
async def place(mongo_uri: str) -> AsyncIterator[Place]:
    async with failing(mongo_uri) as made:
        yield made
