"""Long work in steps, so that the event loop can serve other clients in between.

Work is a generator. It yields None where other clients may be served. It yields a function without
arguments where a thread may do this part of the work; `yield` then returns the function's answer.
All other parts of the work run on the event loop.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Long:
    """A function that takes long even for little work, because it reads a whole document."""

    function: Callable[[], Any]

    def __call__(self) -> Any:
        return self.function()


Worked = Callable[[float], object]
"""Is called with seconds of CPU time that were spent, also if the work then failed."""

Steps = Generator[Callable[[], Any] | None, Any, _Result]


def run_through(steps: Steps[_Result]) -> _Result:
    """Do work without a break between its steps; return its result, and raise its errors."""
    answer: Any = None
    while True:
        try:
            call = steps.send(answer)
        except StopIteration as stop:
            result: _Result = stop.value
            return result
        answer = call() if call else None


@contextmanager
def measured(cpu_s: Callable[[], float], worked: Worked) -> Iterator[None]:
    """Measure a block of this thread's work, also if it fails.

    cpu_s  returns the seconds of CPU time that the calling thread has used
    """
    begun = cpu_s()
    try:
        yield
    finally:
        worked(cpu_s() - begun)
