"""Finds the lines that two texts have in common, fast enough for texts of a megabyte.

Lines that are in both texts exactly once, in the same order, are anchors (Bram Cohen's patience
diff). `difflib` compares the lines between two anchors, if a bound on its work allows that.
Otherwise all of them count as changed.

difflib alone would be too slow: its time grows with the cube of the number of repeated lines. For
4,000 lines, of which every second one is empty and every twentieth has changed, it takes over 20 s.
With anchors, such a comparison takes 2 ms. Anchors alone would be too coarse: a line that occurs
several times is never an anchor, so changes next to such lines would be shown as larger.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

Block = tuple[int, int, int, int]
"""(start, end) in the old sequence, then (start, end) in the new one."""

_LEAST_BLOCKS = 64
"""The bound on difflib's work expects at least this many blocks. Moved parts make blocks, too,
although they are in both texts."""


class Work:
    """The work that a comparison may still do, in difflib's steps.

    About forty million steps take a second.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def allows(self, steps: int) -> bool:
        """Take this number of steps and return True; return False if fewer are left."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


def differing(old: Sequence[Hashable], new: Sequence[Hashable], work: Work) -> Iterator[Block]:
    """Yield the blocks in which two sequences differ, in order; all other parts are equal."""
    # Equal ends are cut off first. Most saves change a few lines of a long text, so few lines are
    # left to count. A line only has to be unique among the lines that are left: "xab" against
    # "xxab" has the anchors a and b, although x is there twice.
    start, end, new_start, new_end = _trim(old, new, (0, len(old), 0, len(new)))
    at, new_at = start, new_start
    for anchor, new_anchor in [
        *_anchors(old, new, (start, end, new_start, new_end)),
        (end, new_end),
    ]:
        # The last pair is not an anchor but the end, so that the loop also compares the lines after
        # the last anchor.
        yield from _between(old, new, (at, anchor, new_at, new_anchor), work)
        at, new_at = anchor + 1, new_anchor + 1


def _trim(old: Sequence[Hashable], new: Sequence[Hashable], block: Block) -> Block:
    start, end, new_start, new_end = block
    while start < end and new_start < new_end and old[start] == new[new_start]:
        start, new_start = start + 1, new_start + 1
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
    return start, end, new_start, new_end


def _unique_pairs(
    old: Sequence[Hashable], new: Sequence[Hashable], block: Block
) -> list[tuple[int, int]]:
    """Return the (old, new) positions of the parts that each side has exactly once.

    A part that is twice on one side has no certain partner: the third of ten empty lines may match
    any other.
    """
    start, end, new_start, new_end = block
    if start == end or new_start == new_end:
        return []
    counts, new_counts = Counter(old[start:end]), Counter(new[new_start:new_end])
    places = {new[at]: at for at in range(new_start, new_end) if new_counts[new[at]] == 1}
    return [
        (at, places[old[at]])
        for at in range(start, end)
        if counts[old[at]] == 1 and old[at] in places
    ]


def _anchors(
    old: Sequence[Hashable], new: Sequence[Hashable], block: Block
) -> list[tuple[int, int]]:
    """Return the longest run of pairs of unique parts that is in order on both sides.

    This is the anchoring step of patience diff (Bram Cohen, 2009): parts that are on both sides
    exactly once cannot be matched wrongly. Patience sorting finds the longest increasing
    subsequence of their new positions: a card goes on the leftmost pile whose top is not smaller.

    Invariant: `tails[n]` is the smallest new position that ends any run of n + 1 pairs so far. So
    `tails` is sorted, and bisection finds the pile for the next pair.

    An example: old a b c d, new c a b d. The pairs' new positions are 1 2 0 3. `tails` becomes [1],
    [1, 2], [0, 2] (c begins a shorter run with a smaller end) and [0, 2, 3]. The last pair is d,
    its predecessor is b, and the predecessor of b is a. So the anchors are a b d, and c was moved.
    """
    pairs = _unique_pairs(old, new, block)
    # With the pair numbers 0 to 3 of the example, `ends` becomes [0], [0, 1], [2, 1], [2, 1, 3],
    # and `before` is -1, 0, -1, 1. So the way back from pair 3 is 3, 1, 0, although pair 2 now ends
    # the shortest run.
    tails: list[int] = []  # the smallest new position that ends a run of each length
    ends: list[int] = []  # the number of the pair at that position
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


def _between(
    old: Sequence[Hashable], new: Sequence[Hashable], block: Block, work: Work
) -> Iterator[Block]:
    start, end, new_start, new_end = _trim(old, new, block)
    if start == end and new_start == new_end:
        return
    parts, new_parts = old[start:end], new[new_start:new_end]
    # Without a common part no work is needed: a rewritten file takes no steps at all.
    if (
        not parts
        or not new_parts
        or set(parts).isdisjoint(new_parts)
        or not work.allows(_cost(parts, new_parts))
    ):
        yield start, end, new_start, new_end
        return
    # If there are 200 parts or more, `autojunk` would ignore each part that makes up over 1 % of
    # them, such as empty lines and closing brackets. It is difflib's own bound on its work, but it
    # makes the result coarse without need. `work` is a better bound.
    for tag, a, b, c, d in difflib.SequenceMatcher(
        None, parts, new_parts, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield start + a, start + b, new_start + c, new_start + d


def _cost(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """Return a bound on the steps of difflib, in visits to pairs of equal parts.

    difflib visits each such pair once for each block that it finds. Two texts with 2,000 empty
    lines each have 4,000,000 such pairs, and every changed line between them makes one more block.
    The bound is computed before difflib begins, because difflib cannot be interrupted. If the bound
    is too high, all of it is one block: correct, only coarser.
    """
    # An example: both sides have 2,000 empty lines and one other line. That makes 4,000,000 pairs
    # of equal lines, and 2 lines without a partner. At least 64 blocks are expected, so the bound
    # is 256 million steps, which take six seconds and are not allowed.
    counts, old_counts = Counter(new), Counter(old)
    pairs = sum(counts[part] * count for part, count in old_counts.items())
    common = (counts & old_counts).total()
    blocks = max(_LEAST_BLOCKS, len(old) + len(new) - 2 * common)
    return pairs * min(blocks, len(old), len(new)) + len(old) + len(new)
