"""Finds the prose of a file: paragraphs of documents, docstrings and comments, with line numbers.

It leaves out blocks of code in documents, drawings, and instructions to tools such as `noqa`.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Lines = list[tuple[int, str]]

_DIRECTIVE = re.compile(r"#+\s*(noqa|type:|fmt:|pragma|mypy:|ruff:|!|-\*-)")
_ITEM = re.compile(r"(?:[-*+]|\d+\.) +")
_DRAWING = re.compile(r"[│─└├┌┐┘→]|-{2,}|={2,}|^>>>|\S {2,}\S")
_SLASHES = {".ts", ".tsx", ".css", ".js", ".mjs"}


_MAX_SUMMARY = 114
"""The most characters of a docstring's first sentence, if it takes two lines."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences that belong together, such as a paragraph, an item, a cell or a comment.

    lines     (number of the line in the file, its text without marks such as `#`)
    is_title  whether it is a heading, or a first line of a docstring at which a sentence ends
    """

    lines: tuple[tuple[int, str], ...]
    is_title: bool = False


class _Gathering:
    """Collects the lines of a passage until its end."""

    def __init__(self) -> None:
        self._lines: Lines = []

    def add(self, number: int, text: str) -> Iterator[Passage]:
        """Add a line; an item of a list ends the passage before the item."""
        if mark := _ITEM.match(text):
            yield from self.end()
            text = text[mark.end() :]
        self._lines.append((number, text))

    def end(self, *, is_title: bool = False) -> Iterator[Passage]:
        """Yield the passage if there is one, and begin the next."""
        if self._lines:
            yield Passage(tuple(self._lines), is_title)
            self._lines = []


def passages(path: Path) -> Iterator[Passage]:
    """Yield the prose of a file.

    The file's ending decides the form of comments. In a file without an ending, they begin with
    `#`.
    """
    text = path.read_text()
    if path.suffix == ".md":
        return of_markdown(text)
    if path.suffix == ".py":
        return of_python(text)
    return of_slashes(text) if path.suffix in _SLASHES else of_hashes(text)


def of_markdown(text: str) -> Iterator[Passage]:
    """Yield paragraphs, items, headings and cells of tables, without code and HTML comments."""
    text = re.sub(r"<!--[\s\S]*?-->", lambda comment: "\n" * comment[0].count("\n"), text)
    gathering, is_code, is_after_blank = _Gathering(), False, True
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        is_fence = stripped.startswith(("```", "~~~"))
        if is_code or is_fence or not stripped or (is_after_blank and line.startswith("    ")):
            yield from gathering.end()
            is_code ^= is_fence
        elif stripped.startswith(("#", "|")):
            yield from gathering.end()
            yield from _heading_or_cells(number, stripped)
        else:
            yield from gathering.add(number, stripped.removeprefix("> "))
        is_after_blank = not stripped or (is_after_blank and line.startswith("    "))
    yield from gathering.end()


def _heading_or_cells(number: int, line: str) -> Iterator[Passage]:
    if line.startswith("#"):
        yield Passage(((number, line.lstrip("# ")),), is_title=True)
        return
    line = re.sub(r"`[^`]*`", "`x`", line.replace("\\|", " "))
    for cell in line.strip("|").split("|"):
        yield Passage(((number, cell.strip()),))


def of_python(text: str) -> Iterator[Passage]:
    """Yield comments and docstrings, including docstrings after constants and fields."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [(*token.start, token.string) for token in tokens if token.type == tokenize.COMMENT]
    yield from _comments(comments)
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            written = ast.get_source_segment(text, node.value) or ""
            yield from _docstring(written.lstrip("rRuU").strip("\"'"), node.lineno)


def of_slashes(text: str) -> Iterator[Passage]:
    """Yield comments of TypeScript and CSS."""
    comments = []
    for match in re.finditer(r"/\*[\s\S]*?\*/|(?:(?<=\s)|^)//.*", text, re.MULTILINE):
        number = text.count("\n", 0, match.start()) + 1
        if match[0].startswith("//"):
            comments.append(
                (number, match.start() - text.rfind("\n", 0, match.start()), match[0].lstrip("/"))
            )
        else:
            lines = [re.sub(r"^\s*\*+/?|/\*+|\*+/", "", line) for line in match[0].split("\n")]
            yield from _docstring("\n".join(lines), number)
    yield from _comments(comments)


def of_hashes(text: str) -> Iterator[Passage]:
    """Yield comments of a Makefile or a file of settings."""
    numbered = enumerate(text.splitlines(), 1)
    comments = [
        (number, match)
        for number, line in numbered
        if (match := re.search(r"(?:^|(?<=\s))#+ .*", line))
    ]
    yield from _comments([(number, match.start(), match[0]) for number, match in comments])


def _docstring(text: str, first: int) -> Iterator[Passage]:
    """Cut a docstring at empty lines and items. In a line `name  text`, only the text is prose."""
    gathering, lines = _Gathering(), text.splitlines()
    for number, line in enumerate(lines, first):
        stripped = line.strip()
        field = re.match(r"[\w.*`, /-]+? {2,}(?=\w)", stripped)
        if field:
            yield from gathering.end()
            stripped = stripped[field.end() :]
        if not stripped or _DRAWING.search(stripped):
            yield from gathering.end()
            continue
        yield from gathering.add(number, stripped)
        ends_first = number == first and stripped.endswith((".", "?", "!", ":"))
        if ends_first or (number == first + 1 and _is_summary(lines)):
            yield from gathering.end(is_title=True)
    yield from gathering.end()


def _is_summary(lines: list[str]) -> bool:
    """Whether the first two lines are one or two sentences that were too long for one line."""
    first, second, *rest = (line.strip() for line in lines)
    ends = second.endswith((".", "?", "!", ":")) and not any(rest[:1])
    return ends and bool(first) and len(f"{first} {second}") <= _MAX_SUMMARY


def _comments(comments: list[tuple[int, int, str]]) -> Iterator[Passage]:
    """Combine comments (line, column, text) in the same column of consecutive lines."""
    gathering, before = _Gathering(), (-1, -1)
    for number, column, text in comments:
        stripped = text.lstrip("#").strip()
        if before != (number - 1, column) or not stripped:
            yield from gathering.end()
        if stripped and not _DIRECTIVE.match(text) and not _DRAWING.search(stripped):
            yield from gathering.add(number, stripped)
        before = (number, column)
    yield from gathering.end()
