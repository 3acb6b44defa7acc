"""Tests of the stored value of a row that holds a test of a program."""

from dataclasses import replace
from typing import Any

import pytest

from storage.program_tests.contents import as_test, pack_test, plain, wanted_of
from storage.program_tests.records import Kind, Wanted
from tests.storage.rows import ODD_TEXTS, program_test

ODD = "".join(ODD_TEXTS.values())
WANTED = Wanted(Kind.FILE, ODD, "code", "in", ODD, "source")
TEST = program_test(is_hidden=True, wanted=WANTED)
ROW: dict[str, Any] = {
    "session_id": "s1",
    "position": 1,
    "is_hidden": 1,
    "created_at": TEST.created_at,
    "content": pack_test(TEST),
}


def test_test_is_read_as_it_was_packed() -> None:
    assert as_test(ROW, TEST.id) == TEST
    assert wanted_of(plain(WANTED)) == WANTED


@pytest.mark.parametrize(
    "changes",
    [
        {"content": b""},
        {"content": None},
        {"content": ROW["content"][:-1]},
        {"content": pack_test(program_test("other"))},
        {"session_id": "s2"},
        {"is_hidden": 0},
    ],
)
def test_value_that_does_not_fit_its_row_is_damaged(changes: dict[str, object]) -> None:
    assert as_test({**ROW, **changes}, TEST.id).is_damaged


def test_unreadable_description_gets_safe_values() -> None:
    """A test whose flag is lost becomes hidden, because then fewer people see it."""
    test = as_test({"session_id": "s1", "position": "x", "created_at": b""}, "t")

    assert test == replace(TEST, id="t", position=0, created_at=0, wanted=None)


def test_damaged_test_stays_damaged_when_packed() -> None:
    assert pack_test(replace(TEST, wanted=None)) == b""
