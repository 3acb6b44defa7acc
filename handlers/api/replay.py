"""Handlers for a session's history: the timeline, old states of the document, and blame.

Most answers are encoded in the worker processes that compute them.
If the client disconnects, the work is stopped.
"""

from functools import partial

from crdt.history.cache import Answer
from crdt.history.playback.replay import Part
from handlers import errors
from handlers.http import queries
from handlers.http.long_work import LongWorkHandler
from handlers.http.views import code, history, timeline
from handlers.http.views.names import naming_of, suffix_of
from handlers.http.views.people import person
from storage.records import Role

_MAX_DIGITS = 16


class _PastHandler(LongWorkHandler):
    """Base of handlers that read the history."""

    async def reply_answer(self, answer: Answer, **more: object) -> None:
        """Answer with encoded JSON, the authors that it names, and further fields.

        more  the further fields
        """
        people = await self.services.store.users(set(answer.authors))
        authors = [{**person(author, people), **said} for author, said in answer.authors.items()]
        await self.reply_made(answer.text, {**more, "authors": authors})


class TimelineHandler(_PastHandler):
    """GET /code/:sessionId/timeline"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        after = self.read_query(queries.TIMELINE).get("after", 0)
        store = self.services.store
        versions = await store.versions(session.id, None, timeline.MAX_MARKS, with_files=False)
        messages = await store.messages(session.id, None, timeline.MAX_MARKS)
        runs = await store.runs(session.id, None, timeline.MAX_MARKS, with_reports=False)
        view = partial(
            timeline.timeline, after=after, versions=versions, messages=messages, runs=runs
        )
        reading = self.services.history_reader.timeline(session.id, self.me.id, view)
        await self.reply_answer(await self.while_connected(reading))


class ReplayHandler(_PastHandler):
    """GET /code/:sessionId/replay"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.REPLAY)
        start, end = query["from"], query["to"]
        if end <= start:
            raise errors.invalid({"to": ["must be greater than from"]})
        part = Part(start, end, suffix_of(session.language))
        reading = self.services.history_reader.page(session.id, self.me.id, part, history.replay)
        page, last = await self.while_connected(reading)
        reached = start + page.steps
        following = str(reached) if reached < min(end, last) else None
        await self.reply_answer(page.answer, **{"from": start}, to=reached, next=following)


class BlameHandler(_PastHandler):
    """GET /code/:sessionId/blame"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.BLAME)
        reading = self.services.history_reader.blame(
            session.id, self.me.id, query.get("root"), history.blame
        )
        root, sequence, answer = await self.while_connected(reading)
        naming = self.services.versions.outline(session.id, self.me.id, suffix_of(session.language))
        outline, _ = await self.while_connected(naming)
        # a root whose first text arrived meanwhile has no name yet
        name = next((file.name for file in outline.files if file.root == root), root)
        await self.reply_answer(answer, root=root, name=name, sequence=sequence)


class MomentHandler(LongWorkHandler):
    """GET /code/:sessionId/at/:sequence"""

    async def get(self, session_id: str, sequence: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        if len(sequence) > _MAX_DIGITS:
            raise errors.not_found("update")
        reading = self.services.history_reader.moment(
            session.id, self.me.id, int(sequence), partial(code.moment, naming_of(session))
        )
        text = await self.while_connected(reading)
        await self.reply_made(text, {"sessionId": session.id, "sequence": int(sequence)})
