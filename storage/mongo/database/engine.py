"""The open database, its locks, and a wait until documents cannot be rolled back any more.

There are no multi-document transactions, because a MongoDB server without a replica set has none.
Instead, the writes of a change have an order: a crash between two writes does no harm, or the next
start finishes the change. Only this process writes (see `lease`), so locks within the process
suffice to keep two changes apart.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from storage.errors import StoreUnavailable
from storage.mongo.database.driver import (
    FAILURES,
    Client,
    Database,
    connect,
    database_of,
    unavailable,
)
from storage.mongo.database.indexes import make_indexes
from storage.mongo.database.lease import Lease

_BATCH = 1_000
"""Documents that one command deletes or changes.
They are few enough for the command to end well before the socket's time-out."""


class Engine:
    """One database. `db` works between `open` and `close` while this process holds the lease."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.lease = Lease()
        self._client: Client | None = None
        self._database: Database | None = None
        self.appending = asyncio.Lock()
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    @property
    def db(self) -> Database:
        """The database; raises StoreUnavailable if this process does not hold the lease."""
        database = self.connected
        self.lease.check()
        return database

    @property
    def connected(self) -> Database:
        """The database, even if this process does not hold the lease."""
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
        """Close the connections; no effect if they are closed."""
        client, self._client, self._database = self._client, None, None
        if client:
            await client.close()

    @asynccontextmanager
    async def locked(
        self, *, user: str | None = None, session: str | None = None
    ) -> AsyncIterator[None]:
        """Keep other tasks of this process from changing the rows of a user, a session, or both."""
        # The user's lock is always taken first. Two tasks that took the locks in different orders
        # could wait for each other for ever.
        async with AsyncExitStack() as stack:
            for key in (user and f"user {user}", session and f"session {session}"):
                if key:
                    await stack.enter_async_context(self._locks.setdefault(key, asyncio.Lock()))
            yield

    async def confirm(self) -> None:
        """Return when documents that were read before can no longer be rolled back.

        Repeated calls need this. An example: a first call wrote a document, but its reply was lost,
        because the primary failed. The repeated call reads the document and has nothing to write.
        But the majority may not have the document yet, so "done" could be wrong. MongoDB answers a
        write with `w: majority` only when the majority has all earlier writes. This holds even for
        a write that changes nothing.
        """
        await self.db.meta.update_one({"_id": "nothing"}, {"$set": {"value": ""}})

    async def delete_many(self, collection: str, query: dict[str, str]) -> None:
        """Delete all documents of a query, in batches."""
        while ids := [
            document["_id"]
            async for document in self.db[collection].find(query, {"_id": 1}).limit(_BATCH)
        ]:
            await self.db[collection].delete_many({"_id": {"$in": ids}})

    async def blank_many(self, collection: str, query: dict[str, str], field: str) -> None:
        """Empty a text field in all documents of a query, in batches."""
        filled = {**query, field: {"$ne": ""}}
        while ids := [
            document["_id"]
            async for document in self.db[collection].find(filled, {"_id": 1}).limit(_BATCH)
        ]:
            await self.db[collection].update_many({"_id": {"$in": ids}}, {"$set": {field: ""}})
