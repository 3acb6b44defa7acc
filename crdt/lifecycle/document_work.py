"""Work on whole documents: in a thread if the document is small, else in a worker process.

pycrdt holds the interpreter while it loads, merges or checks a document, and so does each pass over its structs in
Python for most of the time. A thread helps with that for a few milliseconds only.

See docs/design/concurrency.md.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar, TypeVarTuple

from crdt.crashmark import CrashMark
from crdt.fair_queue import Payer
from crdt.steps import Steps
from crdt.workers import Workers

SMALL_BYTES = 128 << 10
"""Bytes of a document that a thread works on: some 5 ms."""
_MEMORY_PER_BYTE = 50
"""Of a document, in the process that works on it: single characters that were typed backwards take 45."""
DEADLINE_S = 120.0
"""For documents of 8 MiB it takes up to four seconds of CPU time."""

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class DocumentWork:
    """Does such work for the rooms of one process.

    mark  names the session that native code works for
    """

    def __init__(self, workers: Workers, mark: CrashMark) -> None:
        self._workers = workers
        self.mark = mark

    def is_for_worker(self, size: int) -> bool:
        """Whether a document of this size in bytes is large, and a worker has enough memory for it."""
        return SMALL_BYTES <= size <= self._workers.memory_bytes // _MEMORY_PER_BYTE

    async def run(
        self,
        payer: Payer,
        session_id: str,
        size: int,
        function: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
    ) -> _Result:
        """Return what a function returns; raises what it raises, and `WorkError` as `Workers.run`.

        payer     whose work it is
        size      bytes of the document
        function  of a module: see `Workers.run`
        """
        if self.is_for_worker(size):
            return await self.run_in_worker(payer, DEADLINE_S, function, *arguments)
        with self.mark.beside(session_id):
            return await asyncio.to_thread(function, *arguments)

    async def run_in_worker(
        self, payer: Payer, deadline_s: float, function: Callable[[*_Arguments], _Result], *arguments: *_Arguments
    ) -> _Result:
        """Do the same in a worker, however small the document is."""
        return await self._workers.run(function, *arguments, key=payer, deadline_s=deadline_s)


class StepRunner:
    """Does work in steps: one step in each turn of the event loop, whichever room it is for."""

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        """cpu_s: returns seconds of CPU time that the calling thread has used."""
        self._cpu_s = cpu_s
        self._turn = asyncio.Lock()

    async def run(
        self, steps: Steps[_Result], around: Callable[[], AbstractContextManager[None]], *, is_long: bool
    ) -> tuple[_Result, float]:
        """Do work; returns (what it returns, seconds that it took), raises what it raises.

        around   makes a context for each step
        is_long  use threads where the work offers it
        """
        answer: Any = None
        work_s = 0.0
        try:
            while True:
                async with self._turn:
                    begun = self._cpu_s()
                    try:
                        with around():
                            call = steps.send(answer)
                    except StopIteration as stop:
                        return stop.value, work_s + self._cpu_s() - begun
                    work_s += self._cpu_s() - begun
                    if call is None:
                        await asyncio.sleep(0)
                answer, call_s = await self.call(call, is_long=is_long) if call else (None, 0.0)
                work_s += call_s
        finally:
            steps.close()

    async def call(self, function: Callable[[], _Result], *, is_long: bool) -> tuple[_Result, float]:
        """Call a function, in a thread if it takes long; returns (its answer, seconds that it took)."""

        def measured() -> tuple[_Result, float]:
            begun = self._cpu_s()
            return function(), self._cpu_s() - begun

        return await asyncio.to_thread(measured) if is_long else measured()
