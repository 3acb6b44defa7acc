"""Tests that hooks, git attributes and recipes for contributors agree with CONTRIBUTING.md."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

from collab_server import __version__
from tests import repository
from tests.conftest import HOT_PATH
from tests.processes import ROOT

MADE = "Made by `make format`"


def recipe(target: str) -> list[str]:
    """Return the commands of a Makefile target that the checkout's environment provides."""
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rule
    return [line.strip().removeprefix("$(BIN)/") for line in rule[1].splitlines()]


def generated() -> list[str]:
    """Return the patterns of .gitattributes for generated files."""
    lines = (ROOT / ".gitattributes").read_text().splitlines()
    return [line.split()[0] for line in lines if "linguist-generated=true" in line]


def git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def is_made(path: Path) -> bool:
    """Whether the first three lines of a file say that a program writes all of it."""
    with path.open(errors="replace") as file:
        return any(MADE in line for line in (file.readline(), file.readline(), file.readline()))


def test_commit_hooks_run_commands_of_make_check() -> None:
    """The commit hooks run the commands of `make check`, all of them and in the same order."""
    hooks = re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text())
    *first, beside_each_other = recipe("check")
    targets = re.findall(r"check-\w+", beside_each_other)
    others = [command for target in targets for command in recipe(target)]

    assert hooks == [f".venv/bin/{command}" for command in first + others]


def test_files_that_run_on_both_event_loops_exist() -> None:
    """A test file that is renamed goes on to run on both event loops."""
    names = {path.name for path in (ROOT / "tests").rglob("test_*.py")}

    assert set(HOT_PATH) <= names


def test_commit_hooks_download_nothing() -> None:
    """Each hook runs a program of the checkout, and none is taken from another repository."""
    text = (ROOT / ".pre-commit-config.yaml").read_text()

    assert re.findall(r"repo: (\S+)", text) == ["local"]
    assert set(re.findall(r"language: (\S+)", text)) == {"system"}
    assert text.count("language:") == text.count("- id:")


def test_files_made_by_a_program_are_marked_as_generated() -> None:
    """Files that a program writes are marked as generated, so that reviews fold them."""
    folders = [ROOT, ROOT / "docs", ROOT / "static" / "src"]
    made = [
        path for folder in folders for path in folder.iterdir() if path.is_file() and is_made(path)
    ]
    patterns = generated()

    assert len(made) > 3
    assert [
        path.name
        for path in made
        if not any(fnmatch(str(path.relative_to(ROOT)), pattern) for pattern in patterns)
    ] == []


def test_patterns_of_generated_files_match_something() -> None:
    """Each pattern of generated files matches a file, so no pattern has an outdated name."""
    missing = [
        pattern
        for pattern in generated()
        if not any(ROOT.glob(pattern)) and not any(ROOT.glob(f"*/{pattern}"))
    ]

    assert missing == []


def test_commits_that_blame_ignores_are_in_the_history() -> None:
    """Each commit that blame ignores is in the history under its subject.

    A rebase gives a commit another hash. The check is skipped in a copy without this history.
    """
    entries = re.findall(
        r"^# (.+)\n([0-9a-f]{40})$", (ROOT / ".git-blame-ignore-revs").read_text(), re.MULTILINE
    )
    history = dict(line.partition(" ")[::2] for line in git("log", "--format=%H %s").splitlines())
    lost = [(subject, commit) for subject, commit in entries if history.get(commit) != subject]

    assert len(entries) > 30
    if git("rev-parse", "--is-shallow-repository") == "false" and len(lost) < len(entries):
        assert lost == []


def test_tests_named_in_recipes_exist() -> None:
    """Each test that a recipe of CONTRIBUTING.md names exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text))

    assert len(named) > 10
    assert [
        (path, test) for path, test in named if f"def {test}(" not in (ROOT / path).read_text()
    ] == []
    assert [
        test
        for test in re.findall(r"`(test_\w+)`", text)
        if not any(test == name for _, name in named)
    ] == []


def test_messages_quoted_in_recipes_are_messages_of_checks() -> None:
    """The messages that recipes quote are messages of checks, because readers search for them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    checks = (ROOT / "docs" / "generate.py").read_text() + (ROOT / "tests" / "web.py").read_text()
    quoted = re.findall(r'`make check`: "([^"]+)"', text)

    assert len(quoted) > 3
    assert [
        words for words in quoted if words.partition(": ")[0] not in checks and words not in checks
    ] == []


def test_changelog_has_headings_of_keep_a_changelog() -> None:
    """New entries are under [Unreleased], and each release has a date.

    Each entry is under a heading that names its kind of change.
    """
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    first, *releases = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[
        1:
    ]

    assert first.startswith("[Unreleased]\n")
    assert releases[0].startswith(f"[{__version__}] - ")
    assert all(re.match(r"\[[\d.]+\] - \d{4}-\d\d-\d\d\n", release) for release in releases)
    for release in (first, *releases):
        outside, *groups = re.split(r"^### ", release, flags=re.MULTILINE)
        titles = [group.partition("\n")[0] for group in groups]
        assert not re.search(r"^- ", outside, re.MULTILINE), (
            "an entry has no heading such as ### Fixed"
        )
        assert set(titles) <= kinds
        assert len(titles) == len(set(titles))


def test_lines_of_documents_have_at_most_100_columns() -> None:
    """Lines of documents have at most 100 columns, as `.editorconfig` says.

    Tables, headings, blocks of code and links cannot be broken. Two pages are written by programs.
    """
    long = []
    for path in repository.files(ROOT):
        if path.suffix != ".md" or path.name in {"modules.md", "benchmarks.md"}:
            continue
        text = re.sub(r"^ *(```|~~~).*?^ *\1", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
        long += [
            f"{path.name}: {line}"
            for line in text.splitlines()
            if len(line) > 100 and not re.match(r"\s*(\||<|#|\[[^\]]+\]: )", line)
        ]

    assert long == []
