"""Tests the conversion of a document's parts to files."""

import json
from typing import Any

from crdt.reading.file_table import Naming, table_in
from handlers.export.contents import as_files, endings_of, paths_of
from handlers.export.file_names import FileNames

NAMING = Naming("codemirror", "py")


def made(
    names: FileNames, texts: dict[str, str], documents: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Return the files of a document."""
    table, endings = table_in(documents), endings_of(documents)
    return as_files(paths_of(names, NAMING, table, texts, endings), texts, documents)


def test_files_of_other_roots_have_endings_and_names_of_their_own() -> None:
    """XML becomes an unchanged file, and maps and arrays become JSON.

    An omitted value has no file. No file gets the name of a text.
    """
    documents: dict[str, dict[str, Any]] = {
        "page": {"type": "xml", "value": "<p>é</p>", "leftOut": None},
        "tree": {"type": "map", "value": {"é": 1}, "leftOut": None},
        "large": {"type": "array", "value": None, "leftOut": "too_large"},
    }
    names = FileNames()

    files = made(names, {"tree.json": "a text", "page": "another"}, documents)

    assert files["tree.json"] == "a text"
    assert files["page"] == "another"
    assert files["page.xml"] == "<p>é</p>"
    assert json.loads(files["tree-2.json"]) == {"é": 1}
    assert len(files) == 4
    assert json.loads(names.manifest())["tree-2.json"] == "tree"


def test_files_have_the_names_and_folders_of_the_table_without_deleted_ones() -> None:
    """An empty text is a file, too. The table itself is no file."""
    entries = {
        "f-1": {"name": "src/a.py", "order": 2},
        "f-2": {"name": "empty.txt", "order": 1},
        "f-3": {"name": "gone.py", "order": 3, "deleted": True},
        "page": {"name": "letter", "order": 4},
    }
    documents: dict[str, dict[str, Any]] = {
        "files": {"type": "map", "value": entries, "leftOut": None},
        "page": {"type": "xml", "value": "<p>x</p>", "leftOut": None},
    }
    texts = {"codemirror": "main", "f-1": "a", "f-3": "gone"}

    assert made(FileNames(), texts, documents) == {
        "main.py": "main", "empty.txt": "", "src/a.py": "a", "page.xml": "<p>x</p>",
    }  # fmt: skip


def test_paths_stay_in_their_folder() -> None:
    texts = {"../../up": "1", "/etc/passwd": "2", "..": "3"}

    assert made(FileNames(), texts, {}) == {
        "up": "1", "etc/passwd": "2", "(no name)": "3",
    }  # fmt: skip
