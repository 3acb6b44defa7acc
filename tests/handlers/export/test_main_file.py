"""Tests the file name of the main text."""

import re

from handlers.export.main_file import _SUFFIXES, shown_names
from tests.processes import ROOT


def test_main_file_has_the_ending_that_the_web_app_shows() -> None:
    """Endings agree with the web app's table of languages. An unknown language is plain text."""
    source = (ROOT / "static" / "src" / "lib" / "languages.ts").read_text()

    theirs = dict(re.findall(r'id: "(\w+)",\s*name: "[^"]+",\s*suffix: "(\w+)"', source))

    assert theirs == {**_SUFFIXES, "plaintext": "txt"}
    assert shown_names("python") == {"codemirror": "main.py"}
    assert shown_names("brainfuck") == {"codemirror": "main.txt"}
