"""Tests of the rules for tests of programs."""

import pytest

from handlers.http.rules.program_tests import FIELDS, IDS


def faults(rules, value: object) -> list[str]:
    messages: list[str] = []
    rules["check_with"]("field", value, lambda _, fault: messages.append(fault))
    return messages


@pytest.mark.parametrize("value", [[], ["a"], ["a", "b"], ["x" * 64]])
def test_list_of_different_ids_has_no_fault(value: object) -> None:
    assert faults(IDS, value) == []


@pytest.mark.parametrize("value", [["a", "a"], [1], [None], [["a"]], ["x" * 65]])
def test_list_with_other_values_has_a_fault(value: object) -> None:
    assert len(faults(IDS, value)) == 1


def test_text_is_measured_in_bytes() -> None:
    assert faults(FIELDS["input"], "é" * 8_192) == []
    assert faults(FIELDS["input"], "é" * 8_193) == ["may have at most 16384 bytes"]
