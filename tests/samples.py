"""Finds the blocks of code in documents, which tests run.

A test takes a block by its page and its beginning: `sample("README.md", "make run")`. Both are
literals in the call, so that `tests/test_samples_are_run.py` can find blocks that no test takes.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

from tests import repository
from tests.processes import ROOT

_FENCED = re.compile(r"^( *)(```+|~~~+)[^\n`]*\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^ *(?:```|~~~)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """A block of code.

    page  its document's path in the repository
    line  number of the block's first line
    text  the text between the fences
    """

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text.strip().partition(chr(10))[0]}"

    def begins(self, page: str, beginning: str) -> bool:
        """Whether this block is on the page and has the beginning, ignoring its indentation."""
        return self.page == page and self.text.lstrip().startswith(beginning)


def samples() -> list[Sample]:
    """Return the blocks of all documents of the repository."""
    return [
        sample
        for path in repository.files(ROOT)
        if path.suffix == ".md"
        for sample in samples_of(str(path.relative_to(ROOT)), path.read_text())
    ]


def samples_of(page: str, text: str) -> list[Sample]:
    """Return the blocks of a document.

    Raises: `ValueError` if a fence is not closed.
    """
    samples = [
        Sample(page, text.count("\n", 0, match.start(3)) + 1, dedent(match[3]))
        for match in _FENCED.finditer(text)
    ]
    if open_fence := _FENCE.search(_FENCED.sub("", text)):
        raise ValueError(f"{page}: the fence {open_fence[0]!r} has no end")
    return samples


def sample(page: str, beginning: str) -> str:
    """Return the text of the only block of a page that has the beginning.

    Raises: `ValueError` if no block or more than one block has it.
    """
    blocks = [
        block.text
        for block in samples_of(page, (ROOT / page).read_text())
        if block.begins(page, beginning)
    ]
    if len(blocks) != 1:
        raise ValueError(f"{len(blocks)} blocks of {page} begin with {beginning!r}")
    return blocks[0]


def taken() -> Iterator[tuple[str, str]]:
    """Yield (page, beginning) of each call of `sample` in tests."""
    for path in repository.files(ROOT, "tests"):
        if path.suffix != ".py" or "sample(" not in (text := path.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(
                    func=ast.Name(id="sample"),
                    args=[ast.Constant(value=str(page)), ast.Constant(value=str(beginning))],
                ):
                    yield page, beginning
