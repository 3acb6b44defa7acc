"""Check prose: `python -m tests.prose` the files in checked.txt,
`python -m tests.prose PATH...` those under paths.

Words and sentences have rules (`rules`), names must lead somewhere (`references`), and what is
public has a docstring (`docstrings`). References are looked up in all files, also in those that
checked.txt does not name yet.

Prints `file:line: what is wrong -> what to write instead`, and how much each folder has; ends with
1 if it has any. `--count` prints the counts only.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests import repository
from tests.prose import docstrings, references, rules
from tests.prose.rules import Finding

CHECKED = Path(__file__).parent / "checked.txt"
"""Files and folders without findings, one a line.
`make check` holds them there; the list only grows."""

_ENDINGS = {".py", ".md", ".ts", ".tsx", ".css", ".toml", ".cfg", ".yml", ".sh"}


def checked() -> list[str]:
    """Return the paths that are checked in full."""
    return [line for line in CHECKED.read_text().splitlines() if line and not line.startswith("#")]


def findings(paths: list[str]) -> Iterator[tuple[Path, Finding]]:
    """Yield (file, finding) of the files under paths; without paths, of all that must be right."""
    here = Path()
    for path in repository.files(here, *(paths or checked())):
        if path.suffix in _ENDINGS or path.name == "Makefile":
            yield from ((path, finding) for finding in rules.findings(path))
            yield from ((path, finding) for finding in docstrings.findings(path))
    for path in repository.files(here, *paths):
        yield from ((path, finding) for finding in references.findings(path))


def main(arguments: list[str]) -> int:
    """Print what is wrong, and where how much; return 1 if anything is."""
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
