"""Check prose: `python -m tests.prose` the files in checked.txt,
`python -m tests.prose PATH...` those under paths.

Prints `file:line: what is wrong -> what to write instead`, and how much each folder has; ends with
1 if it has any. `--count` prints the counts only.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.prose.rules import findings

CHECKED = Path(__file__).parent / "checked.txt"
"""Files and folders without findings, one a line.
`make check` holds them there; the list only grows."""

_ENDINGS = {".py", ".md", ".ts", ".tsx", ".css", ".toml", ".cfg", ".yml", ".sh"}


def checked() -> list[str]:
    """Return the paths that are checked in full."""
    return [line for line in CHECKED.read_text().splitlines() if line and not line.startswith("#")]


def files(paths: list[str]) -> list[Path]:
    """Return the files with prose among those that git knows under paths;
    git refuses a path that is not there.
    """
    command = [
        "git",
        "--glob-pathspecs",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--error-unmatch",
        "--",
        *paths,
    ]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    named = [
        Path(name) for name in sorted(set(listed)) if name and not name.startswith("static/dist/")
    ]
    return [
        path
        for path in named
        if path.is_file() and (path.suffix in _ENDINGS or path.name == "Makefile")
    ]


def main(arguments: list[str]) -> int:
    """Print what is wrong, and where how much; return 1 if anything is."""
    paths = [name for name in arguments if not name.startswith("--")]
    counts: Counter[str] = Counter()
    for path in files(paths or checked()):
        for finding in findings(path):
            counts["/".join(path.parts[:2][: max(1, len(path.parts) - 1)])] += 1
            if "--count" not in arguments:
                print(f"{path}:{finding}")
    for folder, count in sorted(counts.items()):
        print(f"{count:6} {folder}")
    return int(counts.total() > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
