"""Reads all runs of a session, page by page: only one page of outputs is in memory."""

from collections.abc import AsyncIterator
from typing import Protocol

from storage.runs.records import Run


class _Runs(Protocol):
    """The part of a store that lists runs, see `storage.base`."""

    async def runs(
        self, session_id: str, before: int | None, limit: int, *, with_reports: bool
    ) -> list[Run]: ...


async def pages_of_runs(store: _Runs, session_id: str, size: int) -> AsyncIterator[list[Run]]:
    """Yield the runs of a session with their reports, newest first, in lists of at most `size`."""
    before: int | None = None
    while page := await store.runs(session_id, before, size, with_reports=True):
        yield page
        before = page[-1].number
