"""Tests that pages of docs say what their reader can do.
The guide of the web app must use the words on the screens.
"""

import re
from pathlib import Path

import pytest

from tests.processes import ROOT

PAGES = sorted(
    path for path in (ROOT / "docs").glob("*.md") if path.name not in ("README.md", "modules.md")
)


def words_on_screens() -> str:
    """Return the sources of the web app and the server's messages.

    Each run of blanks is replaced by one blank.
    """
    sources = [
        path for path in (ROOT / "static" / "src").rglob("*.ts*") if ".test." not in path.name
    ]
    text = " ".join(path.read_text() for path in [*sources, ROOT / "handlers" / "errors.py"])
    return re.sub(r"\s+", " ", text)


def words_of_guide() -> set[str]:
    """Return the bold words of the guide, which are words on the screen.

    Bold words at the beginning of list items are left out.
    """
    guide = re.sub(
        r"^- \*\*.*?\.\*\*", "", (ROOT / "docs" / "guide.md").read_text(), flags=re.MULTILINE
    )
    text = re.sub(r"\s+", " ", guide)
    return set(re.findall(r"\*\*(.+?)\*\*", text)) - {"bold"}


def test_bold_words_of_guide_are_on_screens() -> None:
    """Each bold word of the guide is on a screen, so the guide must follow renamed buttons."""
    screens, guide = words_on_screens(), words_of_guide()

    assert len(guide) > 40
    assert sorted(words for words in guide if words not in screens) == []


def test_guide_names_each_state_of_saving() -> None:
    """Each word of the badge in `static/src/session/bar.tsx` has a row in the guide."""
    table = re.search(
        r"SAVE_WORDS.*?\{(.*?)\}", (ROOT / "static/src/session/bar.tsx").read_text(), re.DOTALL
    )
    assert table
    states = re.findall(r'"(.+?)"', table[1])

    assert len(states) == 4
    assert [
        state
        for state in states
        if f"| **{state}** |" not in (ROOT / "docs" / "guide.md").read_text()
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_begins_with_what_reader_can_do(page: Path) -> None:
    """The first paragraph of a page, after comments, says what its reader can do.

    The index and the list of modules are not checked, because readers only look things up there.
    """
    paragraphs = [text for text in page.read_text().split("\n\n") if not text.startswith("<!--")]

    assert paragraphs[1].startswith("After reading this page you can ")


def test_index_names_every_page() -> None:
    """docs/README.md links to each page of its folder."""
    text = (ROOT / "docs" / "README.md").read_text()

    assert [page.name for page in PAGES if f"({page.name}" not in text] == []
