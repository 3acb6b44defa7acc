"""Tests of the changes of files that are found in a log without its document."""

from typing import Any

import pycrdt
import pytest

from crdt.history.playback import file_changes
from crdt.history.playback.file_changes import FileChange, FileChanges
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse


class Logged:
    """A document, and the changes of files that are found in its updates."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.table = self.doc.get("files", type=pycrdt.Map)
        self.changes = FileChanges()
        self._known = self.doc.get_state()

    def told(self) -> list[FileChange]:
        update = self.doc.get_update(self._known)
        self._known = self.doc.get_state()
        return self.changes.take(parse(update, STORED_LIMITS))

    def type(self, root: str) -> list[FileChange]:
        self.doc.get(root, type=pycrdt.Text).insert(0, "x")
        return self.told()

    def name(self, root: str, **entry: Any) -> list[FileChange]:
        self.table[root] = entry
        return self.told()


def test_creating_renaming_and_deleting_a_file_are_found() -> None:
    """In an update, an entry that replaces another entry has no key.

    Its key is found by the replaced entry.
    """
    log = Logged()

    assert log.name("f-1", name="a.py") == [FileChange("created", "f-1", "a.py")]
    assert log.type("f-1") == []
    assert log.name("f-1", name="a.py", order=4) == []
    assert log.name("f-1", name="b.py") == [FileChange("renamed", "f-1", "b.py", "a.py")]
    assert log.name("f-1", name="b.py", deleted=True) == [FileChange("deleted", "f-1", "b.py")]
    assert log.name("f-1", name="b.py") == [FileChange("restored", "f-1", "b.py")]


def test_first_entry_of_a_file_is_a_rename_and_no_creation() -> None:
    """An entry with the file's present name is no change."""
    log = Logged()
    log.type("codemirror")
    log.type("notes")

    assert log.name("codemirror", name="main.py", order=1) == []
    assert log.name("notes", name="todo.md") == [FileChange("renamed", "notes", "todo.md")]
    assert log.name("codemirror", name="app.py") == [
        FileChange("renamed", "codemirror", "app.py", "main.py")
    ]


def test_map_that_is_no_table_has_no_changes() -> None:
    log = Logged()
    log.doc.get("board", type=pycrdt.Map)["f-1"] = {"name": "a.py"}

    assert log.told() == []
    assert log.name("f-1", title="a.py") == []


def test_memory_for_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes of entries beyond the limits are not found.

    The oldest replaced entries are forgotten.
    """
    monkeypatch.setattr(file_changes, "MAX_ENTRIES", 1)
    monkeypatch.setattr(file_changes, "_MAX_KNOWN", 3)
    log = Logged()

    assert log.name("f-1", name="a.py") != []
    assert log.name("f-2", name="b.py") == []
    for number in range(9):
        log.name("f-1", name=f"{number}.py")
    assert len(log.changes._known) == 3
