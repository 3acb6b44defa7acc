"""The part of a store's contract for programs: runs of them, and tests.

The rules of `storage.base` hold for these methods too.
"""

from collections.abc import Mapping
from typing import Protocol

from storage.program_tests.records import ProgramTest
from storage.runs.records import Run


class RunStore(Protocol):
    """What members' browsers reported about the programs that they ran."""

    async def add_run(self, run: Run, limit: int) -> Run:
        """Store a run under the session's next number, and return it with this number.

        limit  how many runs a session keeps; the oldest runs are dropped

        Raises NotFound if the session is gone.
        """

    async def run(self, session_id: str, number: int) -> Run | None:
        """Return one run with its report."""

    async def runs(
        self, session_id: str, before: int | None, limit: int, *, with_reports: bool
    ) -> list[Run]:
        """Return runs with numbers below `before`, newest first."""

    async def redact_run(self, run: Run) -> None:
        """Replace the report of a stored run; no effect if it no longer exists.

        A run without a report is stored as damaged.
        """


class ProgramTestStore(Protocol):
    """Tests of a session's programs. Whoever calls it decides who may know of hidden ones."""

    async def add_program_test(self, test: ProgramTest) -> None:
        """Store a test at the end of the session's tests; its `position` is ignored.

        Raises NotFound if the session is gone.
        """

    async def program_tests(self, session_id: str) -> list[ProgramTest]:
        """Return all tests of a session, in order."""

    async def change_program_test(self, test: ProgramTest) -> None:
        """Replace what a test says and whether it is hidden; it keeps its place.

        Raises NotFound if the test is gone.
        """

    async def delete_program_test(self, session_id: str, test_id: str) -> None:
        """Delete a test; no effect if it is gone."""

    async def order_program_tests(self, session_id: str, positions: Mapping[str, int]) -> None:
        """Give some tests of a session the positions of {id: position}."""
