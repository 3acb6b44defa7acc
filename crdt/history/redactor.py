"""Redacts a session, also while clients have it open."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, TypeVarTuple

from crdt.document.merged_state import MergedState
from crdt.document.raw_document import merge_text
from crdt.errors import RoomUnavailable
from crdt.fair_queue import FairQueue
from crdt.history import redaction
from crdt.history.cache import HistoryCache
from crdt.history.program_tests.rules import ProgramTests
from crdt.history.redaction import Passage, RedactedIds, RedactedPrograms
from crdt.history.run_redaction import redact_runs
from crdt.history.version_redaction import Replaced, Shown, redact_versions, replacements
from crdt.lifecycle.loading import read_log
from crdt.lifecycle.rooms import Rooms
from crdt.room.incoming import server_edit
from crdt.room.room import Room
from crdt.workers import Workers
from storage.base import Store
from storage.errors import NotFound
from storage.records import Chunk

_CHUNKS_PER_READ = 2_000
_BATCH_BYTES = 256 << 10
_DEADLINE_S = 60.0
"""Seconds that one step may take in a worker process."""
_TOGETHER, _WAITING_EACH, _WAITING = 2, 4, 16
"""Limits on redactions: how many may have their logs in memory together, and how many may wait,
of one user and of all users."""
_WAIT_S = 60.0
"""Seconds that a redaction waits for its turn at most."""

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class _Target(NamedTuple):
    """The structs to redact, their session, and the user who asked for the redaction.

    programs  counts the runs and the tests that lose the text
    """

    session_id: str
    user_id: str
    text: str
    ids: RedactedIds
    programs: RedactedPrograms


@dataclass(frozen=True, slots=True)
class Redaction:
    """The numbers of changed characters (with values), updates, versions, runs and tests."""

    characters: int
    updates: int
    versions: int
    runs: int
    tests: int


class Redactor:
    """Removes texts from logs, checkpoints, versions, runs and tests of programs.

    Worker processes make the new rows, except those of runs and tests.
    """

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        program_tests: ProgramTests,
        cache: HistoryCache,
        workers: Workers,
    ) -> None:
        """cache: answers about logs, which are dropped after a redaction."""
        self._store = store
        self._program_tests = program_tests
        self._rooms = rooms
        self._cache = cache
        self._workers = workers
        self._slots = FairQueue(_TOGETHER, _WAITING_EACH, _WAITING, _WAIT_S)

    async def redact(
        self,
        session_id: str,
        user_id: str,
        passage: Passage,
        check: Callable[[], Awaitable[object]],
        programs: RedactedPrograms,
    ) -> Redaction:
        """Remove each passage or value that had a text after any of the entries of `passage`.

        All runs of the session lose the text, too, because a program may print it at any time.
        So do all tests, because they have inputs and outputs of programs. Passages that are still
        in the document are deleted there, by an edit in this user's name. The log is changed last,
        so that a call that failed halfway can be repeated.

        check     raises if the user may not do this. It is called before the search and again
                  before the changes, when no other task can replace the log
        programs  counts the runs and the tests that lose the text, also if this fails halfway

        Raises NotFound if neither the entries nor a run or test have the text, LimitReached if the
        search takes too long, the errors of `check`, RoomDamaged, RoomUnavailable,
        StoreUnavailable or WorkError.
        """
        first, last, text = passage
        async with self._rooms.use(session_id, user_id) as room, self._slots.slot(user_id):
            await check()
            await self._rooms.writer.saved(room, room.journal.sequence)
            chunks = await read_log(self._store, session_id, 0, _CHUNKS_PER_READ, until=last)
            ids = await self._work(
                user_id, redaction.find, chunks, first, last, text, redaction.BOUNDS
            )
            if not ids:
                await check()
                return await self._redact_programs_alone(session_id, text, programs)
            async with self._rooms.compactor.replacing(session_id):
                await check()
                target = _Target(session_id, user_id, text, ids, programs)
                # No other task replaces the log, the checkpoint or the state meanwhile. Otherwise a
                # checkpoint that is read before this and stored after it would restore the text.
                versions, updates = await self._take_out(room, target)
            self._cache.forget(session_id)
            await self._store.scrub()
        return _sum(sum(map(len, ids.values())), updates, versions, programs)

    async def _redact_programs_alone(
        self, session_id: str, text: str, programs: RedactedPrograms
    ) -> Redaction:
        """Remove a text that this part of the log does not have from runs and tests."""
        await self._redact_programs(session_id, text, programs)
        if not programs.runs.rows and not programs.tests.rows:
            raise NotFound("text in that part of the log")
        await self._store.scrub()
        return _sum(0, 0, 0, programs)

    async def _redact_programs(
        self, session_id: str, text: str, programs: RedactedPrograms
    ) -> None:
        """Remove a text from runs and tests, and count those that had it."""
        await redact_runs(self._store, session_id, text, programs.runs)
        await self._program_tests.redact(session_id, text, programs.tests)

    async def _take_out(self, room: Room, target: "_Target") -> tuple[int, int]:
        """Change all stored data; return changed (versions, updates)."""
        # The log is changed last, because the structs are found in it. So a call that failed
        # halfway can be repeated, and finds the text that is left.
        await self._delete(room, target)
        await self._rooms.writer.saved(room, room.journal.sequence)
        await self._replace_state(room, target)
        if not await self._rooms.compactor.checkpoint_now(room):
            raise RoomUnavailable("the checkpoint could not be replaced")
        chunks = await read_log(self._store, room.session_id, 0, _CHUNKS_PER_READ)
        await self._redact_programs(room.session_id, target.text, target.programs)
        return await self._versions(chunks, target), await self._log(chunks, target)

    async def _delete(self, room: Room, target: "_Target") -> None:
        """Delete the text that is still visible, by an edit that clients get like any other.

        Values are deleted as a whole.
        """
        room.integrate_pending()
        # The worker process merges the parts, because a large document would hold the event loop.
        update = await self._work(target.user_id, _deletion, room.document.parts(), target.ids)
        await self._rooms.steps.take_edit(room, server_edit(update, target.user_id))
        room.upkeep.redactions += 1

    async def _replace_state(self, room: Room, target: "_Target") -> None:
        """Replace the room's copy of the state.

        Updates that come in meanwhile cannot restore the text, because its structs are known.
        """
        # The worker may take seconds. If the document merges its parts meanwhile, for example for a
        # new client, the result is of parts that it no longer has. Then the worker starts again.
        while True:
            before = room.document.parts()
            after = await self._work(target.user_id, _without_text, before, target.ids, target.text)
            if after is None:
                return
            has_values = room.document.has_values
            merged = await self._work(target.user_id, MergedState, after) if has_values else None
            if room.document.replace_base(before, after, merged):
                return

    async def _versions(self, chunks: list[Chunk], target: "_Target") -> int:
        """Change the versions that show the text; return their number."""

        async def find(shown: list[Shown]) -> Sequence[Replaced | None]:
            return await self._work(
                target.user_id, replacements, shown, chunks, target.ids, target.text
            )

        return await redact_versions(self._store, target.session_id, chunks[-1].last, find)

    async def _log(self, chunks: list[Chunk], target: "_Target") -> int:
        updates = 0
        for some in _batches(chunks):
            for chunk, count in await self._work(
                target.user_id, _redacted, some, target.ids, target.text
            ):
                await self._store.replace_chunks(chunk)
                updates += count
        return updates

    async def _work(
        self, user_id: str, function: Callable[[*_Arguments], _Result], *arguments: *_Arguments
    ) -> _Result:
        return await self._workers.run(function, *arguments, key=user_id, deadline_s=_DEADLINE_S)


def _sum(characters: int, updates: int, versions: int, programs: RedactedPrograms) -> Redaction:
    return Redaction(characters, updates, versions, programs.runs.rows, programs.tests.rows)


def _batches(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Yield lists of chunks. A worker process redacts each list in one or two seconds."""
    batch, size = list[Chunk](), 0
    for chunk in chunks:
        batch.append(chunk)
        size += len(chunk.data)
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _deletion(parts: Sequence[bytes], ids: RedactedIds) -> bytes:
    """Return the update that deletes these structs from a document in parts."""
    return redaction.deletion(merge_text(parts), ids)


def _without_text(parts: Sequence[bytes], ids: RedactedIds, text: str) -> bytes | None:
    """Return the state of a document in parts, without the text; None if it lacks the text."""
    return redaction.redact(merge_text(parts), ids, text)


def _redacted(chunks: list[Chunk], ids: RedactedIds, text: str) -> list[tuple[Chunk, int]]:
    """Return (chunk without the text, number of changed entries) for each changed chunk."""
    changed = (redaction.redact_chunk(chunk, ids, text) for chunk in chunks)
    return [each for each in changed if each]
