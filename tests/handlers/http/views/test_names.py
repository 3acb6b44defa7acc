"""Tests the names of files in answers."""

import re

from crdt.reading.file_table import File, Naming
from handlers.http.views.names import _SUFFIXES, file_names, naming_of, suffix_of
from tests.processes import ROOT
from tests.storage.rows import session


def test_main_file_has_the_ending_that_the_web_app_shows() -> None:
    """Endings agree with the web app's table of languages. An unknown language is plain text."""
    source = (ROOT / "static" / "src" / "lib" / "languages.ts").read_text()

    theirs = dict(re.findall(r'id: "(\w+)",\s*name: "[^"]+",\s*suffix: "(\w+)"', source))

    assert theirs == {**_SUFFIXES, "plaintext": "txt"}
    assert suffix_of("brainfuck") == "txt"


def test_naming_is_that_of_language_and_main_root() -> None:
    assert naming_of(session("s", main_root="codemirror", language="rust")) == Naming(
        "codemirror", "rs"
    )


def test_names_keep_the_order_of_files() -> None:
    assert file_names((File("f-2", "b.py"), File("f-1", "a.py", is_deleted=True))) == [
        {"root": "f-2", "name": "b.py", "deleted": False},
        {"root": "f-1", "name": "a.py", "deleted": True},
    ]
