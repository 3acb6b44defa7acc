"""Runs work in steps: one step in each turn of the event loop.

A step may yield a call that is then made in a thread.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from crdt.steps import Long, Steps, Worked, measured

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
        worked: Worked,
        *,
        is_long: bool,
    ) -> _Result:
        """Do work; return its result, and raise its errors.

        around   makes a context for each step
        worked   is called after each step
        is_long  whether a thread makes the calls that the work yields
        """
        answer: Any = None
        try:
            while True:
                async with self._turn:
                    try:
                        with measured(self._cpu_s, worked), around():
                            call = steps.send(answer)
                    except StopIteration as stop:
                        result: _Result = stop.value
                        return result
                    # The lock is still held here. So the next step, of this or other work, comes
                    # after the event loop has served other tasks.
                    if call is None:
                        await asyncio.sleep(0)
                answer = call and await self.call(
                    call, worked, is_long=is_long or isinstance(call, Long)
                )
        finally:
            steps.close()

    async def call(
        self, function: Callable[[], _Result], worked: Worked, *, is_long: bool
    ) -> _Result:
        """Call a function, in a thread if it takes long; return its answer, and raise its errors.

        `worked` is called in the event loop's thread.
        """
        seconds: list[float] = []

        def timed() -> _Result:
            with measured(self._cpu_s, seconds.append):
                return function()

        try:
            return await asyncio.to_thread(timed) if is_long else timed()
        finally:
            for spent_s in seconds:
                worked(spent_s)
