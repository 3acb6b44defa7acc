"""Tests of edits that change texts and the table of files by one update."""

from typing import Any

import pycrdt

from crdt.document.editing.table_edits import edit_copy_and_table
from crdt.document.merging import EMPTY
from crdt.document.view import TextCopy
from crdt.text.text_diff import MAX_STEPS
from crdt.wire.update_parser import parse


class Client:
    """A client with two files."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=7)
        self.table = self.doc.get("files", type=pycrdt.Map)
        self.text = self.doc.get("f-1", type=pycrdt.Text)
        self.table["f-1"] = {"name": "a.py", "order": 1}
        self.table["f-2"] = {"name": "b.py", "order": 2}
        self.text.insert(0, "é😀 text")

    def copy(self) -> TextCopy:
        return TextCopy(bytes(self.doc.get_update()), frozenset(), needs_copy=False)

    def edited(self, files: dict[str, str], entries: dict[str, Any]) -> bytes:
        """Apply an edit, and return its update."""
        update = edit_copy_and_table(self.copy(), files, entries, 9, MAX_STEPS)
        self.doc.apply_update(update)
        return update


def test_edit_changes_texts_and_table_by_one_update() -> None:
    client = Client()

    update = client.edited({"f-1": "é TEXT"}, {"f-1": {"name": "c.py"}, "f-2": None})

    assert str(client.text) == "é TEXT"
    assert client.table.to_py() == {"f-1": {"name": "c.py"}}
    assert [client for client, *_ in parse(update).sections] == [9]


def test_edit_of_table_alone_makes_one_update_and_no_edit_makes_none() -> None:
    client = Client()

    client.edited({}, {"f-3": {"name": "new", "order": 1.5, "deleted": True, "own": [1, None]}})
    update = client.edited({}, {"never": None})

    assert client.table["f-3"] == {"name": "new", "order": 1.5, "deleted": True, "own": [1, None]}
    assert update == EMPTY


def test_edit_keeps_text_and_entries_written_meanwhile() -> None:
    """The update names structs, so text and entries that came after the copy stay."""
    client = Client()
    copy = client.copy()
    client.text.insert(0, "mine ")
    client.table["f-4"] = {"name": "late"}

    entries = {"f-1": {"name": "c.py"}}
    client.doc.apply_update(edit_copy_and_table(copy, {"f-1": "é😀"}, entries, 9, MAX_STEPS))

    assert str(client.text) == "mine é😀"
    assert client.table["f-1"] == {"name": "c.py"}
    assert client.table["f-4"] == {"name": "late"}
