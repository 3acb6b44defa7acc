"""The open database, and what the parts of the store share: locks, and waiting for durable reads.

No multi-document transactions: a single node has none. Whatever takes several writes is ordered so
that a crash between two of them is harmless or is finished by the next start; within the process,
which is the only one that writes (see `lease`), locks keep two such sequences apart.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from storage.errors import StoreUnavailable
from storage.mongo.database.driver import FAILURES, Client, Database, connect, database_of, unavailable
from storage.mongo.database.indexes import make_indexes
from storage.mongo.database.lease import Lease

_BATCH = 1_000
"""Documents deleted or changed by one command: well within the time-out of the socket."""


class Engine:
    """One database. `db` is there between `open` and `close`, as long as the lease is held."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.lease = Lease()
        self._client: Client | None = None
        self._database: Database | None = None
        self.appending = asyncio.Lock()
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    @property
    def db(self) -> Database:
        database = self.connected
        self.lease.check()
        return database

    @property
    def connected(self) -> Database:
        """The database, also without the lease."""
        if self._database is None:
            raise StoreUnavailable("the store is closed")
        return self._database

    async def open(self) -> None:
        """Connect, take the lease and make the indexes; raises StoreUnavailable."""
        if self._database is not None:
            raise StoreUnavailable("the store is open already")
        self.lease = Lease()
        self._client = connect(self.uri)
        self._database = database_of(self._client)
        try:
            await self._database.command("ping")
            await self.lease.take(self._database)
            await make_indexes(self._database)
        except FAILURES as error:
            await self.close()
            raise unavailable(error) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the connections; harmless when closed."""
        client, self._client, self._database = self._client, None, None
        if client:
            await client.close()

    @asynccontextmanager
    async def locked(self, *, user: str | None = None, session: str | None = None) -> AsyncIterator[None]:
        """Keep others of this process from changing a user's or a session's things; users come first."""
        async with AsyncExitStack() as stack:
            for key in (user and f"user {user}", session and f"session {session}"):
                if key:
                    await stack.enter_async_context(self._locks.setdefault(key, asyncio.Lock()))
            yield

    async def confirm(self) -> None:
        """Return when what was read before can not be rolled back any more.

        It may be what a call wrote whose reply was lost. MongoDB answers a write that changes nothing
        when the majority has everything that came before it.
        """
        await self.db.meta.update_one({"_id": "nothing"}, {"$set": {"value": ""}})

    async def delete_many(self, collection: str, query: dict[str, str]) -> None:
        """Delete documents in batches, however many there are."""
        while ids := [document["_id"] async for document in self.db[collection].find(query, {"_id": 1}).limit(_BATCH)]:
            await self.db[collection].delete_many({"_id": {"$in": ids}})

    async def blank_many(self, collection: str, query: dict[str, str], field: str) -> None:
        """Empty a text field of documents, in batches."""
        filled = {**query, field: {"$ne": ""}}
        while ids := [document["_id"] async for document in self.db[collection].find(filled, {"_id": 1}).limit(_BATCH)]:
            await self.db[collection].update_many({"_id": {"$in": ids}}, {"$set": {field: ""}})
