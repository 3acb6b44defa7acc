"""Rules for the tests of a session's programs.

Members that are not staff learn nothing of hidden tests, not even how many there are. So all that
such a member can see or use up is counted without hidden tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crdt.history.program_tests.redaction import redact_tests
from crdt.history.program_tests.staff import is_staff
from crdt.history.redaction import RedactedRows
from crdt.keyed_locks import KeyedLocks
from crdt.limits import TESTS, LimitCounters
from crdt.storage_quota import StorageQuota
from storage.base import Store
from storage.errors import LimitReached, NotFound, RowDamaged
from storage.program_tests.records import ProgramTest, Wanted
from storage.records import Member, Session

MAX_VALUE_BYTES = 16 << 10
"""Most UTF-8 bytes of a test's input. Its expected output may have as many."""
MAX_SOURCE_BYTES = 64 << 10
"""Most UTF-8 bytes of a file of assertions."""
MAX_TESTS_BYTES = 1 << 20
"""Most UTF-8 bytes of all open tests of a session together. All hidden tests together may have as
many. So making a list of tests takes the event loop some 10 ms at most."""


class ProgramTests:
    """Stores and lists the tests of sessions."""

    def __init__(
        self, store: Store, storage_quota: StorageQuota, counters: LimitCounters, most: int
    ) -> None:
        """most: how many open tests a session may have, and as many hidden ones."""
        self._store = store
        self._quota = storage_quota
        self._counters = counters
        self._most = most
        self._locks = KeyedLocks()

    async def seen_by(self, member: Member) -> list[ProgramTest]:
        """Return the tests of a member's session that this member may know of, in order."""
        return await self._store.program_tests(member.session_id, with_hidden=is_staff(member))

    async def one(self, member: Member, test_id: str) -> ProgramTest:
        """Return a test; raises NotFound if there is none that the member may know of."""
        for test in await self.seen_by(member):
            if test.id == test_id:
                return test
        raise NotFound("test")

    async def add(self, session: Session, test: ProgramTest) -> None:
        """Store a test behind the session's other tests.

        Raises LimitReached if the session has too many or too large tests, QuotaReached if its
        owner has no storage left, NotFound if it is gone, or StoreUnavailable.
        """
        await self._quota.require_bytes(session.owner_id)
        async with self._locks.of(session.id):
            await self._require_room(test)
            await self._store.add_program_test(test)

    async def change(
        self, session: Session, member: Member, test_id: str, changes: Mapping[str, Any]
    ) -> tuple[ProgramTest, ProgramTest]:
        """Change fields of a test; return (the test before, the test now).

        changes  {field of `Wanted`, or is_hidden: its new value}

        Raises the errors of `add`, and NotFound if the member may not know of such a test. Raises
        RowDamaged for a damaged test if the changes do not say what kind of test it becomes.
        """
        await self._quota.require_bytes(session.owner_id)
        async with self._locks.of(session.id):
            before = await self.one(member, test_id)
            said = {name: value for name, value in changes.items() if name != "is_hidden"}
            is_hidden = changes.get("is_hidden", before.is_hidden)
            test = replace(before, is_hidden=is_hidden, wanted=_changed(before.wanted, said))
            await self._require_room(test)
            await self._store.change_program_test(test)
        return before, test

    async def delete(self, member: Member, test_id: str) -> ProgramTest:
        """Delete a test and return it; raises NotFound if the member may not know of it."""
        async with self._locks.of(member.session_id):
            test = await self.one(member, test_id)
            await self._store.delete_program_test(test.session_id, test.id)
        return test

    async def order(self, member: Member, ids: Sequence[str]) -> list[ProgramTest]:
        """Bring tests into the order of `ids`; return the moved tests that others should know of.

        The named tests share the places that they have now. All others keep theirs, so a member
        that knows no hidden tests does not move any.

        Raises NotFound if the member may not know of one of these tests.
        """
        async with self._locks.of(member.session_id):
            seen = {test.id: test for test in await self.seen_by(member)}
            if not seen.keys() >= set(ids):
                raise NotFound("test")
            places = sorted(seen[test_id].position for test_id in ids)
            moved = {
                test_id: place
                for test_id, place in zip(ids, places, strict=True)
                if seen[test_id].position != place
            }
            await self._store.order_program_tests(member.session_id, moved)
        return _news(seen, moved)

    async def redact(self, session_id: str, text: str, redacted: RedactedRows) -> None:
        """Remove a text from all tests of a session, and count those that had it in `redacted`.

        No test is changed meanwhile. Otherwise a change could bring the text back, or be lost: a
        test that was just hidden would be open again.
        """
        async with self._locks.of(session_id):
            await redact_tests(self._store, session_id, text, redacted)

    async def _require_room(self, test: ProgramTest) -> None:
        """Raise LimitReached unless a test may be stored with the others."""
        # An open test is counted without the hidden ones, so they need not be read for it.
        stored = await self._store.program_tests(test.session_id, with_hidden=test.is_hidden)
        alike = [
            other for other in stored if other.is_hidden == test.is_hidden and other.id != test.id
        ]
        kind = "hidden" if test.is_hidden else "open"
        if len(alike) >= self._most:
            self._counters.count(TESTS)
            raise LimitReached(f"a session may have at most {self._most} {kind} tests")
        if _size(test.wanted) + sum(_size(other.wanted) for other in alike) > MAX_TESTS_BYTES:
            raise LimitReached(f"all {kind} tests may have at most {MAX_TESTS_BYTES} bytes")


def _changed(wanted: Wanted | None, said: Mapping[str, Any]) -> Wanted | None:
    """Return the content of a test with some changed fields; `wanted` is None if it is damaged."""
    if wanted is None:
        if not said:
            return None
        if "kind" not in said:
            raise RowDamaged("the other fields of the test are not known")
        # The fields of a damaged test are lost. Fields that the caller does not give are empty.
        wanted = Wanted(said["kind"], "", "")
    return replace(wanted, **said)


def _news(seen: Mapping[str, ProgramTest], moved: Mapping[str, int]) -> list[ProgramTest]:
    """Return the moved tests, without open tests that only passed hidden ones.

    For a member that knows no hidden tests, such a move changes nothing. A note about it would show
    this member that there are hidden tests.

    seen   {id: test before the move}, in order
    moved  {id: its new position}
    """
    after = sorted(seen, key=lambda test_id: (moved.get(test_id, seen[test_id].position), test_id))
    before_open, after_open = (
        [test_id for test_id in ids if not seen[test_id].is_hidden] for ids in (seen, after)
    )
    tests = [seen[test_id] for test_id in moved]
    return [test for test in tests if test.is_hidden or before_open != after_open]


def _size(wanted: Wanted | None) -> int:
    """Return about how many bytes a test has."""
    if wanted is None:
        return 0
    texts = wanted.name, wanted.root, wanted.input, wanted.expected, wanted.source
    return sum(len(text.encode()) for text in texts)
