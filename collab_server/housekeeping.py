"""Runs periodic tasks for logins, expired rows, idle guests, the epoch, and free memory."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from crdt.room.closing import CloseReason
from handlers.api import account
from handlers.services import Services
from storage.background import end_task, start_task
from storage.errors import StoreError

_DAY_MS = 86_400_000
_BATCH = 200
_ROUNDS_A_SWEEP = 60
_GIVE_BACK_S = 10.0
_TIMES_GIVEN_BACK = 6
"""How many times memory is given back after rooms or many connections have closed."""
_MANY_CONNECTIONS = 100
"""Memory is given back if at least this many connections closed in one round.
It is not enough to count closed rooms, because refused connections were in no room."""
_PICTURES_TOGETHER = 8
"""Pictures of guests that are dropped together. Each drop may be a request to Cloudinary."""
_SEALED_TOGETHER = 4
_SEAL_PAUSE_S = 0.2
"""Seconds between two batches of rows that get checksums.
During the pause, waiting commits of edits get their turn."""

_log = logging.getLogger(__name__)


class Housekeeping:
    """Runs the periodic tasks of a server, between `start` and `stop`.

    guest_days   guests who were not active for this many days are removed
    interval_s   seconds between two rounds; every sixtieth round also sweeps
    renew_epoch  called every sixtieth round, so that a start notices a restored backup,
                 see `collab_server.opening`
    free_memory  called after rooms have closed or many connections have ended, in a thread
    """

    def __init__(
        self,
        services: Services,
        guest_days: float,
        interval_s: float = 60,
        renew_epoch: Callable[[], Awaitable[None]] | None = None,
        free_memory: Callable[[], object] | None = None,
    ) -> None:
        self._services = services
        self._guest_ms = int(guest_days * _DAY_MS)
        self._interval_s = interval_s
        self._renew_epoch = renew_epoch
        self._free_memory = free_memory
        self._dropping = asyncio.Semaphore(_PICTURES_TOGETHER)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; call inside the event loop."""
        self._tasks = [
            start_task(self._run(), "housekeeping"),
            start_task(self._try_to("seal rows", self.seal_rows), "seal rows"),
        ]
        if self._free_memory:
            self._tasks.append(start_task(self._give_back(self._free_memory), "give memory back"))

    async def stop(self) -> None:
        """End the tasks, and note the logins that were used last."""
        for task in self._tasks:
            await end_task(task)
        await self._try_to("note logins", self.note_logins)

    async def note_logins(self) -> None:
        """Store which logins were used since the last call, or have connections.

        The sockets of expired logins are closed.
        """
        services = self._services
        used = services.seen_logins | services.rooms.logins()
        if used:
            ended = await services.store.touch_logins(used, services.clock())
            services.seen_logins.difference_update(used)
            services.rooms.changes.logins_ended(ended, CloseReason.LOGIN_EXPIRED)

    async def sweep(self) -> None:
        """Remove expired rows and idle guests.

        This happens in batches, so that other writes do not wait long for the store.
        """
        services = self._services
        # Connected users count as active, so the sweep does not remove them.
        await services.store.touch_logins(services.rooms.logins(), services.clock())
        await self._delete_owners()
        while True:
            now = services.clock()
            guests = await services.store.sweep(now, now - self._guest_ms, _BATCH)
            for guest in guests:
                services.rooms.changes.member_gone(
                    guest.guest_of or "", guest.id, CloseReason.GUEST_EXPIRED
                )
            await asyncio.gather(
                *(self._drop(guest.avatar_key) for guest in guests if guest.avatar_key)
            )
            if guests:
                _log.info("%d guests without activity were cleaned up", len(guests))
            if len(guests) < _BATCH:
                return

    async def _delete_owners(self) -> None:
        """Delete idle guests who own a session.

        They are deleted like accounts: the session passes to an editor who has an account. If the
        session has no such editor, it is deleted, because nobody could sign in as its owner again.
        As long as other members use such a session, it stays.
        """
        services, before = self._services, self._services.clock() - self._guest_ms
        while owners := await services.store.idle_owners(before, _BATCH):
            for user_id in owners:
                deletion = await services.store.delete_user(
                    user_id, services.clock(), deletes_sessions=False, guests_before=before
                )
                account.tell_rooms(services, user_id, deletion)
                if deletion.avatar_key:
                    await self._drop(deletion.avatar_key)
            _log.info("%d guests with a session of their own were cleaned up", len(owners))

    async def seal_rows(self) -> None:
        """Add checksums to rows of earlier releases, and count the bytes of sessions, in batches.

        If it fails, the next start continues the work.
        """
        has_more = True
        while has_more:
            store = self._services.store
            has_more = (
                await store.seal_rows(_SEALED_TOGETHER) + await store.count_usage(_SEALED_TOGETHER)
                > 0
            )
            await asyncio.sleep(_SEAL_PAUSE_S)

    async def _drop(self, key: str) -> None:
        async with self._dropping:
            await self._try_to(f"drop the picture {key}", partial(self._services.avatars.drop, key))

    async def _run(self) -> None:
        rounds = 0
        while True:
            await self._try_to("note logins", self.note_logins)
            if rounds % _ROUNDS_A_SWEEP == 0:
                await self._try_to("sweep", self.sweep)
                if self._renew_epoch and rounds:  # the start has just begun an epoch
                    await self._try_to("renew the epoch", self._renew_epoch)
            rounds += 1
            await asyncio.sleep(self._interval_s)

    async def _give_back(self, free_memory: Callable[[], object]) -> None:
        """Give memory back after rooms or many connections have closed, and for a minute longer.

        The minute is for memory that is freed late.
        """
        services = self._services
        rooms = closes = due = 0
        while True:
            await asyncio.sleep(_GIVE_BACK_S)
            rooms_before, rooms = rooms, services.rooms.loaded
            closes_before, closes = closes, services.connections.closes.total()
            is_due = rooms < rooms_before or closes - closes_before >= _MANY_CONNECTIONS
            due = _TIMES_GIVEN_BACK if is_due else due - 1
            if due > 0:
                await asyncio.to_thread(free_memory)

    async def _try_to(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do some work, and log an error instead of raising it; a later round tries again."""
        try:
            await work()
        except StoreError as error:
            _log.warning("housekeeping could not %s: %s", what, error)
        except Exception:
            _log.exception("housekeeping could not %s", what)
