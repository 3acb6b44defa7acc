"""Versions: snapshots of the code that people make, compare and restore."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from crdt.document.server_edits import code_root
from crdt.history.version_writer import VersionWriter
from crdt.lifecycle.rooms import Rooms
from crdt.text.hunks import Hunk, compare
from storage.base import RoomStore
from storage.errors import NotFound
from storage.records import Version, VersionKind

_SMALL = 32 << 10
"""Characters that are compared at once, in some milliseconds; more are in a thread."""


class Versions:
    """Saves versions of sessions' documents."""

    def __init__(self, store: RoomStore, rooms: Rooms, versions: VersionWriter) -> None:
        self._store = store
        self._rooms = rooms
        self._versions = versions

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
            if check:
                await self._rooms.changes.read(check)
            if code is not None:
                room.edit_text(user_id, code, self._rooms.clock())
            return await self._versions.store(room, VersionKind.MANUAL, user_id, user_name, label)

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
        target = await self._store.version(session_id, number)
        if target is None or target.files is None or (root is not None and root not in target.files):
            raise NotFound("version" if target is None else "text in that version")
        async with self._rooms.use(session_id) as room:
            await self._versions.keep(room, user_id, user_name, f"Before version {number} was restored")
            if check:
                await self._rooms.changes.read(check)
            files = target.files if root is None else {root: target.files[root]}
            gone = dict.fromkeys(room.files(), "") if root is None else {}
            room.edit(user_id, {**gone, **files}, self._rooms.clock())
            label = f"Version {number} restored"
            return await self._versions.store(room, VersionKind.RESTORE, user_id, user_name, label)

    async def end(self, session_id: str, user_id: str, user_name: str) -> int | None:
        """Store what an ended session ended with; return the number of the version that has it, None if all is empty.

        Raises as `save` does, and maintenance tries again then, but not after LimitReached.
        """
        async with self._rooms.use(session_id) as room:
            if room.contributions.since_version:
                version, _ = await self._versions.store(room, VersionKind.FINAL, user_id, user_name, "")
                return version.number
        newest = await self._store.versions(session_id, None, 1, with_files=False)
        return newest[0].number if newest else None

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
