"""The name of the main text's file."""

import re

from handlers.export.main_file import _SUFFIXES, shown_names
from tests.processes import ROOT


def test_main_file_has_the_ending_that_the_web_app_shows() -> None:
    """The table is the web app's; a language that it does not know is plain text."""
    source = (ROOT / "static" / "src" / "lib" / "languages.ts").read_text()

    theirs = dict(re.findall(r'id: "(\w+)",\s*name: "[^"]+",\s*suffix: "(\w+)"', source))

    assert theirs == {**_SUFFIXES, "plaintext": "txt"}
    assert shown_names("python") == {"codemirror": "main.py"}
    assert shown_names("brainfuck") == {"codemirror": "main.txt"}
