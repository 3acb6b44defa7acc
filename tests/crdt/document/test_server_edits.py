"""Tests of edits that the server makes in the name of a user."""

import pytest

from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.document.server_edits import ServerEdits, code_root
from crdt.structs.struct_index import StructIndex
from crdt.wire.update_parser import parse


class Edited:
    """A document that the server edits, with client ids from a list."""

    def __init__(self, *client_ids: int) -> None:
        self.document, self.index = Document(), StructIndex()
        self._ids = list(client_ids)
        self._edits = ServerEdits(self.document, self.index, self._random_below)

    def _random_below(self, _: int) -> int:
        return self._ids.pop(0) - 1

    def edit(self, user_id: str, text: str) -> set[int]:
        """Make an edit, and return the client ids in its update."""
        update = self._edits.update(user_id, {"codemirror": text})
        parsed = parse(update)
        self.index.take_stored(parsed, user_id, self.document.apply)
        return set(parsed.spans)


def test_update_uses_one_client_id_for_a_user() -> None:
    edited = Edited(7, 8)

    assert [edited.edit("ada", "a"), edited.edit("bob", "ab"), edited.edit("ada", "abc")] == [
        {7},
        {8},
        {7},
    ]
    assert edited.document.texts(["codemirror"]) == {"codemirror": "abc"}


def test_update_avoids_client_ids_of_other_users() -> None:
    """A client id that later came to belong to another user is not used again."""
    edited = Edited(7, 7, 8, 9)
    edited.edit("ada", "a")

    assert edited.edit("bob", "ab") == {8}
    edited.index.owners[8] = "eve"
    assert edited.edit("bob", "abc") == {9}


def test_update_of_equal_text_is_empty() -> None:
    edits = ServerEdits(Document(), StructIndex(), lambda _: 6)

    assert edits.update("ada", {"codemirror": ""}) == EMPTY


@pytest.mark.parametrize(
    ("files", "root"),
    [
        ({}, "codemirror"),
        ({"codemirror": "x", "monaco": "y"}, "codemirror"),
        ({"codemirror": "", "monaco": "y"}, "monaco"),
        ({"codemirror": "", "monaco": "y", "quill": "z"}, "codemirror"),
        ({"codemirror": "", "monaco": ""}, "codemirror"),
    ],
)
def test_code_root_is_only_other_root_with_text(files: dict[str, str], root: str) -> None:
    """The main root has the code, unless it is empty and exactly one other root has text."""
    assert code_root(files, "codemirror") == root
