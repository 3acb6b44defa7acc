"""The part of a store's contract for runs. The rules of `storage.base` hold here too."""

from typing import Protocol

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
