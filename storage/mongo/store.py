"""Combines the parts of the MongoDB store, and opens, closes and repairs the database."""

import asyncio
import contextlib
import logging

from storage.background import end_task, start_task
from storage.errors import StoreError, StoreUnavailable
from storage.mongo import invites, parts
from storage.mongo.accounts import MongoAccountStore, note_skeletons
from storage.mongo.database.driver import connect, database_of, translated
from storage.mongo.database.engine import Engine
from storage.mongo.database.indexes import look_for_duplicates
from storage.mongo.database.lease import RENEW_S, holder
from storage.mongo.invites import MongoInviteStore
from storage.mongo.messages import MongoMessageStore
from storage.mongo.people import account_removal
from storage.mongo.people.account_removal import MongoAccountRemoval
from storage.mongo.people.credentials import MongoCredentialStore
from storage.mongo.people.logins import MongoLoginStore
from storage.mongo.programs.program_tests import MongoProgramTestStore
from storage.mongo.rooms import MongoRoomStore
from storage.mongo.runs import MongoRunStore
from storage.mongo.sessions import MongoSessionStore
from storage.mongo.table_io import MongoTableIO
from storage.mongo.usage import MongoUsage, forget_counters
from storage.mongo.versions import MongoVersionStore
from storage.records import User

_RETRY_S = 0.5

_log = logging.getLogger(__name__)


class MongoStore(
    MongoAccountStore,
    MongoAccountRemoval,
    MongoCredentialStore,
    MongoLoginStore,
    MongoInviteStore,
    MongoSessionStore,
    MongoMessageStore,
    MongoRoomStore,
    MongoVersionStore,
    MongoRunStore,
    MongoProgramTestStore,
    MongoUsage,
    MongoTableIO,
):
    """A Store in a MongoDB database; the contract is `storage.base.Store`.

    While it is open it holds a lease on the database.
    """

    def __init__(self, uri: str) -> None:
        self._engine = Engine(uri)
        self._ends: dict[str, int] = {}
        self._renewing: asyncio.Task[None] | None = None

    @translated
    async def open(self) -> bool:
        await self._engine.open()
        self._ends.clear()
        self._renewing = start_task(self._renew_forever(), "mongo lease")
        try:
            await self._repair(starts=True)
            before = await self._engine.db.meta.find_one_and_update(
                {"_id": "state"}, {"$set": {"value": "running"}}, upsert=True
            )
        except BaseException:
            await self._stop_renewing()
            await self._engine.close()
            raise
        was_clean = before is None or before.get("value") == "closed"
        if not was_clean:
            await forget_counters(self._engine)
        return was_clean

    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        await self._repair()
        return await super().sweep(now, guests_before, limit)

    async def _repair(self, *, starts: bool = False) -> None:
        """Finish changes that a crash interrupted.

        A failure is only logged, because it must not prevent the server's start.
        """
        try:
            await translated(account_removal.repair)(self._engine)
            await translated(invites.repair)(self._engine)
            if starts:
                await translated(parts.drop_unused)(self._engine)
                await translated(note_skeletons)(self._engine)
        except StoreUnavailable as error:
            _log.error(
                "interrupted changes could not be finished; the server tries again within the "
                "hour: %s",
                error,
            )

    async def close(self, *, is_clean: bool) -> None:
        was_open = self._renewing is not None
        # Otherwise a running renewal would find no lease after the release, and would report
        # that the lease is lost.
        await self._stop_renewing()
        try:
            if was_open:
                await self._note_end(is_clean=is_clean)
        finally:
            await self._engine.close()

    async def _stop_renewing(self) -> None:
        renewing, self._renewing = self._renewing, None
        await end_task(renewing)

    @translated
    async def _note_end(self, *, is_clean: bool) -> None:
        await self._engine.lease.renew(self._engine.connected)
        if is_clean and not self._engine.lease.is_lost:
            await self._engine.db.meta.update_one({"_id": "state"}, {"$set": {"value": "closed"}})
        with contextlib.suppress(StoreError):
            await self._engine.lease.release(self._engine.connected)

    @translated
    async def ping(self) -> None:
        await self._engine.db.command("ping")

    @translated
    async def look(self) -> str:
        """Return which server has the database open, "" for none, without opening it.

        Raises StoreUnavailable in the cases in which `open` raises it, except when a server has
        the database open. These cases include a database user that may not write, and documents
        that violate a unique index.
        """
        client = connect(self._engine.uri)
        try:
            db = database_of(client)
            await db.command("ping")
            if not (server := await holder(db)):
                # Raises if this database user may not write.
                await db.meta.delete_one({"_id": "nothing"})
                await look_for_duplicates(db)
            return server
        finally:
            await client.close()

    async def _renew_forever(self) -> None:
        pause_s = RENEW_S
        while not self._engine.lease.is_lost:
            await asyncio.sleep(pause_s)
            try:
                await self._renew()
                pause_s = RENEW_S
            except StoreError:
                pause_s = _RETRY_S
            except Exception:
                _log.exception("the lease cannot be renewed")
                pause_s = _RETRY_S
        _log.error("another server has taken the database over; nothing is stored any more")

    @translated
    async def _renew(self) -> None:
        await self._engine.lease.renew(self._engine.connected)
