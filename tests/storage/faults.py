"""Causes faults: of the connection to MongoDB, and of a page of SQLite.

`check` has the rules that must hold after every fault of the connection.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from storage.base import Store
from storage.errors import StoreUnavailable
from storage.mongo.database.driver import Document
from storage.mongo.store import MongoStore
from storage.records import Role
from tests import mongod
from tests.proxy import Proxy
from tests.storage.rows import Seed, checkpoint, chunk, invite, member, message, run
from tests.waiting import until

_PAGE = 4_096

_OPTIONS = "&connectTimeoutMS=3000&socketTimeoutMS=3000&directConnection=true"
PATIENT = f"?serverSelectionTimeoutMS=3000{_OPTIONS}"
"""Driver options. A call waits 3 s for a server that is gone, and 3 s for one that hangs. On a busy
machine, that is still enough for a new connection."""
IMPATIENT = f"?serverSelectionTimeoutMS=80{_OPTIONS}"
"""Driver options for tests in which the server does not come back during a call. Hundreds of calls
wait 80 ms each. A slow machine does not change their result."""

Rows = dict[str, list[dict[str, Any]]]
"""The documents of each collection."""

FORGETFUL_DRIVER = (
    "ignore:unclosed <socket:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
"""A warning that these tests expect. The driver does not close the sockets of connections that fail
while they are made."""


@dataclass
class Place:
    """A database, with a direct address, and an address through a proxy that can fail."""

    direct: str
    through: str
    proxy: Proxy


@asynccontextmanager
async def failing(mongo_uri: str, options: str = PATIENT) -> AsyncIterator[Place]:
    """Yield an empty database. options: driver options for the address through the proxy."""
    async with mongod.database(mongo_uri) as name:
        proxy = await Proxy.start(mongo_uri)
        yield Place(
            f"{mongo_uri}{name}", f"mongodb://127.0.0.1:{proxy.port}/{name}{options}", proxy
        )
        await proxy.stop()
    gc.collect()  # find the sockets that the driver forgot here, where the warning is expected


async def opened(uri: str) -> MongoStore:
    """Return an open store.

    On a busy machine the first connection may take longer than the driver waits.
    """
    store = MongoStore(uri)

    async def opens() -> bool:
        try:
            await store.open()
        except StoreUnavailable:
            return False
        return True

    await until(opens)
    return store


async def furnish(store: Store) -> None:
    """Fill a store: ada owns s1 and s2, and bob edits both and owns s3."""
    seed = Seed(store)
    for name in ("ada", "bob"):
        await seed.user(name)
    for session_id, owner in (("s1", "ada"), ("s2", "ada"), ("s3", "bob")):
        await seed.session(session_id, chunk(1, 1, session_id=session_id), owner_id=f"u-{owner}")
    for session_id in ("s1", "s2"):
        await store.join(member("u-bob", session_id, role=Role.EDITOR), 10)
    await store.add_invite(invite(), 10)
    await store.add_message(message("m1"))
    await store.add_run(run("one"), 10)
    await store.put_checkpoint(checkpoint(1))


async def check(store: Store) -> None:
    """Check the rules that must hold after every fault."""
    for session_id in ("s1", "s2", "s3", "s9"):
        session = await store.session(session_id)
        members = await store.members(session_id)
        if session is None:
            assert members == []
            continue
        assert [member.user_id for member in members if member.role is Role.OWNER] == [
            session.owner_id
        ]
        owner = await store.user(session.owner_id)
        assert owner
        assert not owner.is_deleted
        numbers = [message.sequence for message in await store.messages(session_id, None, 100)]
        assert numbers == list(range(1, len(numbers) + 1))
        versions = [
            version.number
            for version in await store.versions(session_id, None, 100, with_files=True)
        ]
        assert versions == list(range(len(versions), 0, -1))


async def crash(store: MongoStore) -> None:
    """End a store as a killed process would end it."""
    await store._stop_renewing()
    await store._engine.close()


async def reopen(store: MongoStore) -> None:
    """Open a store as after the end of the server that had the database.

    In these tests, this process is that server, so its lease is deleted.
    """
    async with AsyncMongoClient[Document](store._engine.uri) as client:
        await client.get_default_database().meta.delete_one({"_id": "lease"})
    await store.open()


async def until_back(store: Store) -> None:
    """Wait until the driver has noticed that the server is available again."""

    async def answers() -> bool:
        try:
            await store.ping()
        except StoreUnavailable:
            return False
        return True

    await until(answers)


async def contents(store: MongoStore) -> Rows:
    """Return all documents of the database, except those of `meta`, which say who uses it."""
    tables = await _all(store._engine.db)
    return {name: rows for name, rows in tables.items() if rows and name != "meta"}


async def rows(uri: str) -> Rows:
    """Return all documents of the database by collection, with empty collections, too."""
    async with AsyncMongoClient[Document](uri) as client:
        return await _all(client.get_default_database())


async def put_back(uri: str, start: Rows) -> None:
    """Restore the rows of a database, which is faster than filling a new database."""
    async with AsyncMongoClient[Document](uri) as client:
        db = client.get_default_database()
        for name in await db.list_collection_names():
            await db[name].delete_many({})
            if rows := start.get(name):
                await db[name].insert_many(rows)


async def _all(db: AsyncDatabase[dict[str, Any]]) -> Rows:
    names = sorted(await db.list_collection_names())
    return {
        name: [document async for document in db[name].find({}).sort("_id", 1)] for name in names
    }


def break_page(path: Path, marker: bytes) -> None:
    """Overwrite the head of the page that contains `marker`, so that SQLite calls it malformed."""
    data = bytearray(path.read_bytes())
    at = data.index(marker) // _PAGE * _PAGE
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
