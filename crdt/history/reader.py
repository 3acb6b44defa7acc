"""Reads a session's log again: its timeline, its replay, and the document at any past moment."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from crdt.history.blame import Blame, Question, blamed
from crdt.history.cache import Answer, Folded, HistoryCache, Page
from crdt.history.playback import replay, timeline
from crdt.history.playback.moment import Moment, moment
from crdt.history.playback.replay import PageLimits, Part, Replayed
from crdt.history.playback.stored_log import StoredLog
from crdt.history.playback.timeline import Timeline
from crdt.keyed_locks import KeyedLocks
from crdt.lifecycle.environment import Environment
from crdt.lifecycle.loading import read_log
from crdt.lifecycle.rooms import Rooms
from storage.base import Store
from storage.errors import NotFound

DEADLINE_S = 20.0
"""Seconds that one answer may take in a worker process."""
FEW_BYTES = 4 << 10
"""Bytes of a log or document for which the event loop makes the answer, in a few milliseconds."""

_CHUNKS_PER_READ = 2_000

_View = TypeVar("_View")


class HistoryReader:
    """Answers questions about logs, one at a time for each user.

    Worker processes make the answers, unless the log is short.

    A view is a module's function that makes an answer from the result. The view runs in the worker,
    so that only the answer comes back. Therefore it must be possible to pickle a view.

    cache  answers that are kept for later requests
    """

    def __init__(
        self, store: Store, rooms: Rooms, cache: HistoryCache, environment: Environment
    ) -> None:
        """cache: the cache from which `rooms` drops deleted sessions."""
        self._store = store
        self._rooms = rooms
        self.cache = cache
        self._workers = environment.workers
        self._cpu_s = environment.cpu_s
        self._locks = KeyedLocks()

    async def timeline(
        self, session_id: str, user_id: str, view: Callable[[Timeline], _View]
    ) -> _View:
        """Return a view of the session's whole timeline up to now.

        Raises NotFound, RoomDamaged, RoomUnavailable or WorkError.
        """
        await self._saved(session_id, user_id)
        async with self._locks.of(user_id):
            # The epoch is read before the log, so that a redaction in between is noticed. A slider
            # asks again and again while people type. So the timeline of an earlier request is
            # continued.
            epoch, folded = self.cache.epoch, self.cache.timeline(session_id)
            chunks = await read_log(self._store, session_id, folded.sequence, _CHUNKS_PER_READ)
            log = StoredLog(None, chunks)
            is_short = log.is_short(FEW_BYTES) and len(folded.packed) <= FEW_BYTES
            job = partial(timeline.fold, folded.packed, log, view)
            sequence, packed, answer = await self._work(user_id, job, is_short=is_short)
            self.cache.keep_timeline(session_id, Folded(sequence, packed), epoch)
            return answer

    async def moment(
        self, session_id: str, user_id: str, sequence: int, view: Callable[[Moment], _View]
    ) -> _View:
        """Return a view of the document after the log entry `sequence`; 0 is before the first one.

        Raises as `timeline`, and NotFound also for an entry that does not exist.
        """
        last, main_root = await self._saved(session_id, user_id)
        if sequence > last:
            raise NotFound("update")
        async with self._locks.of(user_id):
            log = await self._log(session_id, sequence, sequence)
            job = partial(moment, log, sequence, main_root, view)
            return await self._work(user_id, job, is_short=log.is_short(FEW_BYTES))

    async def blame(
        self, session_id: str, user_id: str, root: str | None, view: Callable[[Blame], _View]
    ) -> tuple[str, int, _View]:
        """Return (root, log position, a view of the present text's blame).

        root  the text's root; None for the session's code

        Raises as `timeline`, NotFound also for a root that does not exist, NoText for a root that
        is not a text.
        """
        async with self._locks.of(user_id):
            async with self._rooms.use(session_id, user_id) as room:
                room.integrate_pending()
                sequence, parts = room.journal.sequence, room.document.parts()
                question = Question(root, room.main_root, room.index.text_roots)
                owners, authorship = dict(room.index.owners), room.contributions.authorship
            job = partial(blamed, parts, question, owners, authorship, view)
            asked, shown = await self._work(
                user_id, job, is_short=sum(map(len, parts)) <= FEW_BYTES
            )
            return asked, sequence, shown

    async def page(
        self, session_id: str, user_id: str, part: Part, view: Callable[[Replayed], Answer]
    ) -> tuple[Page, int]:
        """Return (the changes by the entries of a part of the log, the log's last position).

        If the answer would be too long, or takes too long, it has fewer entries than requested.
        Raises as `moment`. Pages are cached.

        view  one function for all calls, because pages are cached
        """
        last, main_root = await self._saved(session_id, user_id)
        if part.start > last:
            raise NotFound("update")
        part = part._replace(end=min(part.end, last, part.start + replay.MAX_STEPS))
        async with self._locks.of(user_id):
            page = self.cache.page(session_id, part)
            if page is None:
                epoch = self.cache.epoch
                page = Page(*await self._replay(session_id, user_id, part, main_root, view))
                self.cache.keep_page(session_id, part, page, epoch)
            return page, last

    async def replay(
        self,
        session_id: str,
        user_id: str,
        start: int,
        view: Callable[[Replayed], _View],
        suffix: str = "txt",
    ) -> tuple[_View, int | None]:
        """Return (a view of the changes after `start`, the position to continue from).

        `suffix` is the ending of the main file's name, as in `Part`.
        The view has as many updates as can be read in the time of one page.
        The position is None if no updates are left. Raises as `moment`.
        """
        last, main_root = await self._saved(session_id, user_id)
        async with self._locks.of(user_id):
            made, steps = await self._replay(
                session_id, user_id, Part(start, last, suffix), main_root, view
            )
        return made, start + steps if start + steps < last else None

    async def _replay(
        self,
        session_id: str,
        user_id: str,
        part: Part,
        main_root: str,
        view: Callable[[Replayed], _View],
    ) -> tuple[_View, int]:
        log = await self._log(session_id, part.start, part.end, with_all=True)
        limits = PageLimits(replay.MAX_INSERTED, replay.MAX_EDITS, replay.MAX_SECONDS)
        job = partial(replay.replay, log, part, main_root, limits, self._cpu_s, view)
        return await self._work(user_id, job, is_short=log.is_short(FEW_BYTES))

    async def _work(self, user_id: str, job: Callable[[], _View], *, is_short: bool) -> _View:
        """Do a job here, or in a worker process if it may take long.

        Raises the job's own errors, and WorkError.
        """
        if is_short:
            return job()
        return await self._workers.run(job, key=user_id, deadline_s=DEADLINE_S)

    async def _log(
        self, session_id: str, start: int, end: int, *, with_all: bool = False
    ) -> StoredLog:
        """Return the rows for the document at `start`, and for the log from there up to `end`.

        with_all  return the log from its beginning, which has the times of all entries
        """
        checkpoint = await self._store.checkpoint(session_id)
        # A checkpoint of a later moment is useless: the document before it cannot be derived.
        if checkpoint and checkpoint.sequence > start:
            checkpoint = None
        after = checkpoint.sequence if checkpoint and not with_all else 0
        chunks = (
            await read_log(self._store, session_id, after, _CHUNKS_PER_READ, until=end)
            if after < end
            else []
        )
        return StoredLog(checkpoint, [chunk for chunk in chunks if chunk.first <= end])

    def forget(self, session_id: str) -> None:
        """Drop everything about a session that was deleted, or whose log was changed."""
        self.cache.forget(session_id)

    async def _saved(self, session_id: str, user_id: str) -> tuple[int, str]:
        """Wait until the present log is stored; return its last position, and the main root.

        No room is loaded for this.
        """
        self._rooms.check_in_service(session_id)
        if self._rooms.find(session_id) is None:
            session = await self._store.session(session_id)
            if session is None:
                raise NotFound("session")
            spans = await self._store.chunk_spans(session_id)
            return spans[-1][1] if spans else 0, session.main_root
        async with self._rooms.use(session_id, user_id) as room:
            sequence = room.journal.sequence
            await self._rooms.writer.saved(room, sequence)
            return sequence, room.main_root
