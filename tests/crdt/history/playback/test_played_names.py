"""Tests of the names of files in a document that is played back."""

from typing import Any

import pycrdt

from crdt.history.playback.played_names import PlayedNames
from crdt.reading.file_table import File, Naming
from crdt.reading.text_order import TextOrder


class Played:
    """A document whose edits are played one by one."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.table = self.doc.get("files", type=pycrdt.Map)
        self.order = TextOrder()
        self.names = PlayedNames(self.order, Naming("codemirror", "py"))
        self._known = self.doc.get_state()

    def changed(self) -> list[File]:
        self.order.edits(self.doc.get_update(self._known))
        self._known = self.doc.get_state()
        return self.names.changed(self.order.touched)


def test_names_change_with_the_table_and_not_with_typing() -> None:
    played = Played()
    assert played.names.files() == (File("codemirror", "main.py"),)

    played.table["f-1"] = {"name": "a.py", "order": 1}
    assert played.changed() == [File("f-1", "a.py")]
    played.doc.get("f-1", type=pycrdt.Text).insert(0, "x")
    assert played.changed() == []
    played.table["f-1"] = {"name": "b.py", "order": 1, "deleted": True}
    assert played.changed() == [File("f-1", "b.py", is_deleted=True)]
    assert played.names.files() == (
        File("codemirror", "main.py"),
        File("f-1", "b.py", is_deleted=True),
    )


def test_new_text_without_an_entry_has_the_name_of_its_root() -> None:
    played = Played()

    played.doc.get("notes", type=pycrdt.Text).insert(0, "x")

    assert played.changed() == [File("notes", "notes")]


def test_file_whose_entry_is_removed_counts_as_deleted() -> None:
    """A file without an entry and without a text does not exist."""
    played = Played()
    played.table["f-1"] = {"name": "a.py"}
    played.changed()

    del played.table["f-1"]

    assert played.changed() == [File("f-1", "a.py", is_deleted=True)]


def test_changes_inside_an_entry_that_is_a_shared_map_are_found() -> None:
    """The entry's properties change, but the entry is not replaced."""
    played = Played()
    played.table["f-1"] = pycrdt.Map({"name": "a.py"})
    assert played.changed() == [File("f-1", "a.py")]

    played.table["f-1"]["name"] = "b.py"

    assert played.changed() == [File("f-1", "b.py")]


def test_change_of_one_name_includes_other_names_that_it_changes() -> None:
    """If two names are equal, the later one has a number until the other name is free."""
    played = Played()
    played.table["f-1"] = {"name": "a.py", "order": 1}
    played.table["f-2"] = {"name": "a.py", "order": 2}
    assert played.changed() == [File("f-1", "a.py"), File("f-2", "a 2.py")]

    played.table["f-1"] = {"name": "a.py", "order": 1, "deleted": True}

    assert played.changed() == [File("f-1", "a.py", is_deleted=True), File("f-2", "a.py")]
