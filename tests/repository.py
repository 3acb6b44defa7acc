"""The files of a repository: what git knows or would take, without what programs made."""

import subprocess
from pathlib import Path


def files(folder: Path, *paths: str) -> list[Path]:
    """Return the files under paths of a folder, or all of the folder, each as `folder / name`.

    git refuses a path that is not there.
    """
    command = ["git", "--glob-pathspecs", "ls-files", "-z", "--cached", "--others"]
    command += ["--exclude-standard", "--error-unmatch", "--", *(paths or ["."])]
    listed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    names = {name for name in listed.split("\0") if name and not name.startswith("static/dist/")}
    return [folder / name for name in sorted(names) if (folder / name).is_file()]
