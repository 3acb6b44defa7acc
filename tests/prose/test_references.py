"""Tests that all references in prose exist, and that a broken reference is found."""

from pathlib import Path

import pytest

from tests import repository
from tests.processes import ROOT
from tests.prose import references
from tests.prose.references import ELSEWHERE, findings, said

WRONG = [
    ("See [the limits](docs/limit.md).", "“docs/limit.md” leads to no file"),
    ("See [above](#a-heading-that-is-gone).", "“#a-heading-that-is-gone” leads to no heading"),
    ('<img src="docs/pictures/gone.png">', "“docs/pictures/gone.png” leads to no file"),
    ("As `crdt/room/rooms.py` does.", "“crdt/room/rooms.py” is not in the repository"),
    ("It is in `roomy.py`.", "“roomy.py” is not in the repository"),
    ("See `crdt.room.roomy`.", "“crdt.room.roomy” is no module, nor a name in one"),
    ("See `crdt.room.room.Roomy`.", "“crdt.room.room.Roomy” is no module, nor a name in one"),
    ("Run `make checks`.", "“make checks” is not in the Makefile"),
    ("Run `WORKERS=3 make tests`.", "“make tests” is not in the Makefile"),
    ("It obeys COLLAB_IDLE_SECONDS.", "“COLLAB_IDLE_SECONDS” is not read"),
]
RIGHT = [
    "See [the title](#a-title), and [another site](https://example.org/no.md).",
    "As `crdt/room/room.py` and `room.py` do, like `Item.js`.",
    "See `crdt.room.room.Room`, `crdt.room` and `tests.prose`.",
    'Run `make check`, or `make test ARGS="-k chat"`; it obeys COLLAB_IDLE_S.',
]


def page(tmp_path: Path, sentence: str, name: str = "page.md") -> Path:
    path = tmp_path / name
    path.write_text(f"# A title\n\n{sentence}\n")
    return path


@pytest.mark.parametrize(("sentence", "wrong"), WRONG)
def test_name_that_leads_nowhere_is_found_with_its_line(
    tmp_path: Path, sentence: str, wrong: str
) -> None:
    """A broken reference has a finding with its line and its fault."""
    faults = {(finding.line, finding.wrong) for finding in findings(page(tmp_path, sentence))}

    assert (3, wrong) in faults


@pytest.mark.parametrize("sentence", RIGHT)
def test_name_that_exists_is_not_found(tmp_path: Path, sentence: str) -> None:
    """Existing names, names in ELSEWHERE, and addresses of other sites have no findings."""
    assert findings(page(tmp_path, sentence)) == []


def test_changelog_may_tell_of_modules_and_settings_that_are_gone(tmp_path: Path) -> None:
    """The changelog may name removed modules, but its files and links must exist."""
    told = "Remove `crdt.gone`, `make gone` and COLLAB_GONE, see `gone.py`."

    (finding,) = findings(page(tmp_path, told, "CHANGELOG.md"))

    assert finding.wrong.startswith("“gone.py”")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code.py", '"""Title.\n\nSee `gone.md`.\n"""\n'),
        ("code.py", "x = 1\n\n# see gone.md\n"),
        ("code.ts", "const x = 1\n/* see\n gone.md */\n"),
        ("code.css", "a {}\n\n/* see gone.md */\n"),
        ("Makefile", "a:\n\t# b\n# see gone.md\n"),
    ],
)
def test_comments_and_docstrings_of_code_are_read(tmp_path: Path, name: str, text: str) -> None:
    """References are checked in comments and docstrings, but not in code.

    The program may create a file that its code names.
    """
    path = tmp_path / name
    path.write_text(text)

    assert [(finding.line, finding.wrong) for finding in findings(path)] == [
        (3, "“gone.md” is not in the repository")
    ]


def test_names_in_prose_of_repository_exist() -> None:
    """Each reference in the repository's documents, comments and docstrings exists."""
    paths = repository.files(ROOT)

    assert len([path for path in paths if said(path)]) > 500
    assert [
        f"{path.relative_to(ROOT)}:{finding}" for path in paths for finding in findings(path)
    ] == []


def test_names_of_files_elsewhere_are_used() -> None:
    """Each name in ELSEWHERE is used in prose, so no unused exception stays."""
    told = "\n".join(
        line
        for path in repository.files(ROOT)
        if path != Path(references.__file__)
        for _, line in said(path)
    )

    assert [name for names in ELSEWHERE.values() for name in names if name not in told] == []
