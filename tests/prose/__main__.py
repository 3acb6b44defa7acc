"""Checks prose, as the command `python -m tests.prose [--count] [PATH...]`.

Without paths, it checks the files in checked.txt. Words and sentences must follow `rules`, names
must exist (`references`), and public code must have docstrings (`docstrings`). Without paths,
references are checked in all files.

It prints `file:line: fault -> words to write instead` for each finding, and the number of findings
in each folder. It ends with 1 if there is a finding. `--count` prints only the numbers.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests import repository
from tests.prose import docstrings, references, rules
from tests.prose.rules import Finding

CHECKED = Path(__file__).parent / "checked.txt"
"""A file with paths of files and folders that must have no findings, one in each line.
`make check` checks them, and the list only grows."""

_ENDINGS = {".py", ".md", ".ts", ".tsx", ".css", ".toml", ".cfg", ".yml", ".sh"}


def checked() -> list[str]:
    """Return the paths that are checked in full."""
    return [line for line in CHECKED.read_text().splitlines() if line and not line.startswith("#")]


def findings(paths: list[str]) -> Iterator[tuple[Path, Finding]]:
    """Yield (file, finding) for the files under `paths`, or for the files in checked.txt."""
    here = Path()
    for path in repository.files(here, *(paths or checked())):
        if path.suffix in _ENDINGS or path.name == "Makefile":
            yield from ((path, finding) for finding in rules.findings(path))
            yield from ((path, finding) for finding in docstrings.findings(path))
    for path in repository.files(here, *paths):
        yield from ((path, finding) for finding in references.findings(path))


def main(arguments: list[str]) -> int:
    """Print the findings and their number in each folder; return 1 if there are any."""
    counts: Counter[str] = Counter()
    for path, finding in findings([name for name in arguments if not name.startswith("--")]):
        counts["/".join(path.parts[:2][: max(1, len(path.parts) - 1)])] += 1
        if "--count" not in arguments:
            print(f"{path}:{finding}")
    for folder, count in sorted(counts.items()):
        print(f"{count:6} {folder}")
    return int(counts.total() > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
