"""Lists the files of this repository, or of another folder in git, without built files."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("collab_server", "handlers", "crdt", "storage")
"""The packages of the product, each of which imports only packages after it."""
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
"""The modules of these packages."""


def files(folder: Path, *paths: str) -> list[Path]:
    """Return the files below some paths of a folder, or all its files, each as `folder / name`.

    git fails for a path that does not exist.
    """
    command = ["git", "--glob-pathspecs", "ls-files", "-z", "--cached", "--others"]
    command += ["--exclude-standard", "--error-unmatch", "--", *(paths or ["."])]
    listed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    names = {name for name in listed.split("\0") if name and not name.startswith("static/dist/")}
    return [folder / name for name in sorted(names) if (folder / name).is_file()]
