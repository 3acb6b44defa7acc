"""Runs work in steps: one step in each turn of the event loop.

A step may yield a call that is then made in a thread.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from crdt.steps import Long, Steps

_Result = TypeVar("_Result")


class StepRunner:
    """Does work in steps. In each turn of the event loop it does one step of all work together.

    With one step for each piece of work, ten large updates of ten rooms would hold the event loop
    ten times as long.
    """

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        """cpu_s: returns seconds of CPU time that the calling thread has used."""
        self._cpu_s = cpu_s
        self._turn = asyncio.Lock()

    async def run(
        self,
        steps: Steps[_Result],
        around: Callable[[], AbstractContextManager[None]],
        *,
        is_long: bool,
    ) -> tuple[_Result, float]:
        """Do work; return (its result, the seconds that it took), and raise its errors.

        around   makes a context for each step
        is_long  make the calls that the work yields in a thread
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
                    # The lock is still held here. So the next step, of this or other work, comes
                    # after the event loop has served other tasks.
                    if call is None:
                        await asyncio.sleep(0)
                answer, call_s = (
                    await self.call(call, is_long=is_long or isinstance(call, Long))
                    if call
                    else (None, 0.0)
                )
                work_s += call_s
        finally:
            steps.close()

    async def call(
        self, function: Callable[[], _Result], *, is_long: bool
    ) -> tuple[_Result, float]:
        """Call a function, in a thread if it takes long; return (its answer, seconds of work)."""

        def measured() -> tuple[_Result, float]:
            begun = self._cpu_s()
            return function(), self._cpu_s() - begun

        return await asyncio.to_thread(measured) if is_long else measured()
