"""Compares two texts as hunks of lines, with marks for changed words, and as unified text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from crdt.text.line_diff import Block, Work, differing
from crdt.text.text_diff import WORDS

CONTEXT = 3
"""Unchanged lines that a hunk has before and after each change, as in unified diffs."""
FEW_STEPS = 200_000
"""Steps of a comparison on the event loop, which it blocks for about 5 ms."""
MANY_STEPS = 40_000_000
"""Steps of a comparison in a worker process: about a second."""
_PAIR_STEPS = 1_000
"""Steps that are counted for each pair of lines whose words are compared. Short lines take difflib
few steps, but half a million such pairs take 15 s."""

_MAX_MARKED = 2_000
"""Characters of the longest line whose words are compared: longer lines are data, not text."""
_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(slots=True)
class HunkLine:
    """One line of a hunk, without its line end.

    kind   " " in both texts, "-" only in the old one, "+" only in the new one
    marks  (start, end) of each changed part, in UTF-16 code units; none if the whole line changed
    """

    kind: str
    text: str
    marks: list[tuple[int, int]] = field(default_factory=list)
    has_end: bool = True


@dataclass(slots=True)
class Hunk:
    """Some differing lines with the lines around them; counted from 1, as in unified diffs."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: list[HunkLine]


def compare(
    old: Mapping[str, str], new: Mapping[str, str], steps: int = MANY_STEPS
) -> dict[str, list[Hunk]]:
    """Return {root: hunks} of the roots whose texts differ.

    steps  bounds the work, see `Work`
    """
    work = Work(steps)
    return {
        root: hunks(old.get(root, ""), new.get(root, ""), work)
        for root in sorted({*old, *new})
        if old.get(root, "") != new.get(root, "")
    }


def hunks(old: str, new: str, work: Work) -> list[Hunk]:
    """Return the hunks between two texts."""
    old_lines, new_lines = _split(old), _split(new)
    hunk_list = []
    for group in _groups(list(differing(old_lines, new_lines, work))):
        # The lines before a group are equal on both sides, and so are those after it. So both sides
        # are extended by the same number of lines, unless a text begins or ends there.
        start, new_start = max(0, group[0][0] - CONTEXT), max(0, group[0][2] - CONTEXT)
        end, new_end = (
            min(len(old_lines), group[-1][1] + CONTEXT),
            min(len(new_lines), group[-1][3] + CONTEXT),
        )
        lines = list(_lines(old_lines, new_lines, group, start, end, work))
        count, new_count = end - start, new_end - new_start
        # Unified diffs count lines from 1, but an empty side names the line before it: "@@ -0,0
        # +1,2 @@" for a new file.
        hunk_list.append(
            Hunk(start + bool(count), count, new_start + bool(new_count), new_count, lines)
        )
    return hunk_list


def unified(old_name: str, new_name: str, hunk_list: Sequence[Hunk]) -> str:
    """Return hunks as text that `patch` reads."""
    if not hunk_list:
        return ""
    parts = [f"--- a/{old_name}\n+++ b/{new_name}\n"]
    for hunk in hunk_list:
        parts.append(
            f"@@ -{hunk.old_start},{hunk.old_lines} +{hunk.new_start},{hunk.new_lines} @@\n"
        )
        for line in hunk.lines:
            parts.append(f"{line.kind}{line.text}\n")
            if not line.has_end:
                parts.append(f"{_NO_NEWLINE}\n")
    return "".join(parts)


def _split(text: str) -> list[str]:
    """Return lines with their ends, as `patch` counts them: only LF ends a line."""
    # `splitlines` would also split at form feeds and U+2028, so `patch` would not find the lines.
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _groups(blocks: list[Block]) -> list[list[Block]]:
    """Put blocks together if their context lines touch or overlap."""
    groups: list[list[Block]] = []
    for block in blocks:
        # With at most six unchanged lines between two blocks, their contexts meet: one hunk.
        if groups and block[0] - groups[-1][-1][1] <= 2 * CONTEXT:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _lines(
    old: Sequence[str], new: Sequence[str], group: list[Block], start: int, end: int, work: Work
) -> Iterator[HunkLine]:
    at = start
    for a, b, c, d in group:
        yield from (_line(" ", text) for text in old[at:a])
        removed, added = (
            [_line("-", text) for text in old[a:b]],
            [_line("+", text) for text in new[c:d]],
        )
        # The first removed line is compared with the first added line, and so on. These pairs are a
        # guess. If a guess is wrong, nearly all words differ, and the whole line is shown as
        # changed.
        for removed_line, added_line in zip(removed, added, strict=False):
            _mark(removed_line, added_line, work)
        yield from removed
        yield from added
        at = b
    yield from (_line(" ", text) for text in old[at:end])


def _line(kind: str, text: str) -> HunkLine:
    bare = text[:-1] if text.endswith("\n") else text
    return HunkLine(kind, bare, has_end=bare is not text)


def _mark(removed: HunkLine, added: HunkLine, work: Work) -> None:
    """Mark the words that differ in two lines; a line that differs as a whole gets no marks."""
    if max(len(removed.text), len(added.text)) > _MAX_MARKED or not work.allows(_PAIR_STEPS):
        return
    words, new_words = WORDS.findall(removed.text), WORDS.findall(added.text)
    places, new_places = _places(words), _places(new_words)
    for start, end, new_start, new_end in differing(words, new_words, work):
        if end > start:
            removed.marks.append((places[start], places[end]))
        if new_end > new_start:
            added.marks.append((new_places[new_start], new_places[new_end]))
    # One mark over a whole line adds nothing to the line's own "-" or "+".
    for line, total in ((removed, places[-1]), (added, new_places[-1])):
        if line.marks == [(0, total)]:
            line.marks = []


def _places(words: Sequence[str]) -> list[int]:
    """Return the positions where words begin, and the end, in UTF-16 code units."""
    return [0, *accumulate(len(word.encode("utf-16-le")) // 2 for word in words)]
