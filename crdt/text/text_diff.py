"""For saves (`crdt.document.view`): few small edits that turn one text into another.

Posting code then disturbs nobody who is typing.

Positions are Unicode code points, so no surrogate pair can be split. Lines are compared first
and words inside changed lines; where that would cost too much, the common beginning and end alone
are kept. Edits beyond a number are joined with their neighbours.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from crdt.text.line_diff import Block, Work, differing

MAX_STEPS = 200_000
"""About 5 ms: the event loop waits for it."""
MANY_STEPS = 20_000_000
"""About half a second, in a process of its own."""
MAX_EDITS = 300
"""Each costs yrs, and every browser, about 20 µs in a text of a megabyte."""

WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Change(NamedTuple):
    """Replace `deleted` code points at `position` of the old text by `inserted`."""

    position: int
    deleted: int
    inserted: str


def changes(old: str, new: str, steps: int = MAX_STEPS, most: int = MAX_EDITS) -> list[Change]:
    """Return the edits in order of position; applied from last to first they turn `old` into `new`.

    steps  bounds the work, see `line_diff.Work`
    most   edits; what is over is joined, the nearest ones first
    """
    work = Work(steps)
    blocks = list(_spans(old.splitlines(True), new.splitlines(True), work))
    if len(blocks) <= most:  # else looking for words would make even more of them
        blocks = [span for block in blocks for span in _inside(old, new, block, work)]
    trimmed = (_trim(start, old[start:end], new[c:d]) for start, end, c, d in joined(blocks, most))
    return [change for change in trimmed if change.deleted or change.inserted]


def joined(blocks: list[Block], most: int) -> list[Block]:
    """Join neighbouring blocks until there are at most `most`, those first that have the least between them."""
    if len(blocks) <= most:
        return blocks
    by_distance = sorted(range(1, len(blocks)), key=lambda at: blocks[at][0] - blocks[at - 1][1])
    ends = sorted(by_distance[len(blocks) - most :])
    pairs = zip([0, *ends], [*ends, len(blocks)], strict=True)
    return [(blocks[a][0], blocks[b - 1][1], blocks[a][2], blocks[b - 1][3]) for a, b in pairs]


def _inside(old: str, new: str, block: Block, work: Work) -> Iterator[Block]:
    """Yield what differs inside changed lines."""
    start, end, new_start, new_end = block
    before, after = old[start:end], new[new_start:new_end]
    if _is_grown(before, after) or _is_grown(after, before):
        yield block
        return
    for a, b, c, d in _spans(WORDS.findall(before), WORDS.findall(after), work):
        yield start + a, start + b, new_start + c, new_start + d


def _is_grown(shorter: str, longer: str) -> bool:
    """Whether a text was only put before or behind another: of an indented line nothing else differs."""
    return longer.startswith(shorter) or longer.endswith(shorter)


def _spans(old: Sequence[str], new: Sequence[str], work: Work) -> Iterator[Block]:
    """Yield where texts differ that are given in parts, in code points."""
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
    return Change(position + prefix, len(before) - prefix - suffix, after[prefix : len(after) - suffix])
