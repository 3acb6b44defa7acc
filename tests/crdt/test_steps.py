"""Tests of long work in steps that is done as a whole."""

import pytest

from crdt.errors import Rejected
from crdt.steps import run_through
from tests.crdt.stepped import counting, refused


def test_run_through_does_all_steps_in_this_thread() -> None:
    seen: list[int] = []

    assert run_through(counting(3, seen)) == "here"
    assert seen == [0, 1, 2]
    with pytest.raises(Rejected):
        run_through(refused())
