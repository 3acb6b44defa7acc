"""The part of a store's contract for tests of programs. The rules of `storage.base` hold here."""

from collections.abc import Mapping
from typing import Protocol

from storage.program_tests.records import ProgramTest


class ProgramTestStore(Protocol):
    """Tests of a session's programs. The caller decides who may know of hidden ones."""

    async def add_program_test(self, test: ProgramTest) -> None:
        """Store a test at the end of the session's tests; its `position` is ignored.

        Raises NotFound if the session is gone.
        """

    async def program_tests(
        self, session_id: str, *, with_hidden: bool = True
    ) -> list[ProgramTest]:
        """Return all tests of a session, in order.

        with_hidden  whether hidden tests are returned, too. Without it, their contents are not read
        """

    async def change_program_test(self, test: ProgramTest) -> None:
        """Replace a test's content, and whether it is hidden; the test keeps its place.

        Raises NotFound if the test is gone.
        """

    async def delete_program_test(self, session_id: str, test_id: str) -> None:
        """Delete a test; no effect if it is gone."""

    async def order_program_tests(self, session_id: str, positions: Mapping[str, int]) -> None:
        """Give some tests of a session the positions of {id: position}."""
