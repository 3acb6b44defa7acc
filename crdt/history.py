"""Versions: snapshots of the code that people made or that typing earned."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crdt.authoring import adopted_root
from crdt.errors import RoomDamaged
from crdt.room import Room
from crdt.rooms import Rooms
from storage.base import RoomStore
from storage.errors import LimitReached
from storage.records import Version, VersionKind

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """When versions are made by themselves, and how many a session may have.

    auto_share  the part of `versions` that automatic ones may take: saving by hand never runs out first
    """

    auto_pause_ms: int = 30_000
    auto_interval_ms: int = 300_000
    versions: int = 1_000
    auto_share: float = 0.5


class History:
    """Saves versions of sessions' documents."""

    def __init__(self, store: RoomStore, rooms: Rooms, settings: HistorySettings) -> None:
        self._store = store
        self._rooms = rooms
        self._settings = settings
        rooms.on_tend = self.save_if_due

    async def save(
        self,
        session_id: str,
        user_id: str,
        user_name: str,
        *,
        code: str | None = None,
        label: str = "",
        check: Callable[[], Awaitable[object]] | None = None,
    ) -> tuple[Version, bool]:
        """Store a version by hand; return (version, True), or (the newest, False) if nothing changed since.

        code   first becomes the main root's text, by a small edit of this user's that others see
        check  raises if the user may not do this; asked again if anything changed while the room loaded

        Raises what `check` raises, NotFound, LimitReached, DocumentFull, RoomDamaged or RoomUnavailable.
        """
        async with self._rooms.use(session_id) as room:
            changes = -1
            while check and changes != self._rooms.changes:
                changes = self._rooms.changes
                await check()
            if code is not None:
                room.edit_text(user_id, code, self._rooms.clock())
            return await self._store_version(room, VersionKind.MANUAL, user_id, user_name, label)

    async def live(self, session_id: str) -> tuple[dict[str, str], str, int, Version | None]:
        """Return (files, main root, log position, newest version) of the document as it is now."""
        async with self._rooms.use(session_id) as room:
            files, sequence = room.files(), room.journal.sequence
        newest = await self._store.newest_version(session_id)
        return files, adopted_root(files, room.main_root), sequence, newest

    async def save_if_due(self, room: Room) -> None:
        """Store an automatic version when typing has paused, or went on for long enough, or everybody left."""
        if not room.contributors:
            return
        now = self._rooms.clock()
        has_paused = now - room.last_edit_at >= self._settings.auto_pause_ms
        if has_paused or now - room.first_edit_at >= self._settings.auto_interval_ms:
            author = max(room.contributors, key=room.contributors.__getitem__)
            try:
                await self._store_version(room, VersionKind.AUTO, author, "", "")
            except LimitReached:
                room.versioned(room.journal.sequence, now)
            except RoomDamaged:
                _log.exception("session %s gets no automatic version", room.session_id)
                room.versioned(room.journal.sequence, now)

    async def _store_version(
        self, room: Room, kind: VersionKind, author_id: str, author_name: str, label: str
    ) -> tuple[Version, bool]:
        files, sequence, now = room.files(), room.journal.sequence, self._rooms.clock()
        contributors = tuple(room.contributors)
        await self._rooms.writer.saved(room, sequence)
        share = self._settings.auto_share if kind is VersionKind.AUTO else 1
        version = Version(
            session_id=room.session_id,
            number=0,
            sequence=sequence,
            files=files,
            main_root=adopted_root(files, room.main_root),
            label=label,
            kind=kind,
            author_id=author_id,
            author_name=author_name,
            contributors=contributors,
            created_at=now,
        )
        stored = await self._store.add_version(version, int(self._settings.versions * share))
        room.versioned(sequence, now)
        return stored
