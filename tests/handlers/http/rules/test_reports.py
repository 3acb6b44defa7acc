"""Tests of the rules for the report of a run."""

import pytest

from handlers.http.rules.reports import MAX_CASES, check_cases, without_nul


def faults(value: object) -> list[str]:
    messages: list[str] = []
    check_cases("tests", value, lambda _, fault: messages.append(fault))
    return messages


def case(**fields: object) -> dict[str, object]:
    return {"name": "adds", "passed": True, **fields}


@pytest.mark.parametrize(
    "value",
    [
        [],
        [case()],
        [case(name="", expected="", actual="")],
        [case(name="x" * 200, expected="é" * 1_024, actual="x" * 2_048)],
        [case()] * MAX_CASES,
    ],
)
def test_list_of_good_tests_has_no_fault(value: object) -> None:
    assert faults(value) == []


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("adds", "must be an object"),
        ([], "must be an object"),
        ({"name": "adds"}, "passed must be true or false"),
        ({"passed": True}, "name must be a string"),
        (case(passed=1), "passed must be true or false"),
        (case(name=None), "name must be a string"),
        (case(name="x" * 201), "name may have at most 200 characters"),
        (case(expected=7), "expected must be a string"),
        (case(actual=None), "actual must be a string"),
        (case(expected="é" * 1_025), "expected may have at most 2048 bytes"),
        (case(actual="x" * 2_049), "actual may have at most 2048 bytes"),
        (case(hidden=True), "hidden is not a known field"),
    ],
)
def test_first_bad_test_is_named_with_its_fault(value: object, fault: str) -> None:
    (message,) = faults([case(), value, value])

    assert message.startswith("test 2: ")
    assert fault in message


@pytest.mark.parametrize("value", [None, 7, "x", {}])
def test_value_of_other_type_is_left_to_the_type_rule(value: object) -> None:
    assert faults(value) == []


def test_nul_becomes_its_picture_in_all_texts() -> None:
    given = [{"name": "a\0", "passed": True, "expected": "\0\0"}, "\0", 7, None]

    assert without_nul(given) == [
        {"name": "a\u2400", "passed": True, "expected": "\u2400\u2400"}, "\u2400", 7, None,
    ]  # fmt: skip
