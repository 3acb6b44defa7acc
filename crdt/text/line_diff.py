"""Which lines two texts have in common, fast enough for texts of a megabyte.

Lines that are in both texts exactly once, in the same order, are anchors (Bram Cohen's patience
diff); between them `difflib` looks, as long as a bound on its work allows, and else nothing does.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

Block = tuple[int, int, int, int]
"""(start, end) in the old sequence, (start, end) in the new one."""

_LEAST_BLOCKS = 64
"""Moved parts make blocks too, though nothing is missing on either side."""


class Work:
    """What a comparison may still cost, in difflib's steps: some forty million a second."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def allows(self, steps: int) -> bool:
        """Take the steps if there are so many left."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


def differing(old: Sequence[Hashable], new: Sequence[Hashable], work: Work) -> Iterator[Block]:
    """Yield where two sequences differ, in order; everything else is the same."""
    start, end, new_start, new_end = _trim(old, new, (0, len(old), 0, len(new)))
    at, new_at = start, new_start
    for anchor, new_anchor in [*_anchors(old, new, (start, end, new_start, new_end)), (end, new_end)]:
        yield from _between(old, new, (at, anchor, new_at, new_anchor), work)
        at, new_at = anchor + 1, new_anchor + 1


def _trim(old: Sequence[Hashable], new: Sequence[Hashable], block: Block) -> Block:
    start, end, new_start, new_end = block
    while start < end and new_start < new_end and old[start] == new[new_start]:
        start, new_start = start + 1, new_start + 1
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
    return start, end, new_start, new_end


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable], block: Block) -> list[tuple[int, int]]:
    """Return the longest run of pairs of unique parts that is in order on both sides.

    This is the anchoring step of patience diff (Bram Cohen, 2009): parts that are on both sides exactly once
    cannot be matched wrongly. The longest increasing subsequence of their new positions is found by
    patience sorting: a card goes on the leftmost pile whose top is not smaller.

    Invariant: `tails[n]` is the smallest new position that ends any run of n + 1 pairs so far. So `tails`
    is sorted, and the pile for the next pair is found by bisection.

    An example: old a b c d, new c a b d. The pairs' new positions are 1 2 0 3. `tails` becomes [1], [1, 2],
    [0, 2] (c begins a shorter run with a smaller end) and [0, 2, 3]. The last pair is d, whose predecessor
    is b, whose predecessor is a: the anchors are a b d, and c was moved.
    """
    start, end, new_start, new_end = block
    if start == end or new_start == new_end:
        return []
    counts, new_counts = Counter(old[start:end]), Counter(new[new_start:new_end])
    places = {new[at]: at for at in range(new_start, new_end) if new_counts[new[at]] == 1}
    pairs = [(at, places[old[at]]) for at in range(start, end) if counts[old[at]] == 1 and old[at] in places]
    tails: list[int] = []  # the smallest new place that ends a run of each length
    ends: list[int] = []  # the pair that it is
    before = [-1] * len(pairs)
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        before[number] = ends[length - 1] if length else -1
        tails[length : length + 1] = [place]
        ends[length : length + 1] = [number]
    anchors = []
    number = ends[-1] if ends else -1
    while number >= 0:
        anchors.append(pairs[number])
        number = before[number]
    return anchors[::-1]


def _between(old: Sequence[Hashable], new: Sequence[Hashable], block: Block, work: Work) -> Iterator[Block]:
    start, end, new_start, new_end = _trim(old, new, block)
    if start == end and new_start == new_end:
        return
    parts, new_parts = old[start:end], new[new_start:new_end]
    if not parts or not new_parts or set(parts).isdisjoint(new_parts) or not work.allows(_cost(parts, new_parts)):
        yield start, end, new_start, new_end
        return
    for tag, a, b, c, d in difflib.SequenceMatcher(None, parts, new_parts, autojunk=False).get_opcodes():
        if tag != "equal":
            yield start + a, start + b, new_start + c, new_start + d


def _cost(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """Bound what it costs: difflib visits every pair of equal parts once for each block that it finds.

    Two texts with 2,000 empty lines each have 4,000,000 such pairs, and every changed line between them makes one block
    more. The bound is taken before difflib begins, because it cannot be interrupted. What it does not allow is
    one block as a whole: correct, only coarser.
    """
    counts, old_counts = Counter(new), Counter(old)
    pairs = sum(counts[part] * count for part, count in old_counts.items())
    common = (counts & old_counts).total()
    blocks = max(_LEAST_BLOCKS, len(old) + len(new) - 2 * common)
    return pairs * min(blocks, len(old), len(new)) + len(old) + len(new)
