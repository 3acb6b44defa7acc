"""Tests of answers with tests of programs."""

from handlers.http.views.programs.program_tests import program_test
from tests.storage.rows import program_test as record


def test_test_has_every_field() -> None:
    assert program_test(record(is_hidden=True)) == {
        "id": "t-adds",
        "kind": "case",
        "name": "adds",
        "root": "code",
        "input": "1 2\n",
        "expected": "3\n",
        "source": "",
        "isHidden": True,
    }


def test_damaged_test_has_only_its_id_and_flag() -> None:
    shown = program_test(record(wanted=None))

    assert shown["damaged"]
    assert (shown["id"], shown["name"], shown["isHidden"]) == ("t-adds", "", False)
