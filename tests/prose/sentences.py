"""Cuts passages into sentences without code and marks, and keeps their line numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.prose.passages import Passage

_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bcf)[.!?][\"')”]*(?=\s+[\"'(`“\w]|\s*$)")

_REPLACED = (
    (re.compile(r"``.+?``|`[^`]*`|https?://[^\s)>]+"), "`x`"),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"<[a-zA-Z/!][^<>]*>"), ""),
    (re.compile(r"\*\*|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)"), ""),
)
"""Pairs of (pattern, replacement). Code and addresses become a word to which no rule applies. Links
become their texts. HTML tags and stars are removed."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage.

    text      the sentence, in which `x` replaces each piece of code
    lines     for each character, the number of its line
    is_title  whether the sentence is a title, such as a heading
    """

    text: str
    lines: tuple[int, ...]
    is_title: bool

    def words(self) -> int:
        """Count the words: parts between blanks that have a letter, a digit or code."""
        return len(re.findall(r"\S*[\w`]\S*", self.text))


def sentences(passage: Passage) -> Iterator[Sentence]:
    """Yield the sentences of a passage in their order."""
    text = " ".join(line for _, line in passage.lines)
    numbers = tuple(number for number, line in passage.lines for _ in range(len(line) + 1))
    for pattern, new in _REPLACED:
        text, numbers = _replace(pattern, new, text, numbers)
    start = 0
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        piece = text[start:end]
        if stripped := piece.strip():
            first = start + piece.index(stripped)
            yield Sentence(stripped, numbers[first : first + len(stripped)], passage.is_title)
        start = end


def _replace(
    pattern: re.Pattern[str], new: str, text: str, numbers: tuple[int, ...]
) -> tuple[str, tuple[int, ...]]:
    """Replace all matches. The line of each replacement is the line on which its match begins."""
    result, lines, at = "", list[int](), 0
    for match in pattern.finditer(text):
        put = match.expand(new)
        result += text[at : match.start()] + put
        lines += [*numbers[at : match.start()], *[numbers[match.start()]] * len(put)]
        at = match.end()
    return result + text[at:], (*lines, *numbers[at:])
