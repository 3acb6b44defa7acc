"""Rules for tests of programs: the fields of a test, and a list of ids of tests."""

from collections.abc import Callable, Mapping
from typing import Any

from crdt.history.program_tests.rules import MAX_SOURCE_BYTES, MAX_VALUE_BYTES
from crdt.limits import MAX_NAME_BYTES
from handlers.http.rules.reports import without_nul
from storage.program_tests.records import Kind

MAX_IDS = 2_000
_ID: Mapping[str, Any] = {"type": "string", "maxlength": 64}


def _bounded(most: int) -> dict[str, Any]:
    """Return the rules of a text of at most `most` UTF-8 bytes. NUL is replaced by `␀` (U+2400)."""

    def check(field: str, value: object, error: Callable[[str, str], None]) -> None:
        if isinstance(value, str) and len(value.encode()) > most:
            error(field, f"may have at most {most} bytes")

    return {"type": "string", "coerce": without_nul, "maxlength": most, "check_with": check}


def _check_ids(field: str, value: object, error: Callable[[str, str], None]) -> None:
    """Report the first fault of a list of ids. It may have each id only once.

    Rules of Cerberus for the items would take 20 ms for 200 ids.
    """
    if not isinstance(value, list):
        return
    if not all(isinstance(text, str) and len(text) <= _ID["maxlength"] for text in value):
        error(field, "must be a list of ids")
    elif len(set(value)) != len(value):
        error(field, "may have each id only once")


FIELDS: Mapping[str, Mapping[str, Any]] = {
    "kind": {"type": "string", "allowed": [str(word) for word in Kind]},
    "root": {"type": "string", "maxlength": MAX_NAME_BYTES},
    "input": _bounded(MAX_VALUE_BYTES),
    "expected": _bounded(MAX_VALUE_BYTES),
    "source": _bounded(MAX_SOURCE_BYTES),
    "isHidden": {"type": "boolean"},
}
"""The fields of a test, except its name."""

IDS: Mapping[str, Any] = {
    "type": "list",
    "maxlength": MAX_IDS,
    "check_with": _check_ids,
    "meta": {"item": _ID},
}
