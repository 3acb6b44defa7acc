"""Handlers for the runs of a session: report one, read and list them.

Programs run in the browsers of members, so a run is a claim of its user's browser.
"""

from collections.abc import Mapping
from typing import Any

from crdt.history.program_tests.staff import is_staff
from handlers import errors, ids
from handlers.http import notifications, queries, schemas
from handlers.http.base import BaseHandler
from handlers.http.views import runs
from handlers.http.views.runs import OneRun, Runs
from storage.records import Role, Session
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
        services = self.services
        services.runs.check_allowed(session, member.role)
        if _has_hidden(body) and not is_staff(member):
            raise errors.forbidden("Only the owner of the session may have hidden tests.")
        if wait := services.limiters.runs.wait_s(self.me.id):
            raise errors.rate_limited(wait, "Too many runs in a short time.")
        run = new_run(self, session, Outcome(body["outcome"]), _report(body))
        stored = await store_run(self, session, run, body.get("sequence"))
        shown = runs.run(stored, {self.me.id: self.me}, for_staff=is_staff(member))
        answer: OneRun = {"run": shown}
        self.reply(answer, 201)

    async def get(self, session_id: str) -> None:
        session, member = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.RUNS)
        page, has_more = await self.services.runs.page(
            session.id, query.get("before"), query["limit"]
        )
        people = await self.services.store.users({run.user_id for run in page})
        answer: Runs = {
            "runs": [runs.run(run, people, for_staff=is_staff(member)) for run in page],
            "next": page[-1].number if has_more else None,
        }
        await self.reply_to_members(answer)


class RunHandler(BaseHandler):
    """GET /session/:id/runs/:number"""

    async def get(self, session_id: str, number: str) -> None:
        session, member = await self.member(session_id, Role.VIEWER)
        run = None
        if len(number) <= _MAX_DIGITS:
            run = await self.services.store.run(session.id, int(number))
        if run is None:
            raise errors.not_found("run")
        if run.is_damaged:
            raise errors.damaged(f"Run {run.number}")
        people = await self.services.store.users([run.user_id])
        answer: OneRun = {"run": runs.run(run, people, for_staff=is_staff(member))}
        await self.reply_to_members(answer)


def new_run(handler: BaseHandler, session: Session, outcome: Outcome, report: RunReport) -> Run:
    """Return a run of the request's user, before it has a number and a log position."""
    services, user = handler.services, handler.me
    now = services.clock()
    return Run(
        session_id=session.id,
        number=0,
        id=ids.new_sortable_id(services.random_bytes, now),
        user_id=user.id,
        user_name=user.username,
        sequence=0,
        outcome=outcome,
        created_at=now,
        report=report,
    )


async def store_run(handler: BaseHandler, session: Session, run: Run, sequence: int | None) -> Run:
    """Store a run, tell open pages of it, and return it; the errors are those of `Runs.add`."""
    stored = await handler.services.runs.add(session, run, sequence)
    handler.services.connections.tell(session.id, notifications.of_run(stored.number))
    return stored


def _report(body: Mapping[str, Any]) -> RunReport:
    """Return the report in a checked body."""
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
        cases=_results(body, are_hidden=False),
        hidden=_results(body, are_hidden=True),
    )


def _has_hidden(body: Mapping[str, Any]) -> bool:
    return any(case.get("isHidden", False) for case in body.get("tests", ()))


def _results(body: Mapping[str, Any], *, are_hidden: bool) -> tuple[CaseResult, ...]:
    return tuple(
        CaseResult(case["name"], case["passed"], case.get("expected"), case.get("actual"))
        for case in body.get("tests", ())
        if case.get("isHidden", False) is are_hidden
    )
