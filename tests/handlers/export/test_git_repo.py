"""Tests commits that are made one by one, as in worker processes."""

import subprocess
from pathlib import Path

from handlers.export.file_names import FileNames
from handlers.export.git_repo import Progress, Snapshot, bundle, commit


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def test_commits_follow_each_other_into_the_bundle(tmp_path: Path) -> None:
    """Each commit opens the repository again, and keeps the file names of the first commit."""
    folder, clone = tmp_path / "repo", str(tmp_path / "clone")
    folder.mkdir()
    progress = Progress(FileNames(["a/b"]))
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
    assert git("-C", clone, "show", "HEAD~1:a%2Fb") == "one\n"
    assert git("-C", clone, "show", "HEAD:a%2Fb") == "two\n"
