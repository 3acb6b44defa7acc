"""Tests of the records of runs."""

from dataclasses import FrozenInstanceError

import pytest

from storage.runs.records import Outcome, Runners
from tests.storage.rows import run


def test_words_of_records_are_those_of_the_api() -> None:
    """Rows and answers have these words, so they may not change."""
    assert [str(word) for word in Runners] == ["nobody", "editors", "all"]
    assert [str(word) for word in Outcome] == ["done", "failed", "stopped", "timeout"]


def test_run_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        run().number = 2  # type: ignore[misc]
