"""Looking back: the timeline, and the document as it was."""

from collections import Counter

from crdt.document.server_edits import adopted_root
from crdt.history.timeline import Stretch
from handlers import errors
from handlers.http import views
from handlers.http.base import BaseHandler
from handlers.times import rfc3339
from storage.records import Role

_MAX_STRETCHES = 5_000
_MAX_MARKS = 1_000
_MAX_SEQUENCE = 1 << 53
_MAX_DIGITS = 16


class TimelineHandler(BaseHandler):
    """GET /code/:sessionId/timeline"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        after = self.query_int("after", 0, _MAX_SEQUENCE) or 0
        timeline = await self.services.past.timeline(session.id)
        stretches = timeline.stretches
        inserted, deleted = Counter[str](), Counter[str]()
        for one in stretches:
            inserted[one.author] += one.inserted
            deleted[one.author] += one.deleted
        people = await self.services.store.users(set(inserted))
        shown = [one for one in stretches if one.first > after][: _MAX_STRETCHES + 1]
        has_more, shown = len(shown) > _MAX_STRETCHES, shown[:_MAX_STRETCHES]
        self.reply(
            {
                "first": rfc3339(stretches[0].at) if stretches else None,
                "last": rfc3339(stretches[-1].until) if stretches else None,
                "duration": stretches[-1].until - stretches[0].at if stretches else 0,
                "sequence": timeline.sequence,
                "authors": [
                    {**views.person(one, people), "inserted": inserted[one], "deleted": deleted[one]}
                    for one in inserted
                ],
                "entries": [views.stretch(one) for one in shown],
                "marks": await self._marks(session.id, stretches),
                "next": str(shown[-1].last) if has_more else None,
            }
        )

    async def _marks(self, session_id: str, stretches: list[Stretch]) -> list[dict[str, object]]:
        """Return versions, the newest chat messages and redactions, oldest first."""
        store = self.services.store
        versions = await store.versions(session_id, None, _MAX_MARKS, with_files=False)
        messages = await store.messages(session_id, None, _MAX_MARKS)
        marks: list[tuple[int, dict[str, object]]] = [
            (
                one.created_at,
                {"kind": one.kind, "version": one.number, "label": one.label, "sequence": one.sequence},
            )
            for one in versions
        ]
        marks += [(one.created_at, {"kind": "chat", "id": one.id, "author": one.sender_id}) for one in messages]
        redacted = [one for one in stretches if one.redacted][-_MAX_MARKS:]
        marks += [(one.at, {"kind": "redacted", "sequence": one.last, "author": one.author}) for one in redacted]
        marks.sort(key=lambda mark: mark[0])
        return [{"at": rfc3339(at), **mark} for at, mark in marks]


class ReplayHandler(BaseHandler):
    """GET /code/:sessionId/replay"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        start = 0 if self.get_query_argument("from", "") == "0" else self.query_int("from", 0, _MAX_SEQUENCE) or 0
        end = self.query_int("to", _MAX_SEQUENCE, _MAX_SEQUENCE) or _MAX_SEQUENCE
        if end <= start:
            raise errors.invalid({"to": ["must be greater than from"]})
        files, steps, following = await self.services.past.replay(session.id, start, end)
        authors = {author: number for number, author in enumerate(dict.fromkeys(one.author for one in steps))}
        roots = {root: number for number, root in enumerate({**files, **{e[0]: 0 for one in steps for e in one.edits}})}
        people = await self.services.store.users(set(authors))
        times = [one.at for one in steps]
        self.reply(
            {
                "from": start,
                "to": start + len(steps),
                "at": rfc3339(times[0]) if times else None,
                "files": files,
                "roots": list(roots),
                "authors": [views.person(one, people) for one in authors],
                "steps": [
                    [one.at - before, authors[one.author], [[roots[root], *edit] for root, *edit in one.edits]]
                    for before, one in zip([*times[:1], *times], steps, strict=False)
                ],
                "next": str(following) if following is not None and following < end else None,
            }
        )


class BlameHandler(BaseHandler):
    """GET /code/:sessionId/blame"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        root, sequence, blame = await self.services.past.blame(session.id, self.get_query_argument("root", None))
        authors = dict.fromkeys(run.author for run in blame.runs)
        people = await self.services.store.users(set(authors))
        self.reply(
            {
                "root": root,
                "sequence": sequence,
                "authors": [views.person(one, people) for one in authors],
                "lines": [
                    {
                        "line": number,
                        "text": line.text,
                        "author": line.author,
                        "at": rfc3339(line.at) if line.at is not None else None,
                    }
                    for number, line in enumerate(blame.lines, 1)
                ],
                "runs": [
                    {"start": run.start, "length": run.length, "author": run.author, "at": rfc3339(run.at)}
                    for run in blame.runs
                ],
            }
        )


class MomentHandler(BaseHandler):
    """GET /code/:sessionId/at/:sequence"""

    async def get(self, session_id: str, sequence: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        if len(sequence) > _MAX_DIGITS:
            raise errors.not_found("update")
        files, main_root = await self.services.past.files(session.id, int(sequence))
        self.reply(
            {
                "sessionId": session.id,
                "sequence": int(sequence),
                "code": files.get(adopted_root(files, main_root), ""),
                "files": files,
            }
        )
