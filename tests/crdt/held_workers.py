"""Workers that wait until a test releases them, and then do their jobs in the test's process."""

import asyncio
from collections.abc import Callable
from typing import Any

from crdt.errors import WorkError, WorkTooLarge
from crdt.fair_queue import Payer
from crdt.workers import Workers


class HeldWorkers(Workers):
    """Workers that do jobs in this process as soon as `release` is set.

    steps  the last argument of each job so far
    """

    def __init__(self, refused: tuple[int, ...] = (), error: WorkError | None = None) -> None:
        """refused: the numbers of the jobs that fail, from 1; error: the error that they raise."""
        super().__init__()
        self._error = error or WorkTooLarge("the work took longer than it may")
        self.release = asyncio.Event()
        self.steps: list[int] = []
        self._refused = refused

    async def run(  # type: ignore[override]  # any function
        self, function: Callable[..., Any], *arguments: Any, key: str | Payer, deadline_s: float
    ) -> Any:
        self.steps.append(arguments[-1])
        await self.release.wait()
        if len(self.steps) in self._refused:
            raise self._error
        return function(*arguments)
