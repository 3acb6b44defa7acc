"""From one text to another by few small edits, so that posting code disturbs nobody who is typing.

Positions are Unicode code points, so no surrogate pair can be split. Lines are compared first
and words inside changed lines; where that would cost too much, the common beginning and end alone
are kept.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_MAX_WORK = 4_000_000
"""Rough bound on difflib's steps, about a tenth of a second."""

_LEAST_BLOCKS = 64
"""Moved parts make blocks too, though nothing is missing on either side."""

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Change(NamedTuple):
    """Replace `deleted` code points at `position` of the old text by `inserted`."""

    position: int
    deleted: int
    inserted: str


def changes(old: str, new: str) -> list[Change]:
    """Return the edits in order of position; applied from last to first they turn `old` into `new`."""
    found = []
    for start, end, new_start, new_end in _blocks(old, new, 0, 0, old.splitlines(True), new.splitlines(True)):
        before, after = old[start:end], new[new_start:new_end]
        words = _WORDS.findall(before), _WORDS.findall(after)
        for a, b, c, d in _blocks(old, new, start, new_start, *words):
            change = _trim(a, old[a:b], new[c:d])
            if change.deleted or change.inserted:
                found.append(change)
    return found


def _blocks(
    old: str, new: str, at: int, new_at: int, old_parts: Sequence[str], new_parts: Sequence[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, end, new start, new end) of each differing block, in code points."""
    prefix = 0
    shorter = min(len(old_parts), len(new_parts))
    while prefix < shorter and old_parts[prefix] == new_parts[prefix]:
        prefix += 1
    suffix = 0
    while suffix < shorter - prefix and old_parts[-1 - suffix] == new_parts[-1 - suffix]:
        suffix += 1
    at += sum(map(len, old_parts[:prefix]))
    new_at += sum(map(len, new_parts[:prefix]))
    old_parts = old_parts[prefix : len(old_parts) - suffix]
    new_parts = new_parts[prefix : len(new_parts) - suffix]
    if _cost(old_parts, new_parts) > _MAX_WORK:
        yield at, at + sum(map(len, old_parts)), new_at, new_at + sum(map(len, new_parts))
        return
    matcher = difflib.SequenceMatcher(None, old_parts, new_parts, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        length, new_length = sum(map(len, old_parts[a:b])), sum(map(len, new_parts[c:d]))
        if tag != "equal":
            yield at, at + length, new_at, new_at + new_length
        at += length
        new_at += new_length


def _cost(old_parts: Sequence[str], new_parts: Sequence[str]) -> int:
    """difflib visits every pair of equal parts once for each block that it finds."""
    counts, old_counts = Counter(new_parts), Counter(old_parts)
    pairs = sum(counts[part] * count for part, count in old_counts.items())
    common = (counts & old_counts).total()
    blocks = max(_LEAST_BLOCKS, len(old_parts) + len(new_parts) - 2 * common)
    return pairs * min(blocks, len(old_parts), len(new_parts)) + len(old_parts) + len(new_parts)


def _trim(position: int, before: str, after: str) -> Change:
    prefix = 0
    shorter = min(len(before), len(after))
    while prefix < shorter and before[prefix] == after[prefix]:
        prefix += 1
    suffix = 0
    while suffix < shorter - prefix and before[-1 - suffix] == after[-1 - suffix]:
        suffix += 1
    return Change(position + prefix, len(before) - prefix - suffix, after[prefix : len(after) - suffix])
