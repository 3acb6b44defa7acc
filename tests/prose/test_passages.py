"""Tests that prose is found in documents, docstrings and comments, with its line numbers."""

import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.prose.__main__ import checked, main
from tests.prose.passages import of_hashes, of_markdown, of_python, of_slashes
from tests.prose.sentences import sentences


def test_markdown_gives_paragraphs_items_headings_and_cells() -> None:
    """Each of them is a separate passage.

    Blocks of code, HTML comments and code in tables are left out.
    """
    text = """# A title

A paragraph
on two lines.
- an item
- another one,
  continued

```sh
make run  # not prose
```

    indented code

<!-- a
comment -->
| cell | `a | b` |
|---|---|
> quoted
"""

    passages = [
        (passage.lines[0][0], " ".join(line for _, line in passage.lines))
        for passage in of_markdown(text)
    ]

    assert [(number, line) for number, line in passages if line.strip("-")] == [
        (1, "A title"),
        (3, "A paragraph on two lines."),
        (5, "an item"),
        (6, "another one, continued"),
        (17, "cell"),
        (17, " `x`".strip()),
        (19, "quoted"),
    ]


def test_python_gives_comments_and_docstrings() -> None:
    """Docstrings after constants are found too. Other strings and `noqa` comments are not prose."""
    text = '''"""A module.

It has two paragraphs.
"""

# A comment
# on two lines.
LIMIT = 5  # a remark
"""Seconds to wait."""
value = "a text"  # noqa: S105
'''

    passages = [
        (passage.lines[0][0], " ".join(line for _, line in passage.lines))
        for passage in of_python(text)
    ]

    assert sorted(passages) == [
        (1, "A module."),
        (3, "It has two paragraphs."),
        (6, "A comment on two lines."),
        (8, "a remark"),
        (9, "Seconds to wait."),
    ]


def test_docstring_gives_texts_of_fields_and_no_drawings() -> None:
    """In a line `name  text`, the text is prose; a drawing with lines or arrows is not prose."""
    text = '"""Title.\n\nname    the text of it\n\nclient → room\n"""\n'

    assert [passage.lines for passage in of_python(text)] == [
        ((1, "Title."),),
        ((3, "the text of it"),),
    ]


def test_typescript_and_settings_give_comments() -> None:
    """Both kinds of TypeScript's comments are found; the `//` of an address is not a comment."""
    script = "/** Says so. */\nconst a = 'https://x' // why\n"

    assert sorted(passage.lines for passage in of_slashes(script)) == [
        ((1, "Says so."),),
        ((2, "why"),),
    ]
    assert [passage.lines for passage in of_hashes("make: x ## build it\n")] == [((1, "build it"),)]


def test_sentence_knows_the_lines_of_its_characters() -> None:
    """A finding names the line of its word, not the first line of the paragraph."""
    (passage,) = of_markdown(
        "One ends. Two begins\nhere with `a b` and [a link](x.md), e.g. this.\n"
    )

    first, second = sentences(passage)

    assert first.text == "One ends."
    assert second.text == "Two begins here with `x` and a link, e.g. this."
    assert (second.lines[0], second.lines[second.text.index("here")], second.lines[-1]) == (1, 2, 2)
    assert second.words() == 10


def test_checked_files_exist_and_are_named_once() -> None:
    """The paths in checked.txt are sorted, and all of them exist.

    A missing path would check nothing.
    """
    paths = checked()

    assert paths == sorted(set(paths))
    assert [name for name in paths if not any(ROOT.glob(name))] == []


@pytest.mark.parametrize(("text", "code"), [("Released again.\n", 0), ("Released at once.\n", 1)])
def test_command_prints_findings_and_fails_if_there_are_any(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    code: int,
) -> None:
    """The command prints `file:line: fault -> words to write instead`, and a count per folder."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(text)
    monkeypatch.chdir(tmp_path)

    assert main(["docs"]) == code
    assert capsys.readouterr().out == (
        "docs/page.md:1: “at once” -> immediately, or together\n     1 docs\n" if code else ""
    )
