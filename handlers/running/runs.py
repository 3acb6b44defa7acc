"""Handlers for the runs of a session: report one, read and list them.

Programs run in the browsers of members, so a run is a claim of its user's browser.
"""

from collections.abc import Mapping
from typing import Any

from handlers import errors, ids
from handlers.http import notifications, queries, schemas
from handlers.http.base import BaseHandler
from handlers.http.views import runs
from handlers.http.views.runs import OneRun, Runs
from storage.records import Role
from storage.runs.records import CaseResult, Outcome, Run, RunReport

_BODY_BYTES = 4 << 20
"""Bytes of a body. In JSON, one character that a program prints may take six bytes."""
_MAX_DIGITS = 9


class RunsHandler(BaseHandler):
    """POST, GET /session/:id/runs"""

    body_bytes = _BODY_BYTES

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.RUN)
        session, member = await self.member(session_id, Role.VIEWER, writes=True)
        services, now = self.services, self.services.clock()
        services.runs.check_allowed(session, member.role)
        if wait := services.limiters.runs.wait_s(self.me.id):
            raise errors.rate_limited(wait, "Too many runs in a short time.")
        given = Run(
            session_id=session.id,
            number=0,
            id=ids.new_sortable_id(services.random_bytes, now),
            user_id=self.me.id,
            user_name=self.me.username,
            sequence=0,
            outcome=Outcome(body["outcome"]),
            created_at=now,
            report=_report(body),
        )
        stored = await services.runs.add(session, given, body.get("sequence"))
        services.connections.tell(session.id, notifications.of_run(stored.number))
        answer: OneRun = {"run": runs.run(stored, {self.me.id: self.me})}
        self.reply(answer, 201)

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.RUNS)
        page, has_more = await self.services.runs.page(
            session.id, query.get("before"), query["limit"]
        )
        people = await self.services.store.users({run.user_id for run in page})
        answer: Runs = {
            "runs": [runs.run(run, people) for run in page],
            "next": page[-1].number if has_more else None,
        }
        await self.reply_to_members(answer)


class RunHandler(BaseHandler):
    """GET /session/:id/runs/:number"""

    async def get(self, session_id: str, number: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        found = None
        if len(number) <= _MAX_DIGITS:
            found = await self.services.store.run(session.id, int(number))
        if found is None:
            raise errors.not_found("run")
        if found.is_damaged:
            raise errors.damaged(f"Run {found.number}")
        people = await self.services.store.users([found.user_id])
        answer: OneRun = {"run": runs.run(found, people)}
        await self.reply_to_members(answer)


def _report(body: Mapping[str, Any]) -> RunReport:
    """Return the report in a checked body."""
    cases = tuple(
        CaseResult(case["name"], case["passed"], case.get("expected"), case.get("actual"))
        for case in body.get("tests", ())
    )
    return RunReport(
        root=body["root"],
        language=body["language"],
        name=body.get("name", ""),
        stdin=body.get("stdin", ""),
        stdout=body["stdout"],
        stderr=body["stderr"],
        exit=body["exit"],
        ms=body["ms"],
        is_cut=body.get("isCut", False),
        cases=cases,
    )
