"""For saves (`crdt.document.document`): few small edits that turn one text into another.

Posting code then disturbs nobody who is typing.

Positions are Unicode code points, so no surrogate pair can be split. Lines are compared first
and words inside changed lines; where that would cost too much, the common beginning and end alone
are kept.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from crdt.text.line_diff import Block, Work, differing

MAX_STEPS = 4_000_000
"""About a tenth of a second."""

WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Change(NamedTuple):
    """Replace `deleted` code points at `position` of the old text by `inserted`."""

    position: int
    deleted: int
    inserted: str


def changes(old: str, new: str, steps: int = MAX_STEPS) -> list[Change]:
    """Return the edits in order of position; applied from last to first they turn `old` into `new`.

    steps  bounds the work, see `line_diff.Work`
    """
    edits = []
    work = Work(steps)
    for start, end, new_start, new_end in _spans(old.splitlines(True), new.splitlines(True), work):
        before, after = old[start:end], new[new_start:new_end]
        if single := _single(start, before, after):
            edits.append(single)
            continue
        for a, b, c, d in _spans(WORDS.findall(before), WORDS.findall(after), work):
            change = _trim(start + a, before[a:b], after[c:d])
            if change.deleted or change.inserted:
                edits.append(change)
    return edits


def _spans(old: Sequence[str], new: Sequence[str], work: Work) -> Iterator[Block]:
    """Yield where texts differ that are given in parts, in code points."""
    places, new_places = [0, *accumulate(map(len, old))], [0, *accumulate(map(len, new))]
    for start, end, new_start, new_end in differing(old, new, work):
        yield places[start], places[end], new_places[new_start], new_places[new_end]


def _single(position: int, before: str, after: str) -> Change | None:
    """Return what was put before or behind a text, or taken away there: of an indented line nothing else differs."""
    extra = len(after) - len(before)
    if after.startswith(before):
        return Change(position + len(before), 0, after[len(before) :])
    if after.endswith(before):
        return Change(position, 0, after[:extra])
    if before.startswith(after):
        return Change(position + len(after), -extra, "")
    return Change(position, -extra, "") if before.endswith(after) else None


def _trim(position: int, before: str, after: str) -> Change:
    prefix = 0
    shorter = min(len(before), len(after))
    while prefix < shorter and before[prefix] == after[prefix]:
        prefix += 1
    suffix = 0
    while suffix < shorter - prefix and before[-1 - suffix] == after[-1 - suffix]:
        suffix += 1
    return Change(position + prefix, len(before) - prefix - suffix, after[prefix : len(after) - suffix])
