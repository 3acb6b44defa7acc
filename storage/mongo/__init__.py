"""The MongoDB store: Atlas, a replica set, or a single node."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable

from pymongo.errors import DuplicateKeyError

from storage.errors import StoreError, StoreUnavailable
from storage.mongo import invites, leaving
from storage.mongo.accounts import Accounts
from storage.mongo.engine import DEFAULT_DATABASE, Document, Engine, connect, translated
from storage.mongo.invites import Invites
from storage.mongo.leaving import Leaving
from storage.mongo.portable import Moving
from storage.mongo.rooms import Rooms
from storage.mongo.sessions import Sessions

LEASE_MS = 15_000
_RENEW_S = 5.0


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


class MongoStore(Accounts, Leaving, Invites, Sessions, Rooms, Moving):
    """A Store in a MongoDB database; the contract is `storage.base.Store`.

    While it is open it holds a lease on the database: two servers would each believe their own rooms.
    """

    def __init__(self, uri: str, clock: Callable[[], int] = _wall_clock) -> None:
        self._engine = Engine(uri)
        self._ends: dict[str, int] = {}
        self._clock = clock
        self._holder = f"{socket.gethostname()} pid {os.getpid()}"
        self._renewing: asyncio.Task[None] | None = None

    @translated
    async def open(self) -> bool:
        await self._engine.open()
        try:
            await self._take_lease()
            await leaving.repair(self._engine)
            await invites.settle(self._engine)
            before = await self._engine.db.meta.find_one_and_update(
                {"_id": "state"}, {"$set": {"value": "running"}}, upsert=True
            )
        except BaseException:
            await self._engine.close()
            raise
        self._renewing = asyncio.get_running_loop().create_task(self._renew_forever(), name="mongo lease")
        return before is None or before["value"] == "closed"

    async def close(self, *, is_clean: bool) -> None:
        try:
            if self._renewing:
                self._renewing.cancel()
                await asyncio.gather(self._renewing, return_exceptions=True)
                await self._note_end(is_clean=is_clean)
        finally:
            self._renewing = None
            await self._engine.close()

    @translated
    async def _note_end(self, *, is_clean: bool) -> None:
        if is_clean:
            await self._engine.db.meta.update_one({"_id": "state"}, {"$set": {"value": "closed"}})
        with contextlib.suppress(StoreError):
            await self._engine.db.meta.delete_one({"_id": "lease", "holder": self._holder})

    @translated
    async def ping(self) -> None:
        await self._engine.db.command("ping")

    @translated
    async def look(self) -> str:
        """Return who has the database open, "" for nobody, without opening it. Raises StoreUnavailable."""
        client = connect(self._engine.uri)
        try:
            database = client.get_default_database(DEFAULT_DATABASE)
            await database.command("ping")
            lease = await database.meta.find_one({"_id": "lease"})
        finally:
            await client.close()
        return lease["holder"] if lease and self._is_held(lease) else ""

    def _is_held(self, lease: Document) -> bool:
        return (
            bool(lease["until"] > self._clock()) and lease["holder"] != self._holder and not _is_dead(lease["holder"])
        )

    async def _take_lease(self) -> None:
        """Become the only server of this database; raises StoreUnavailable while another one is."""
        meta, now = self._engine.db.meta, self._clock()
        there = await meta.find_one({"_id": "lease"})
        mine = {"holder": self._holder, "until": now + LEASE_MS}
        if there is None:
            with contextlib.suppress(DuplicateKeyError):
                await meta.insert_one({"_id": "lease", **mine})
                return
        elif not self._is_held(there):
            seen = {"_id": "lease", "holder": there["holder"], "until": there["until"]}
            if await meta.find_one_and_update(seen, {"$set": mine}):
                return
        holder = there["holder"] if there else "just started"
        raise StoreUnavailable(
            f"MongoDB: the database is in use by another server ({holder}); if that was killed on another machine,"
            f" try again in {LEASE_MS // 1000} s"
        )

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            with contextlib.suppress(StoreError):
                await self._renew()

    @translated
    async def _renew(self) -> None:
        await self._engine.db.meta.update_one(
            {"_id": "lease", "holder": self._holder}, {"$set": {"until": self._clock() + LEASE_MS}}
        )


def _is_dead(holder: str) -> bool:
    """Whether the lease is of a process of this machine that is gone."""
    host, _, pid = holder.partition(" pid ")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
