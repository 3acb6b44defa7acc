"""How much the sessions of a user may take in the store:
beyond that no new versions, and beyond 110 % no edits.
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
"""Seconds between two looks at the owners of loaded rooms:
some megabytes can be written meanwhile."""

_EDITS_PERCENT = 110
"""Edits go on up to this share of the limit,
so people who can make no more versions can still finish."""

_NEAR_PERCENT = 80
"""From this share of a limit on, users are warned."""

_log = logging.getLogger(__name__)


class OwnedQuota(Protocol):
    """The quota of a room's document (`crdt.document.quota`)."""

    owner_id: str

    def note_storage(self, full: int) -> None:
        """Note the bytes that the owner's sessions may take, if they take too much;
        0 if they do not.
        """


class OwnedRoom(Protocol):
    """A room whose session belongs to somebody."""

    @property
    def quota(self) -> OwnedQuota:
        """What its document may have."""


class StorageQuota:
    """Tells rooms whose owner has too much (`start`, `stop`),
    and says whether a user may have more.

    max_bytes, max_sessions  bytes that the sessions of one user may take, and how
                             many sessions they may own
    """

    def __init__(
        self,
        store: RoomStore,
        settings: RoomsSettings,
        loaded: Iterable[OwnedRoom],
        limit_counters: LimitCounters,
    ) -> None:
        """loaded: the rooms that are open, whenever they are looked at."""
        self.max_bytes = settings.user_bytes
        self.max_sessions = settings.user_sessions
        self._store = store
        self._loaded = loaded
        self._limit_counters = limit_counters
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call inside the event loop."""
        self._task = start_task(self._run(), "storage quota")

    async def stop(self) -> None:
        """Look no more."""
        await end_task(self._task)

    def is_near(self, usage: Usage) -> bool:
        """Whether a user should make room, or will soon be refused."""
        shares = (usage.bytes / self.max_bytes, usage.sessions / self.max_sessions)
        return max(shares) * 100 >= _NEAR_PERCENT

    async def require_session(self, user_id: str) -> None:
        """Raise QuotaReached if a user may own no more sessions."""
        usage = await self._store.usage(user_id)
        if usage.sessions >= self.max_sessions:
            self._limit_counters.count(USER_SESSIONS)
            raise QuotaReached.of_sessions(USER_SESSIONS.name, usage.sessions, self.max_sessions)
        if usage.bytes >= self.max_bytes:
            self._limit_counters.count(USER_BYTES)
            raise QuotaReached.of_bytes(USER_BYTES.name, usage.bytes, self.max_bytes)

    async def look(self) -> None:
        """Ask once for each owner of a loaded room, and tell the rooms."""
        # One question for each owner, not for each room: a teacher may have thirty rooms open.
        owners = {room.quota.owner_id for room in self._loaded}
        full = {owner for owner in owners if owner and await self._takes_no_edits(owner)}
        for room in self._loaded:
            room.quota.note_storage(self.max_bytes if room.quota.owner_id in full else 0)

    # Versions stop at the limit, edits at 110 % of it. The room between the two is for people who
    # are in the middle of something when the limit is reached.
    async def _takes_no_edits(self, user_id: str) -> bool:
        return (await self._store.usage(user_id)).bytes * 100 >= self.max_bytes * _EDITS_PERCENT

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self.look()
            except StoreError as error:
                _log.warning("what users store is not looked at now: %s", error)
            except Exception:
                _log.exception("what users store cannot be looked at")
