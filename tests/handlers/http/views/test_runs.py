"""Tests of answers with runs."""

from dataclasses import replace

from handlers.http.views.runs import run
from storage.checksums import damaged_run
from tests.storage.rows import report, user
from tests.storage.rows import run as record

PEOPLE = {"u-ada": user(username="Ada")}


def test_run_has_every_field_of_its_report() -> None:
    shown = run(replace(record(), number=3), PEOPLE)

    assert shown == {
        "number": 3,
        "user": {"id": "u-ada", "username": "Ada", "avatar": None, "guest": False},
        "root": "code",
        "name": "main.py",
        "language": "python",
        "stdin": "5\n",
        "stdout": "1\n",
        "stderr": "warning\n",
        "exit": 0,
        "outcome": "done",
        "ms": 12,
        "isCut": True,
        "tests": [
            {"name": "adds", "passed": True, "expected": "3", "actual": "3"},
            {"name": "fails", "passed": False},
        ],
        "sequence": 7,
        "at": "2096-10-02T07:06:40.000Z",
    }


def test_results_of_hidden_tests_are_only_for_staff() -> None:
    tests = run(record(), PEOPLE, for_staff=True)["tests"]

    hidden = {"name": "overflows", "passed": False, "expected": "0", "actual": "-1"}
    assert tests == [*run(record(), PEOPLE)["tests"], {**hidden, "isHidden": True}]


def test_run_of_unknown_user_has_name_of_that_time() -> None:
    assert run(record(), {})["user"]["username"] == "Ada"
    assert run(record(user_name=""), {})["user"]["username"] == "deleted user"


def test_damaged_run_has_its_number_and_no_texts() -> None:
    shown = run(damaged_run("s1", 3), PEOPLE)

    assert (shown["number"], shown["damaged"]) == (3, True)
    assert (shown["stdout"], shown["root"], shown["exit"], shown["tests"]) == ("", "", None, [])
    assert "damaged" not in run(record(report=report()), PEOPLE)
