"""Work on whole documents: in a thread if the document is small, otherwise in a worker process.

pycrdt holds the interpreter while it loads, merges or checks a document. A pass over the document's
structs in Python also holds it most of the time. So a thread still blocks the event loop, and is
used only for work of a few milliseconds.

See docs/design/concurrency.md.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from crdt.crashmark import CrashMark
from crdt.fair_queue import Payer
from crdt.workers import Workers

SMALL_BYTES = 128 << 10
"""A document of at least this many bytes is large. A smaller one takes a thread up to 5 ms."""
_MEMORY_PER_BYTE = 50
"""Bytes of memory that a worker needs for each byte of a document.
Characters that were typed backwards, one by one, need 45 bytes."""
DEADLINE_S = 120.0
"""Seconds for work on one document. A document of 8 MiB takes up to four seconds of CPU time."""

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class DocumentWork:
    """Does work on whole documents for the rooms of one process.

    mark  names the session that native code works for
    """

    def __init__(self, workers: Workers, mark: CrashMark) -> None:
        self._workers = workers
        self.mark = mark

    def is_for_worker(self, size: int) -> bool:
        """Whether a document is large, and small enough for a worker's memory.

        size  bytes of the document
        """
        return SMALL_BYTES <= size <= self._workers.memory_bytes // _MEMORY_PER_BYTE

    async def run(
        self,
        payer: Payer,
        session_id: str,
        size: int,
        function: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
    ) -> _Result:
        """Return the result of a function; raises its errors, and `WorkError` as `Workers.run`.

        payer     the users that the work is done for
        size      bytes of the document
        function  a module's function: see `Workers.run`
        """
        # A document that is too large for a worker's memory is handled in a thread. That is slow
        # for all users, but possible.
        if self.is_for_worker(size):
            return await self.run_in_worker(payer, DEADLINE_S, function, *arguments)
        with self.mark.beside(session_id):
            return await asyncio.to_thread(function, *arguments)

    async def run_in_worker(
        self,
        payer: Payer,
        deadline_s: float,
        function: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
    ) -> _Result:
        """Do work in a worker process, even for a small document; see `run`."""
        return await self._workers.run(function, *arguments, key=payer, deadline_s=deadline_s)
