"""Limits the storage of each user's sessions.

Over the limit no new versions and runs are stored, and over 110 % of it no edits are accepted.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from crdt.limits import USER_BYTES, USER_SESSIONS, LimitCounters, RoomsSettings
from storage.background import end_task, start_task
from storage.base import RoomStore, Usage
from storage.errors import QuotaReached, StoreError

_LOOK_S = 10.0
"""Seconds between two checks of the owners of loaded rooms. Some megabytes can be written
meanwhile."""

_EDITS_PERCENT = 110
"""Edits are accepted up to this share of the limit. So users who can store no more versions can
still finish their work."""

_NEAR_PERCENT = 80
"""From this share of a limit on, `isNearlyFull` of `GET /user/usage` is true."""

_log = logging.getLogger(__name__)


class OwnedQuota(Protocol):
    """The quota of a room's document (`crdt.document.quota`)."""

    owner_id: str

    def note_storage(self, full: int) -> None:
        """Note that the owner's sessions take too much storage.

        full  the bytes that they may take; 0 if they do not take too much
        """


class OwnedRoom(Protocol):
    """A room whose session has an owner."""

    @property
    def quota(self) -> OwnedQuota:
        """The quota of the room's document."""


class StorageQuota:
    """Tells rooms whether their owner's storage is full, and whether a user may have more sessions.

    max_bytes     bytes that the sessions of one user may take
    max_sessions  sessions that one user may own
    """

    def __init__(
        self,
        store: RoomStore,
        settings: RoomsSettings,
        loaded: Iterable[OwnedRoom],
        limit_counters: LimitCounters,
    ) -> None:
        """loaded: iterates over the rooms that are loaded at that time."""
        self.max_bytes = settings.user_bytes
        self.max_sessions = settings.user_sessions
        self._store = store
        self._loaded = loaded
        self._limit_counters = limit_counters
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that checks owners; call this inside the event loop."""
        self._task = start_task(self._run(), "storage quota")

    async def stop(self) -> None:
        """Stop checking."""
        await end_task(self._task)

    def is_near(self, usage: Usage) -> bool:
        """Whether a user should delete sessions, because a limit is near."""
        shares = (usage.bytes / self.max_bytes, usage.sessions / self.max_sessions)
        return max(shares) * 100 >= _NEAR_PERCENT

    async def require_session(self, user_id: str) -> None:
        """Raise QuotaReached if a user may own no more sessions."""
        usage = await self._store.usage(user_id)
        if usage.sessions >= self.max_sessions:
            self._limit_counters.count(USER_SESSIONS)
            raise QuotaReached.of_sessions(USER_SESSIONS.name, usage.sessions, self.max_sessions)
        self._require_bytes(usage)

    async def require_bytes(self, user_id: str) -> None:
        """Raise QuotaReached if a user's sessions take as much storage as they may."""
        self._require_bytes(await self._store.usage(user_id))

    def _require_bytes(self, usage: Usage) -> None:
        if usage.bytes >= self.max_bytes:
            self._limit_counters.count(USER_BYTES)
            raise QuotaReached.of_bytes(USER_BYTES.name, usage.bytes, self.max_bytes)

    async def look(self) -> None:
        """Check each owner of a loaded room once, and tell the rooms."""
        # The store is asked once for each owner, not for each room: a teacher may have thirty rooms
        # open.
        owners = {room.quota.owner_id for room in self._loaded}
        full = {owner for owner in owners if owner and await self._takes_no_edits(owner)}
        for room in self._loaded:
            room.quota.note_storage(self.max_bytes if room.quota.owner_id in full else 0)

    async def _takes_no_edits(self, user_id: str) -> bool:
        return (await self._store.usage(user_id)).bytes * 100 >= self.max_bytes * _EDITS_PERCENT

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self.look()
            except StoreError as error:
                _log.warning("the storage of users cannot be checked now: %s", error)
            except Exception:
                _log.exception("the storage of users cannot be checked")
