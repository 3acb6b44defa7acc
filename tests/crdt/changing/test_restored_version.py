"""Tests what a restore of a version, or of one file of it, changes in a document."""

from typing import Any

import pytest

from crdt.changing.restored_table import Listed
from crdt.changing.restored_version import RestoreTarget
from crdt.errors import NoText
from storage.errors import NotFound
from storage.records import Version, VersionKind

A = {"name": "a.py"}
DRAWING = {"type": "map", "value": {"size": 3}, "leftOut": None}


def table(entries: dict[str, Any]) -> dict[str, Any]:
    """Return the documents of a session that has only this table of files."""
    return {"files": {"type": "map", "value": entries, "leftOut": None}}


def target(root: str | None = None, **documents: Any) -> RestoreTarget:
    """Return a restore of a version with the text `a`, and with other roots."""
    version = Version(
        "one", 1, 1, {"a": "old"}, "a", "", VersionKind.MANUAL, "ada", "Ada", (), 0,
        documents=documents,
    )  # fmt: skip
    return RestoreTarget(version, root, "a")


def test_change_of_all_roots_empties_and_deletes_new_files() -> None:
    now = Listed({"a": "new", "b": "late"}, table({"a": A, "b": {"name": "b.py"}}))
    change = target(**table({"a": A})).change(now)
    assert change.texts == {"a": "old", "b": ""}
    assert change.entries == {"b": {"name": "b.py", "deleted": True}}


def test_change_of_one_root_leaves_the_others_and_lists_the_file() -> None:
    now = Listed({"a": "new", "b": "late"}, table({"a": {**A, "deleted": True}}))
    change = target("a", **table({"a": A})).change(now)
    assert (change.texts, change.entries) == ({"a": "old"}, {"a": A})


@pytest.mark.parametrize("root", [None, "a"])
def test_change_to_the_present_document_is_empty(root: str | None) -> None:
    assert target(root).change(Listed({"a": "old"}, {})).is_empty


def test_target_of_a_root_that_is_no_text_is_refused() -> None:
    with pytest.raises(NoText):
        target("drawing", drawing=DRAWING)
    with pytest.raises(NotFound):
        target("b")
