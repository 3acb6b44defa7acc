"""Handlers for the tests of a session's programs: list, add, change, order and delete them.

Only staff know of hidden tests. To all others, a hidden test looks like one that does not exist.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from crdt.history.program_tests.staff import is_staff, staff_of
from handlers import errors, ids
from handlers.http import notifications, schemas
from handlers.http.base import BaseHandler
from handlers.http.views.programs import program_tests as views
from handlers.http.views.programs.program_tests import OneProgramTest, ProgramTests
from storage.program_tests.records import Kind, ProgramTest, Wanted
from storage.records import Member, Role, Session

_BODY_BYTES = 1 << 20
"""Bytes of a body. In JSON, one character may take six bytes."""


class _TestsHandler(BaseHandler):
    """Base of handlers for tests."""

    body_bytes = _BODY_BYTES

    async def writer(self, session_id: str, body: Mapping[str, Any]) -> tuple[Session, Member]:
        """Return the session and the caller's membership if they may send this change.

        Raises ApiError 403 if only staff may, and 429 if there are too many changes.
        """
        session, member = await self.member(session_id, Role.EDITOR, writes=True)
        if body.get("isHidden") and not is_staff(member):
            raise errors.forbidden("Only the owner of the session may have hidden tests.")
        if wait := self.services.limiters.tests.wait_s(self.me.id):
            raise errors.rate_limited(wait, "Too many changes to tests in a short time.")
        return session, member

    async def tell(self, session_id: str, changed: Iterable[bool]) -> None:
        """Tell open pages to read the tests again.

        changed  for each changed test, whether it was hidden, and whether it is hidden now. If all
                 of these are true, only staff are told
        """
        connections, flags = self.services.connections, set(changed)
        if False in flags:
            connections.tell(session_id, notifications.TESTS_CHANGED)
        elif flags:
            staff = staff_of(await self.services.store.members(session_id))
            connections.tell_users(session_id, staff, notifications.TESTS_CHANGED)


class ProgramTestsHandler(_TestsHandler):
    """GET, POST /session/:id/tests"""

    async def get(self, session_id: str) -> None:
        _, member = await self.member(session_id, Role.VIEWER)
        await reply_tests(self, member)

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.NEW_TEST)
        session, _ = await self.writer(session_id, body)
        now = self.services.clock()
        test = ProgramTest(
            session_id=session.id,
            id=ids.new_sortable_id(self.services.random_bytes, now),
            position=0,
            is_hidden=body.get("isHidden", False),
            created_at=now,
            wanted=Wanted(**_said(body)),
        )
        await self.services.program_tests.add(session, test)
        await self.tell(session.id, [test.is_hidden])
        answer: OneProgramTest = {"test": views.program_test(test)}
        self.reply(answer, 201)


class ProgramTestHandler(_TestsHandler):
    """PATCH, DELETE /session/:id/tests/:testId"""

    async def patch(self, session_id: str, test_id: str) -> None:
        body = self.read(schemas.TEST)
        session, member = await self.writer(session_id, body)
        changes = _said(body)
        if "isHidden" in body:
            changes["is_hidden"] = body["isHidden"]
        tests = self.services.program_tests
        before, test = await tests.change(session, member, test_id, changes)
        await self.tell(session.id, [before.is_hidden, test.is_hidden])
        answer: OneProgramTest = {"test": views.program_test(test)}
        self.reply(answer)

    async def delete(self, session_id: str, test_id: str) -> None:
        session, member = await self.writer(session_id, {})
        test = await self.services.program_tests.delete(member, test_id)
        await self.tell(session.id, [test.is_hidden])
        self.set_status(204)
        self.finish()


class OrderHandler(_TestsHandler):
    """POST /session/:id/tests/order"""

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.TEST_ORDER)
        session, member = await self.writer(session_id, {})
        moved = await self.services.program_tests.order(member, body["ids"])
        await self.tell(session.id, [test.is_hidden for test in moved])
        await reply_tests(self, member)


async def reply_tests(handler: BaseHandler, member: Member) -> None:
    """Answer with the tests that a member may know of."""
    tests = await handler.services.program_tests.seen_by(member)
    answer: ProgramTests = {
        "tests": [views.program_test(test) for test in tests],
        "isStaff": is_staff(member),
    }
    # Not compressed. Otherwise a person who adds open tests could guess the texts of hidden ones
    # from the size of the answer.
    await handler.reply_in_pieces(answer)


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a checked body that are fields of `Wanted`."""
    said = {name: value for name, value in body.items() if name != "isHidden"}
    return {**said, "kind": Kind(said["kind"])} if "kind" in said else said
