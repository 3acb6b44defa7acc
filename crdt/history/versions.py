"""Versions: snapshots of the code that users make, compare and restore."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from crdt.changing.restored_table import Listed
from crdt.changing.restored_version import RestoreTarget
from crdt.changing.whole_texts import Change, Check, WholeTexts
from crdt.document.server_edits import code_root
from crdt.errors import NoText, RoomUnavailable, VersionDamaged
from crdt.history.differences import (
    DEADLINE_S,
    Difference,
    Encode,
    changed_roots,
    compare,
)
from crdt.history.snapshot import Contents, Outline, Snapshot
from crdt.history.version_writer import VersionWriter
from crdt.lifecycle.rooms import Rooms
from crdt.reading.documents import Document
from crdt.reading.file_table import File, Naming, are_few, read_files, table_in
from crdt.room.room import Room
from crdt.workers import Workers
from storage.base import RoomStore
from storage.errors import NotFound
from storage.records import Version, VersionKind


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The result of a restore.

    version  the new version, or the newest one if the document was already equal to it
    is_new   whether the restore made a version
    others   {root: its kind} of the roots that differ and stay as they are,
             because they are not texts
    """

    version: Version
    is_new: bool
    others: dict[str, str]


@dataclass(frozen=True, slots=True)
class LiveCode:
    """A document as it is now.

    files      {root: text} of its texts
    documents  {root: its content} of its other roots
    main_root  the root whose text is the session's `code`
    sequence   log position
    newest     the newest version; None if there is none
    """

    files: dict[str, str]
    documents: dict[str, Document]
    main_root: str
    sequence: int
    newest: Version | None

    @property
    def is_saved(self) -> bool:
        """Whether the newest version is equal to the document."""
        newest = self.newest
        return (
            newest is not None and newest.files == self.files and newest.documents == self.documents
        )


class Versions:
    """Saves, compares and restores versions of sessions' documents."""

    def __init__(
        self,
        store: RoomStore,
        rooms: Rooms,
        versions: VersionWriter,
        whole_texts: WholeTexts,
        workers: Workers,
    ) -> None:
        """workers: compare texts that are too large for the event loop."""
        self._store = store
        self._rooms = rooms
        self._versions = versions
        self._whole_texts = whole_texts
        self._workers = workers

    async def save(
        self,
        session_id: str,
        user_id: str,
        user_name: str,
        *,
        code: str | None = None,
        label: str = "",
        check: Check | None = None,
    ) -> tuple[Version, bool]:
        """Store a version by hand.

        Returns (version, True), or (the newest version, False) if nothing changed since then.

        code   the main root's new text, which is set first by a small edit in this user's
               name; other clients get the edit
        check  raises if the user may not do this; called again if anything
               changed while the room loaded

        Raises the errors of `check` and `WholeTexts.edit`, NotFound, LimitReached,
        RoomDamaged or RoomUnavailable.
        """
        async with self._rooms.use(session_id, user_id) as room:
            if code is not None:
                await self._whole_texts.edit(room, user_id, partial(_with_code, room, code), check)
            elif check:
                await self._rooms.changes.read(check)
            return await self._versions.store(room, VersionKind.MANUAL, user_id, user_name, label)

    async def restore(
        self,
        session_id: str,
        user_id: str,
        user_name: str,
        number: int,
        *,
        root: str | None = None,
        check: Check | None = None,
    ) -> RestoreResult:
        """Restore the document, or one root of it, to a version, by one edit like any other.

        The table of files is restored with the document. A file that is restored alone keeps its
        present name, and is listed again if it was deleted.

        Text that is in no version yet is stored as a version first. Only texts and the table can be
        restored; the answer names the other roots that differ.

        Raises the errors of `save`, VersionDamaged, NotFound if the version or the root does not
        exist, and NoText if `root` is not a text, or if no differing root is a text.
        """
        redactions = self._redactions(session_id)  # this is read before the version
        version = await self._version(session_id, number)
        async with self._rooms.use(session_id, user_id) as room:
            target = RestoreTarget(version, root, room.main_root)
            snapshot = Snapshot(room)
            now = await snapshot.read(self._workers, user_id)
            others = {} if root is not None else changed_roots(now.documents, version.documents)
            await self._rooms.steps.load(room)
            if others and target.change(Listed(*now)).is_empty:
                raise NoText(others)
            # First the present text becomes a version, if it is in none. So a restore never loses
            # a user's work.
            label = f"Before version {number} was restored"
            await self._versions.keep(room, user_id, user_name, label)
            choose = partial(self._change, room, user_id, target, snapshot, now)
            may_restore = partial(_check_restore, room, redactions, check)
            await self._whole_texts.edit(room, user_id, choose, may_restore)
            stored, is_new = await self._versions.store(
                room, VersionKind.RESTORE, user_id, user_name, f"Version {number} restored"
            )
            return RestoreResult(stored, is_new, others)

    def _redactions(self, session_id: str) -> int:
        """Return how often text was redacted since the session was loaded.

        If text is redacted after a version was read, the version in memory still has this text, and
        a restore would bring it back. `_check_restore` then finds another count.
        """
        loaded = self._rooms.find(session_id)
        return loaded.upkeep.redactions if loaded else 0

    async def _change(
        self, room: Room, user_id: str, target: RestoreTarget, snapshot: Snapshot, now: Contents
    ) -> Change:
        """Return what a restore changes, in the turn of its edit; now: the snapshot's contents."""
        if room.journal.sequence == snapshot.sequence:
            return target.change(Listed(*now))
        # Other clients have edited since the snapshot. With the old table, a file that was made
        # meanwhile would become empty, but stay in the list of files.
        now = await Snapshot(room).read(self._workers, user_id)
        return replace(target.change(Listed(*now)), has_waited=True)

    async def end(self, session_id: str, user_id: str, user_name: str) -> int | None:
        """Store the last state of an ended session.

        Returns the number of the version with that state; None if the document is empty.

        Raises the errors of `save`. After such an error, except LimitReached, maintenance tries
        again.
        """
        async with self._rooms.use(session_id, user_id) as room:
            if room.contributions.since_version:
                version, _ = await self._versions.store(
                    room, VersionKind.FINAL, user_id, user_name, ""
                )
                return version.number
        newest = await self._store.versions(session_id, None, 1, with_files=False)
        return newest[0].number if newest else None

    async def difference(
        self, session_id: str, user_id: str, old: int, new: int | None, encode: Encode
    ) -> Difference:
        """Return the differences between two versions, or a version and the live document (None).

        Version 0 is the empty document. Raises NotFound, VersionDamaged, RoomDamaged,
        RoomUnavailable, and the errors of `Workers.run`.

        encode  compares texts and encodes the result; both take long for large texts
        """
        before = await self._contents(session_id, user_id, old)
        after = await self._contents(session_id, user_id, new)
        return await compare(self._workers, user_id, before, after, encode)

    async def _contents(self, session_id: str, user_id: str, number: int | None) -> Contents:
        """Return the contents of a version, or of the live document (None)."""
        if number is None:
            async with self._rooms.use(session_id, user_id) as room:
                snapshot = Snapshot(room)
            return await snapshot.read(self._workers, user_id)
        if number == 0:
            return Contents({}, {})
        version = await self._version(session_id, number)
        return Contents(dict(version.files or {}), dict(version.documents))

    async def _version(self, session_id: str, number: int) -> Version:
        """Return a version with its texts; raises NotFound, or VersionDamaged."""
        version = await self._store.version(session_id, number)
        if version is None:
            raise NotFound("version")
        if version.is_damaged:
            raise VersionDamaged(number)
        return version

    async def live(self, session_id: str, user_id: str) -> LiveCode:
        """Return the document as it is now.

        Raises NotFound, RoomDamaged, RoomUnavailable or WorkError.
        """
        async with self._rooms.use(session_id, user_id) as room:
            snapshot = Snapshot(room)
        files, documents = await snapshot.read(self._workers, user_id)
        newest = await self._store.newest_version(session_id)
        root = code_root(files, snapshot.main_root)
        return LiveCode(files, documents, root, snapshot.sequence, newest)

    async def files_of(
        self,
        user_id: str,
        texts: Collection[str],
        documents: Mapping[str, Document],
        naming: Naming,
    ) -> tuple[File, ...]:
        """Return the files of a version or of another document; raises WorkError.

        texts, documents  the roots that are texts, and the contents of all others
        """
        table = table_in(documents)
        if are_few(table, texts):
            return read_files(table, texts, naming)
        return await self._workers.run(
            read_files, table, tuple(texts), naming, key=user_id, deadline_s=DEADLINE_S
        )

    async def outline(self, session_id: str, user_id: str, suffix: str) -> tuple[Outline, int]:
        """Return (the document's present roots and files, its log position); raises as `live`.

        suffix  see `Naming`
        """
        async with self._rooms.use(session_id, user_id) as room:
            snapshot = Snapshot(room)
        return await snapshot.outline(self._workers, user_id, suffix), snapshot.sequence


async def _with_code(room: Room, code: str) -> Change:
    """Return the change that sets the text of the main root."""
    files = room.files()
    return Change.to({code_root(files, room.main_root): code}, files)


async def _check_restore(room: Room, redactions: int, check: Check | None) -> None:
    """Raise the errors of `check`, or RoomUnavailable if text was redacted since `redactions`."""
    if check:
        await check()
    if room.upkeep.redactions != redactions:
        raise RoomUnavailable("text was taken out of the session's past meanwhile")
