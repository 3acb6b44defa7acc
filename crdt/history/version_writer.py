"""Stores versions of a room's document: those that users make, and automatic ones."""

import asyncio
import logging
from dataclasses import dataclass
from weakref import WeakValueDictionary

from crdt import limits
from crdt.document.server_edits import code_root
from crdt.errors import RoomDamaged, TextUnavailable, WorkTooLarge
from crdt.fair_queue import Payer
from crdt.history.snapshot import Contents, Snapshot
from crdt.lifecycle.environment import Environment
from crdt.lifecycle.log_writer import LogWriter
from crdt.room.room import Room
from storage.base import RoomStore
from storage.errors import LimitReached, QuotaReached
from storage.records import Version, VersionKind

_TRIES = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VersionSettings:
    """When automatic versions are made, and how many versions a session may have.

    versions       versions that a session may have; the oldest automatic ones are dropped
                   to make room for new versions
    auto_versions  automatic versions that are kept
    user_bytes     bytes that all sessions of the owner may take; no version is stored above that
    """

    auto_pause_ms: int = int(limits.AUTO_VERSION_PAUSE_S.default * 1000)
    auto_interval_ms: int = int(limits.AUTO_VERSION_S.default * 1000)
    versions: int = limits.VERSIONS.field()
    auto_versions: int = limits.AUTO_VERSIONS.field()
    user_bytes: int = limits.USER_BYTES.field()


class VersionWriter:
    """Stores versions of documents, and decides when an automatic version is due."""

    def __init__(
        self,
        store: RoomStore,
        writer: LogWriter,
        environment: Environment,
        settings: VersionSettings,
    ) -> None:
        """writer: commits the log up to the position of a version."""
        self._store = store
        self._writer = writer
        self._clock = environment.clock
        self._workers = environment.workers
        self._settings = settings
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def save_if_due(self, room: Room) -> None:
        """Store an automatic version if `is_due`."""
        # Maintenance has asked this before, but the room may have waited for its turn since.
        if not self.is_due(room):
            return
        made, now = room.contributions, self._clock()
        contributors = made.since_version
        author = max(contributors, key=contributors.__getitem__)
        kind = VersionKind.AUTO if room.members.is_open else VersionKind.FINAL
        payer = Payer(room.quota.owner_id, is_maintenance=True)
        try:
            await self.store(room, kind, author, "", "", payer=payer)
        except LimitReached:
            made.versioned(room.journal.sequence, now)
        except (RoomDamaged, TextUnavailable, WorkTooLarge):
            _log.exception("session %s gets no automatic version", room.session_id)
            made.versioned(room.journal.sequence, now)

    def is_due(self, room: Room) -> bool:
        """Whether an automatic version should be stored.

        There must be edits that are in no version. Also, typing must have paused or have gone on
        for long, or the session must have ended.
        """
        made = room.contributions
        if not made.since_version:
            return False
        now = self._clock()
        has_paused = now - made.last_edit_at >= self._settings.auto_pause_ms
        is_long = now - made.first_edit_at >= self._settings.auto_interval_ms
        return not room.members.is_open or has_paused or is_long

    async def keep(self, room: Room, user_id: str, user_name: str, label: str) -> None:
        """Make a version if there are edits that are in no version.

        Raises LimitReached unless one more version fits after it.
        """
        count, automatic = await self._store.count_versions(room.session_id)
        if count - automatic >= self._settings.versions:
            raise LimitReached(f"the session has {self._settings.versions} versions")
        # A user may type while a version is stored, so that it lacks their last letters. A few
        # tries are enough, because each takes less time than a pause in typing.
        for _ in range(_TRIES):
            if not room.contributions.since_version:
                break
            await self.store(room, VersionKind.AUTO, user_id, user_name, label, spare=1)

    async def store(
        self,
        room: Room,
        kind: VersionKind,
        author_id: str,
        author_name: str,
        label: str,
        *,
        spare: int = 0,
        payer: Payer | None = None,
    ) -> tuple[Version, bool]:
        """Store a version of the document as it is now, after the log is committed up to there.

        The versions of a room are made one after another, in the order of the calls. So a version
        with a higher number never has an older text.

        spare  the number of versions that must still fit after this one
        payer  the users that the work is done for; by default the author

        Returns (version, True), or (the newest version, False) if nothing changed since then.
        Raises LimitReached, NotFound, RoomDamaged or RoomUnavailable.
        """
        drawn = _Drawn(room, self._clock())
        lock = self._locks.setdefault(room.session_id, asyncio.Lock())
        async with lock:
            drawn, (files, documents) = await self._read(room, drawn, payer or author_id)
            version = Version(
                session_id=room.session_id,
                number=0,
                sequence=drawn.snapshot.sequence,
                files=files,
                main_root=code_root(files, room.main_root),
                label=label,
                kind=kind,
                author_id=author_id,
                author_name=author_name,
                contributors=drawn.contributors,
                created_at=drawn.at,
                documents=documents,
            )
            stored = await self._store.add_version(
                version, self._settings.versions - spare, self._settings.auto_versions
            )
            room.contributions.versioned(version.sequence, version.created_at)
            return stored

    async def _read(
        self, room: Room, drawn: "_Drawn", key: str | Payer
    ) -> tuple["_Drawn", Contents]:
        """Read the snapshot, and wait until the log is committed up to it.

        If text was redacted in the session meanwhile, a new snapshot is taken. Raises QuotaReached
        if the owner has no storage left.
        """
        while True:
            contents = await drawn.snapshot.read(self._workers, key)
            await self._writer.saved(room, drawn.snapshot.sequence)
            await self._check_quota(room)
            if drawn.redactions == room.upkeep.redactions:
                return drawn, contents
            drawn = _Drawn(room, self._clock())

    async def _check_quota(self, room: Room) -> None:
        usage = await self._store.usage(room.quota.owner_id)
        if usage.bytes >= self._settings.user_bytes:
            raise QuotaReached.of_bytes(
                limits.USER_BYTES.name, usage.bytes, self._settings.user_bytes
            )


class _Drawn:
    """The data of a version, as it is when this object is made.

    at            milliseconds since 1970
    contributors  users who edited since the last version
    redactions    see `Upkeep`
    """

    __slots__ = ("at", "contributors", "redactions", "snapshot")

    def __init__(self, room: Room, at: int) -> None:
        self.at = at
        self.snapshot = Snapshot(room)
        self.contributors = tuple(room.contributions.since_version)
        self.redactions = room.upkeep.redactions
