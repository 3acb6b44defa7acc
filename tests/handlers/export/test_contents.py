"""Tests the conversion of a document's parts to files."""

import json
from typing import Any

from handlers.export.contents import as_files
from handlers.export.file_names import FileNames


def test_files_of_documents_have_endings_and_never_the_name_of_a_text() -> None:
    """XML becomes a file as it is, and maps and arrays become JSON. An omitted value has no file.

    No file gets the name of a text.
    """
    documents: dict[str, dict[str, Any]] = {
        "page": {"type": "xml", "value": "<p>é</p>", "leftOut": None},
        "tree": {"type": "map", "value": {"é": 1}, "leftOut": None},
        "large": {"type": "array", "value": None, "leftOut": "too_large"},
    }
    names = FileNames(["tree.json", "page"])

    files = as_files(names, {"tree.json": "a text", "page": "another"}, documents)

    assert files["tree.json"] == "a text"
    assert files["page"] == "another"
    assert files["page.xml"] == "<p>é</p>"
    assert json.loads(files["tree-2.json"]) == {"é": 1}
    assert len(files) == 4
    assert json.loads(names.manifest())["tree-2.json"] == "tree"
