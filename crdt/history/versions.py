"""Versions: snapshots of the code that people made or that typing earned."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from crdt import limits
from crdt.document.server_edits import code_root
from crdt.errors import RoomDamaged
from crdt.lifecycle.rooms import Rooms
from crdt.room.room import Room
from crdt.text.hunks import Hunk, compare
from storage.base import RoomStore
from storage.errors import LimitReached, NotFound
from storage.records import Version, VersionKind

_SMALL = 32 << 10
"""Characters that are compared at once, in some milliseconds; more are in a thread."""

_TRIES = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VersionSettings:
    """When versions are made by themselves, and how many a session may have.

    versions       how many a session may have; automatic ones make room for others, the oldest first
    auto_versions  how many automatic ones are kept
    """

    auto_pause_ms: int = int(limits.AUTO_VERSION_PAUSE_S.default * 1000)
    auto_interval_ms: int = int(limits.AUTO_VERSION_S.default * 1000)
    versions: int = limits.VERSIONS.field()
    auto_versions: int = limits.AUTO_VERSIONS.field()


class Versions:
    """Saves versions of sessions' documents."""

    def __init__(self, store: RoomStore, rooms: Rooms, settings: VersionSettings) -> None:
        self._store = store
        self._rooms = rooms
        self._settings = settings
        rooms.tender.on_tend = self.save_if_due

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

    async def restore(
        self,
        session_id: str,
        user_id: str,
        user_name: str,
        number: int,
        *,
        root: str | None = None,
        check: Callable[[], Awaitable[object]] | None = None,
    ) -> tuple[Version, bool]:
        """Bring the document back to a version, or one root of it, by one edit that editors see like any other.

        What there was and was not in a version yet becomes one first. Returns (the new version, True), or
        (the newest, False) if the document is like that already. Raises as `save` does, NotFound also
        for a version or root that there is not.
        """
        wanted = await self._store.version(session_id, number)
        if wanted is None or wanted.files is None or (root is not None and root not in wanted.files):
            raise NotFound("version" if wanted is None else "text in that version")
        async with self._rooms.use(session_id) as room:
            await self._keep(room, user_id, user_name, f"Before version {number} was restored")
            changes = -1
            while check and changes != self._rooms.changes:
                changes = self._rooms.changes
                await check()
            files = wanted.files if root is None else {root: wanted.files[root]}
            gone = dict.fromkeys(room.files(), "") if root is None else {}
            room.edit(user_id, {**gone, **files}, self._rooms.clock())
            label = f"Version {number} restored"
            return await self._store_version(room, VersionKind.RESTORE, user_id, user_name, label)

    async def end(self, session_id: str, user_id: str, user_name: str) -> None:
        """Store what an ended session ended with; raises as `save` does, and `save_if_due` tries again then."""
        async with self._rooms.use(session_id) as room:
            if room.contributions.since_version:
                await self._store_version(room, VersionKind.FINAL, user_id, user_name, "")

    async def difference(self, session_id: str, old: int, new: int | None) -> dict[str, list[Hunk]]:
        """Return {root: hunks} between two versions, or a version and the live document (None).

        Version 0 is the empty document. Raises NotFound, RoomDamaged or RoomUnavailable.
        """
        before, after = await self._files(session_id, old), await self._files(session_id, new)
        if sum(map(len, (*before.values(), *after.values()))) < _SMALL:
            return compare(before, after)
        return await asyncio.to_thread(compare, before, after)

    async def _files(self, session_id: str, number: int | None) -> Mapping[str, str]:
        if number is None:
            async with self._rooms.use(session_id) as room:
                return room.files()
        if number == 0:
            return {}
        version = await self._store.version(session_id, number)
        if version is None or version.files is None:
            raise NotFound("version")
        return version.files

    async def live(self, session_id: str) -> tuple[dict[str, str], str, int, Version | None]:
        """Return (files, main root, log position, newest version) of the document as it is now."""
        async with self._rooms.use(session_id) as room:
            files, sequence = room.files(), room.journal.sequence
        newest = await self._store.newest_version(session_id)
        return files, code_root(files, room.main_root), sequence, newest

    async def save_if_due(self, room: Room) -> None:
        """Store an automatic version when typing has paused, or went on for long enough, or everybody left."""
        made = room.contributions
        contributors = made.since_version
        if not contributors:
            return
        now = self._rooms.clock()
        has_paused = now - made.last_edit_at >= self._settings.auto_pause_ms
        if not room.is_open or has_paused or now - made.first_edit_at >= self._settings.auto_interval_ms:
            author = max(contributors, key=contributors.__getitem__)
            kind = VersionKind.AUTO if room.is_open else VersionKind.FINAL
            try:
                await self._store_version(room, kind, author, "", "")
            except LimitReached:
                made.versioned(room.journal.sequence, now)
            except RoomDamaged:
                _log.exception("session %s gets no automatic version", room.session_id)
                made.versioned(room.journal.sequence, now)

    async def _keep(self, room: Room, user_id: str, user_name: str, label: str) -> None:
        """Make a version of what is in none yet; raises LimitReached unless one more fits behind it."""
        count, automatic = await self._store.count_versions(room.session_id)
        if count - automatic >= self._settings.versions:
            raise LimitReached(f"the session has {self._settings.versions} versions")
        for _ in range(_TRIES):  # somebody may go on typing while it is stored
            if not room.contributions.since_version:
                break
            await self._store_version(room, VersionKind.AUTO, user_id, user_name, label, spare=1)

    async def _store_version(
        self, room: Room, kind: VersionKind, author_id: str, author_name: str, label: str, *, spare: int = 0
    ) -> tuple[Version, bool]:
        """spare: how many more versions must fit than this one."""
        files, sequence, now = room.files(), room.journal.sequence, self._rooms.clock()
        contributors = tuple(room.contributions.since_version)
        await self._rooms.writer.saved(room, sequence)
        version = Version(
            session_id=room.session_id,
            number=0,
            sequence=sequence,
            files=files,
            main_root=code_root(files, room.main_root),
            label=label,
            kind=kind,
            author_id=author_id,
            author_name=author_name,
            contributors=contributors,
            created_at=now,
        )
        settings = self._settings
        stored = await self._store.add_version(version, settings.versions - spare, settings.auto_versions)
        room.contributions.versioned(sequence, now)
        return stored
