"""Looking back: the timeline, the document as it was, and blame."""

from crdt.document.server_edits import code_root
from crdt.history.timeline import Stretch
from handlers import errors
from handlers.http import queries
from handlers.http.base import BaseHandler
from handlers.http.times import rfc3339
from handlers.http.views import code, history
from handlers.http.views.code import Moment
from handlers.http.views.history import Replay, Timeline
from handlers.http.views.people import person
from storage.records import Role

_MAX_STRETCHES = 5_000
_MAX_MARKS = 1_000
_MAX_DIGITS = 16


class TimelineHandler(BaseHandler):
    """GET /code/:sessionId/timeline"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        after = self.read_query(queries.TIMELINE).get("after", 0)
        timeline = await self.services.history_reader.timeline(session.id)
        stretches = timeline.stretches
        people = await self.services.store.users({stretch.author for stretch in stretches})
        shown = [stretch for stretch in stretches if stretch.first > after][: _MAX_STRETCHES + 1]
        has_more, shown = len(shown) > _MAX_STRETCHES, shown[:_MAX_STRETCHES]
        answer: Timeline = {
            "first": rfc3339(stretches[0].at) if stretches else None,
            "last": rfc3339(stretches[-1].until) if stretches else None,
            "duration": stretches[-1].until - stretches[0].at if stretches else 0,
            "sequence": timeline.sequence,
            "authors": history.timeline_authors(stretches, people),
            "entries": [history.timeline_entry(stretch) for stretch in shown],
            "marks": await self._marks(session.id, stretches),
            "next": str(shown[-1].last) if has_more else None,
        }
        await self.reply_in_pieces(answer)

    async def _marks(self, session_id: str, stretches: list[Stretch]) -> list[history.Mark]:
        """Return versions, the newest chat messages and redactions, oldest first."""
        store = self.services.store
        versions = await store.versions(session_id, None, _MAX_MARKS, with_files=False)
        messages = await store.messages(session_id, None, _MAX_MARKS)
        return history.marks(versions, messages, stretches, _MAX_MARKS)


class ReplayHandler(BaseHandler):
    """GET /code/:sessionId/replay"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.REPLAY)
        start, end = query["from"], query["to"]
        if end <= start:
            raise errors.invalid({"to": ["must be greater than from"]})
        replayed = await self.services.history_reader.replay(session.id, start, end)
        steps, following = replayed.steps, replayed.next
        roots, authors, shown = history.replay_steps(steps, replayed.files)
        people = await self.services.store.users(set(authors))
        answer: Replay = {
            "from": start,
            "to": start + len(steps),
            "at": rfc3339(steps[0].at) if steps else None,
            "files": replayed.files,
            "roots": roots,
            "authors": [person(author, people) for author in authors],
            "steps": shown,
            "others": replayed.others,
            "next": str(following) if following is not None and following < end else None,
        }
        await self.reply_in_pieces(answer)


class BlameHandler(BaseHandler):
    """GET /code/:sessionId/blame"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.BLAME)
        root, sequence, blame = await self.services.history_reader.blame(session.id, query.get("root"))
        people = await self.services.store.users(set(history.blame_authors(blame)))
        await self.reply_in_pieces(history.blame(root, sequence, blame, people))


class MomentHandler(BaseHandler):
    """GET /code/:sessionId/at/:sequence"""

    async def get(self, session_id: str, sequence: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        if len(sequence) > _MAX_DIGITS:
            raise errors.not_found("update")
        files, documents, main_root = await self.services.history_reader.moment(session.id, int(sequence))
        answer: Moment = {
            "sessionId": session.id,
            "sequence": int(sequence),
            "code": files.get(code_root(files, main_root), ""),
            "files": files,
            "documents": code.documents(documents),
        }
        await self.reply_in_pieces(answer)
