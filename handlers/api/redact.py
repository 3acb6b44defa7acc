"""Lets an owner remove a secret from a session's history."""

from crdt.history.program_tests.staff import staff_of
from crdt.history.redaction import MAX_SPAN, Passage, RedactedPrograms, RedactedRows
from handlers import errors
from handlers.http import notifications, schemas
from handlers.http.base import BaseHandler
from handlers.http.views.code import Redaction
from storage.records import Role


class RedactHandler(BaseHandler):
    """POST /code/:sessionId/redact"""

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.REDACT)
        session, _ = await self.member(session_id, Role.OWNER)
        first, last = body["from"], body["to"]
        if last < first:
            raise errors.invalid({"to": ["may not be less than from"]})
        if last - first >= MAX_SPAN:
            raise errors.invalid({"to": [f"may be at most {MAX_SPAN - 1:,} more than from"]})
        if wait := self.services.limiters.saves.wait_s(session.id):
            raise errors.rate_limited(wait, "Too many redactions in a short time.")
        passage, programs = Passage(first, last, body["text"]), RedactedPrograms()
        try:
            done = await self.services.redactor.redact(
                session.id,
                self.me.id,
                passage,
                lambda: self.member(session.id, Role.OWNER),
                programs,
            )
        finally:
            # A redaction that failed halfway may have changed runs and tests, too. The next call
            # does not find them any more, so pages would not be told of them later.
            await self._tell(session.id, notifications.RUNS_CHANGED, programs.runs)
            await self._tell(session.id, notifications.TESTS_CHANGED, programs.tests)
        answer: Redaction = {
            "from": first,
            "to": last,
            "characters": done.characters,
            "updates": done.updates,
            "versions": done.versions,
            "runs": done.runs,
            "tests": done.tests,
        }
        self.reply(answer)

    async def _tell(self, session_id: str, note: bytes, redacted: RedactedRows) -> None:
        """Tell open pages to read runs or tests again, which still show the removed text.

        If only hidden tests had it, then only staff are told, because others know none of them.
        """
        connections = self.services.connections
        if redacted.open_rows:
            connections.tell(session_id, note)
        elif redacted.rows:
            staff = staff_of(await self.services.store.members(session_id))
            connections.tell_users(session_id, staff, note)
