"""Tests commits that are made in separate steps, as worker processes do."""

import subprocess
from pathlib import Path
from typing import Any

from crdt.reading.file_table import Naming
from handlers.export.file_names import MANIFEST, FileNames
from handlers.export.git_repo import Progress, Snapshot, begin, bundle, commit


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def test_commits_follow_each_other_into_the_bundle(tmp_path: Path) -> None:
    """Each commit opens the repository again, and keeps the file names of the first commit."""
    folder, clone = tmp_path / "repo", str(tmp_path / "clone")
    folder.mkdir()
    progress = Progress(FileNames(), Naming("codemirror", "py"))
    for number, text in enumerate(("one\n", "two\n")):
        shown = Snapshot(
            {"a/b": text}, {}, b"Ada <ada@x>", 1_000 * (number + 1), f"Number {number}\n"
        )
        progress = commit(str(folder), progress, shown)
    assert progress.parent
    path = bundle(str(folder), progress.parent)

    git("clone", "--quiet", str(path), clone)
    git("-C", clone, "fsck", "--strict")
    assert git("-C", clone, "log", "--format=%an|%at|%cn|%s").splitlines() == [
        "Ada|2|collab-server|Number 1", "Ada|1|collab-server|Number 0",
    ]  # fmt: skip
    assert git("-C", clone, "show", "HEAD~1:a/b") == "one\n"
    assert git("-C", clone, "show", "HEAD:a/b") == "two\n"


def table(**names: tuple[str, bool]) -> dict[str, Any]:
    """Return the documents of a version with a table of files: {root: (name, is deleted)}."""
    entries = {
        root: {"name": name, "order": 1, "deleted": is_deleted}
        for root, (name, is_deleted) in names.items()
    }
    return {"files": {"type": "map", "value": entries, "leftOut": None}}


def test_renamed_file_is_renamed_in_history_and_deleted_file_is_removed(tmp_path: Path) -> None:
    folder, clone = tmp_path / "repo", str(tmp_path / "clone")
    folder.mkdir()
    texts = {"codemirror": "", "r": "a long text\n" * 20, "s": "x\n"}
    tables = [
        table(r=("old.py", False), s=("s.py", False)),
        table(r=("src/new.py", False), s=("s.py", False)),
        table(r=("src/new.py", False), s=("s.py", True)),
    ]
    progress = begin(Naming("codemirror", "py"), texts, tables[-1])
    for number, documents in enumerate(tables):
        shown = Snapshot(texts, documents, b"Ada <ada@x>", 1_000 * number, f"Number {number}\n")
        progress = commit(str(folder), progress, shown)
    assert progress.parent
    git("clone", "--quiet", str(bundle(str(folder), progress.parent)), clone)

    changes = git("-C", clone, "log", "--reverse", "--format=", "--name-status", "-M100%")
    assert [line.split("\t") for line in changes.splitlines() if MANIFEST not in line] == [
        ["A", "main.py"], ["A", "old.py"], ["A", "s.py"],
        ["R100", "old.py", "src/new.py"],
        ["D", "s.py"],
    ]  # fmt: skip
