"""Long work in steps, done as a whole."""

import threading

import pytest

from crdt.errors import Rejected
from crdt.steps import Steps, run_through


def counting(until: int, seen: list[int]) -> Steps[str]:
    for number in range(until):
        seen.append(number)
        yield None
    thread = yield threading.get_ident
    return "here" if thread == threading.get_ident() else "elsewhere"


def refused() -> Steps[None]:
    yield None
    raise Rejected("no")


def test_run_through_does_all_steps_here() -> None:
    seen: list[int] = []

    assert run_through(counting(3, seen)) == "here"
    assert seen == [0, 1, 2]
    with pytest.raises(Rejected):
        run_through(refused())
