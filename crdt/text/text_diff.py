"""Finds few small edits that turn one text into another, for saves (`crdt.document.view`).

A saved text is applied as these edits, so users who are typing keep their cursors and their text.

Positions are Unicode code points, so no surrogate pair can be split. Lines are compared first, then
the words inside changed lines. If that would cost too much, only the common beginning and end are
kept. If there are too many edits, neighbouring ones are joined.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from crdt.text.line_diff import Block, Work, differing

MAX_STEPS = 200_000
"""Steps of a comparison on the event loop, which it blocks for about 5 ms."""
MANY_STEPS = 20_000_000
"""Steps of a comparison in a worker process: about half a second."""
MAX_EDITS = 300
"""The most edits for one text. In a text of a megabyte, each edit costs yrs and every browser about
20 µs."""

WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Change(NamedTuple):
    """Replace `deleted` code points at `position` of the old text by `inserted`."""

    position: int
    deleted: int
    inserted: str


def changes(old: str, new: str, steps: int = MAX_STEPS, most: int = MAX_EDITS) -> list[Change]:
    """Return the edits that turn `old` into `new`, in order of position.

    They must be applied from last to first.

    steps  bounds the work, see `line_diff.Work`
    most   number of edits; if there were more, those with the least text between them are joined
    """
    work = Work(steps)
    # Lines come first, because comparing all words of two texts costs too much: a long text has ten
    # times as many words as lines, and most words occur often. An example: in "a b c\n" and
    # "a X c\n" the line differs, and inside the line only the word at 2.
    blocks = list(_spans(old.splitlines(True), new.splitlines(True), work))
    # Words are compared only if there are few blocks. Otherwise this would make more blocks, which
    # would all be joined again.
    if len(blocks) <= most:
        blocks = [span for block in blocks for span in _inside(old, new, block, work)]
    # Characters come last: if "color" became "colour", the word differs, and the edit becomes one
    # inserted letter.
    trimmed = (_trim(start, old[start:end], new[c:d]) for start, end, c, d in joined(blocks, most))
    return [change for change in trimmed if change.deleted or change.inserted]


def joined(blocks: list[Block], most: int) -> list[Block]:
    """Join neighbouring blocks until there are at most `most`; the closest ones are joined first.

    An example: blocks at 0, 3 and 10, each one long, become two: 0 to 4, and 10. The text between
    two joined blocks is equal in both texts, so it is deleted and inserted again.
    """
    if len(blocks) <= most:
        return blocks
    by_distance = sorted(range(1, len(blocks)), key=lambda at: blocks[at][0] - blocks[at - 1][1])
    # The widest gaps stay: `most` - 1 gaps, one fewer than blocks.
    ends = sorted(by_distance[len(blocks) - most :])
    pairs = zip([0, *ends], [*ends, len(blocks)], strict=True)
    return [(blocks[a][0], blocks[b - 1][1], blocks[a][2], blocks[b - 1][3]) for a, b in pairs]


def _inside(old: str, new: str, block: Block, work: Work) -> Iterator[Block]:
    """Yield the blocks that differ inside changed lines."""
    start, end, new_start, new_end = block
    before, after = old[start:end], new[new_start:new_end]
    if _is_grown(before, after) or _is_grown(after, before):
        yield block
        return
    for a, b, c, d in _spans(WORDS.findall(before), WORDS.findall(after), work):
        yield start + a, start + b, new_start + c, new_start + d


def _is_grown(shorter: str, longer: str) -> bool:
    """Whether the longer text is the shorter one with text added at one end, such as an indent.

    Such a block is one edit already, so its words need not be compared.
    """
    return longer.startswith(shorter) or longer.endswith(shorter)


def _spans(old: Sequence[str], new: Sequence[str], work: Work) -> Iterator[Block]:
    """Yield the blocks in which two texts differ, in code points.

    old, new  the parts of each text, such as lines or words
    """
    places, new_places = [0, *accumulate(map(len, old))], [0, *accumulate(map(len, new))]
    for start, end, new_start, new_end in differing(old, new, work):
        yield places[start], places[end], new_places[new_start], new_places[new_end]


def _trim(position: int, before: str, after: str) -> Change:
    prefix = 0
    shorter = min(len(before), len(after))
    while prefix < shorter and before[prefix] == after[prefix]:
        prefix += 1
    suffix = 0
    while suffix < shorter - prefix and before[-1 - suffix] == after[-1 - suffix]:
        suffix += 1
    return Change(
        position + prefix, len(before) - prefix - suffix, after[prefix : len(after) - suffix]
    )
