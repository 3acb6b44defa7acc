"""Rules for the report of a run: its texts, and the list of its tests.

Cerberus would take 20 ms for a list of 100 tests, so the list is checked here.
"""

from collections.abc import Callable, Mapping
from typing import Any

MAX_CASES = 100
_MAX_NAME = 200
_MAX_VALUE_BYTES = 2 << 10
_TEXT = {"type": "string", "maxlength": _MAX_VALUE_BYTES}

CASE: Mapping[str, Mapping[str, Any]] = {
    "name": {"type": "string", "maxlength": _MAX_NAME, "required": True},
    "passed": {"type": "boolean", "required": True},
    "expected": _TEXT,
    "actual": _TEXT,
    "isHidden": {"type": "boolean"},
}
"""The fields of one test, for the API's description."""


def without_nul(value: object) -> object:
    """Return a value with U+2400 for each NUL in its texts, also in lists and objects.

    Programs may print NUL, but no stored text may have it. U+2400 is the picture of NUL.
    """
    if isinstance(value, str):
        return value.replace("\0", "\u2400")
    if isinstance(value, list):
        return [without_nul(part) for part in value]
    if isinstance(value, dict):
        return {name: without_nul(part) for name, part in value.items()}
    return value


def check_cases(field: str, value: object, error: Callable[[str, str], None]) -> None:
    """Report the first fault of a list of tests; a check for Cerberus."""
    if not isinstance(value, list):
        return
    for number, case in enumerate(value[:MAX_CASES], 1):
        if fault := _fault(case):
            error(field, f"test {number}: {fault}")
            return


def _fault(case: object) -> str:
    """Return the first fault of one test, "" if there is none."""
    if not isinstance(case, dict):
        return "must be an object"
    if unknown := case.keys() - CASE.keys():
        return f"{min(unknown)[:_MAX_NAME]} is not a known field"
    if not isinstance(case.get("name"), str) or not isinstance(case.get("passed"), bool):
        return "name must be a string, and passed must be true or false"
    if not isinstance(case.get("isHidden", False), bool):
        return "isHidden must be true or false"
    if len(case["name"]) > _MAX_NAME:
        return f"name may have at most {_MAX_NAME} characters"
    return _fault_of_value("expected", case) or _fault_of_value("actual", case)


def _fault_of_value(name: str, case: Mapping[str, object]) -> str:
    text = case.get(name, "")
    if not isinstance(text, str):
        return f"{name} must be a string"
    is_long = len(text.encode()) > _MAX_VALUE_BYTES
    return f"{name} may have at most {_MAX_VALUE_BYTES} bytes" if is_long else ""
