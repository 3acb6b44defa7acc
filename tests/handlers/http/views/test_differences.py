"""Tests the views of differences for clients."""

import json
from typing import Any

from crdt.history.differences import Side
from crdt.reading.file_table import File, Naming
from crdt.text.hunks import FEW_STEPS, compare
from handlers.http.views import differences

NAMING = Naming("codemirror", "py")


def test_file_differences_mark_changes_inside_lines() -> None:
    """Changes inside a line are marked. Lines that changed as a whole have no marks."""
    listed = {"a": File("a", "a.py")}
    (shown,) = differences.file_differences(
        compare({"a": "let x = 1\n"}, {"a": "let y = 1\nnew\n"}), listed, listed
    )

    assert (shown["root"], shown["name"], shown["oldName"]) == ("a", "a.py", "a.py")
    assert shown["unified"].startswith("--- a/a.py\n+++ b/a.py\n")
    lines = {line["text"]: line for line in shown["hunks"][0]["lines"]}
    assert lines["let y = 1"]["marks"] == [(4, 5)]
    assert "marks" not in lines["new"]


def named(*names: str | None) -> dict[str, Any]:
    """Return a table with a name for each root `f-0`, `f-1` …; None is a deleted file."""
    return {
        f"f-{number}": {"name": name or "gone.py", "order": number, "deleted": name is None}
        for number, name in enumerate(names)
    }


def test_difference_shows_old_and_new_names() -> None:
    """Files that were made, renamed or deleted are listed, also if their texts are equal."""
    before = Side({"f-0": "a\n", "f-1": "b\n"}, named("a.py", "b.py"))
    after = Side({"f-0": "A\n", "f-1": "b\n"}, named("src/a.py", None, "new.py"))

    made = json.loads(
        b"{" + differences.encoded_differences(NAMING, before, after, FEW_STEPS) + b"}"
    )

    (file,) = made["files"]
    assert (file["root"], file["name"], file["oldName"]) == ("f-0", "src/a.py", "a.py")
    assert file["unified"].startswith("--- a/a.py\n+++ b/src/a.py\n")
    assert made["renamed"] == [
        {"root": "f-0", "name": "src/a.py", "oldName": "a.py"},
        {"root": "f-1", "name": None, "oldName": "b.py"},
        {"root": "f-2", "name": "new.py", "oldName": None},
    ]


def test_difference_from_empty_document_has_the_names_of_the_new_one() -> None:
    made = json.loads(
        b"{"
        + differences.encoded_differences(
            NAMING, Side({}, None), Side({"codemirror": "x"}, None), FEW_STEPS
        )
        + b"}"
    )

    assert made["files"][0]["oldName"] == made["files"][0]["name"] == "main.py"
    assert made["renamed"] == [{"root": "codemirror", "name": "main.py", "oldName": None}]


def test_encoded_difference_is_one_object() -> None:
    made = differences.encoded_difference({"from": 1}, b'"files": [], "renamed": []')

    assert json.loads(b"".join(made)) == {"from": 1, "files": [], "renamed": []}
