"""Tests of the entries that a restore writes into the table of files."""

from typing import Any

import pytest

from crdt.changing.restored_table import Listed, entry_brought_back, restored_entries

A, B = {"name": "a.py", "order": 1}, {"name": "b.py", "order": 2}
GONE = {**A, "deleted": True}


def listed(table: dict[str, Any] | None = None, *roots: str, kind: str = "map") -> Listed:
    """Return a document with this root `files`, and with texts."""
    documents: dict[str, Any] = {}
    if table is not None:
        documents["files"] = {"type": kind, "value": table, "leftOut": None}
    return Listed(dict.fromkeys(roots, "text"), documents)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (listed({"f": A}), listed({"f": A}), {}),
        (listed({"f": A}), listed({"f": B}), {"f": A}),
        (listed({"f": A}), listed({"f": GONE}), {"f": A}),
        (listed({"f": GONE}), listed({"f": A}), {"f": GONE}),
        (listed({"f": A}), listed(None, "f"), {"f": A}),
        (listed({"f": A}), listed({}, "f", kind="empty"), {"f": A}),
        (listed({"f": A}), listed({"f": A, "g": B}), {"g": {**B, "deleted": True}}),
        (listed({"f": A}), listed({"f": A, "g": GONE}), {}),
        (listed({"f": A}), listed({"f": A, "g": 7}), {}),
        (listed({"f": A, "g": 7}), listed({"f": A, "g": 8}), {}),
        (listed({"f": A, "g": 7}), listed({"f": A}), {}),
        (listed({"f": A, "g": 7}), listed({"f": A, "g": B}), {"g": {**B, "deleted": True}}),
        (listed({"f": A, "g": B}), listed({"f": A, "g": 7}), {"g": B}),
        (listed(None, "f"), listed({"f": A}, "f"), {"f": None}),
        (listed({"f": A}), listed({"f": A, "codemirror": B}), {"codemirror": None}),
        (listed({"f": A}), listed({"f": A}, "g"), {"g": {"name": "g", "deleted": True}}),
        (listed({"f": A}, "g"), listed({"f": A}, "g"), {}),
    ],
)
def test_restored_entries_list_files_as_in_version(
    then: Listed, now: Listed, expected: dict[str, Any]
) -> None:
    assert restored_entries(then, now, "codemirror") == expected


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (listed(None, "a"), listed(None, "a", "b")),
        (listed({"f": A}), listed({"x": 1})),
        (listed({"x": 1}), listed({"f": A})),
        (listed({"f": A}), listed(None, "files")),
        (listed(None, "files"), listed({"f": A})),
    ],
)
def test_restored_entries_of_document_without_table_are_none(then: Listed, now: Listed) -> None:
    """A document without a table gets none, and the root of another app stays as it is."""
    assert restored_entries(then, now, "codemirror") == {}


def test_unreadable_table_of_version_changes_no_names() -> None:
    """A table that was too large for a version is unknown, not empty."""
    then = Listed({}, {"files": {"type": "map", "value": None, "leftOut": "too_large"}})

    assert restored_entries(then, listed({"f": A}), "codemirror") == {}


def test_file_brought_back_keeps_name_and_other_properties() -> None:
    now = listed({"f": {**GONE, "colour": "red"}, "g": B, "h": 7})

    assert entry_brought_back("f", now) == {"f": {**A, "colour": "red"}}
    assert [entry_brought_back(root, now) for root in "gh?"] == [{}, {}, {}]
