"""Where the items of one place are in its text, found without counting from the beginning.

The list of items is cut into blocks, and for each block it is known how much text is shown in it.
So a position costs a sum over blocks and a walk over the items of one block.

An example, with blocks of two items: "ab" "c" | "de" "f" | "g". The blocks have 3, 3 and 1 units.
"f" is in the second block: 3 units before it, and "de" in it, so it is at 5.

A tree of sums would need a logarithm of steps, not a sum over all blocks. But the sum is done in C:
a text with 100,000 items has about a thousand blocks, which take some tens of microseconds.
"""

from collections.abc import Iterator
from itertools import islice

from crdt.reading.items import Block, YataItem

_MOST = 128
"""Items of a block at most: a block that grows larger is cut in two."""


class Positions:
    """The blocks of one list.

    Lengths and positions are UTF-16 code units of shown items (`YataItem.is_shown`).
    """

    __slots__ = ("_blocks", "_units", "size")

    def __init__(self, first: YataItem) -> None:
        """Take in the list that begins with this item; items that are shown count."""
        self._blocks: list[Block] = []
        self._units: list[int] = []
        self.size = 0
        for item in _from(first):
            # Half full at first, so that each block takes in 64 items before it must be cut.
            if self.size % (_MOST // 2) == 0:
                self._blocks.append(Block(item, len(self._blocks), 0))
                self._units.append(0)
            self._take(item, self._blocks[-1])
            if item.is_shown:
                self._units[-1] += item.length

    def insert(self, item: YataItem) -> None:
        """Take in an item: a new one, not shown yet, or the right part of one that was cut."""
        # The block of the left neighbour: the right part of an item that was cut is then in the
        # block of its left part, and the block's units stay right without being counted again.
        block = item.left.block if item.left else self._blocks[0]
        if item.left is None:
            block.first = item
        self._take(item, block)
        if block.size > _MOST:
            self._cut(block)

    def of(self, item: YataItem) -> int:
        """Return how much text is shown before an item."""
        block = item.block
        # All blocks before this one by their sums, then this block item by item: 128 steps at most.
        position = sum(self._units[: block.number])
        for other in _from(block.first):
            if other is item:
                break
            if other.is_shown:
                position += other.length
        return position

    def show(self, item: YataItem) -> None:
        """Count the text of an item from now on."""
        item.is_shown = True
        self._units[item.block.number] += item.length

    def hide(self, item: YataItem) -> None:
        """Count the text of an item no longer."""
        item.is_shown = False
        self._units[item.block.number] -= item.length

    def _take(self, item: YataItem, block: Block) -> None:
        item.block = block
        block.size += 1
        self.size += 1

    def _cut(self, block: Block) -> None:
        """Make a block of the right half of another one."""
        items = list(islice(_from(block.first), block.size))
        left, right = items[: block.size // 2], items[block.size // 2 :]
        half = Block(right[0], block.number + 1, len(right))
        block.size = len(left)
        units = sum(item.length for item in right if item.is_shown)
        self._blocks.insert(half.number, half)
        self._units.insert(half.number, units)
        self._units[block.number] -= units
        for item in right:
            item.block = half
        # Each block knows its number, so those behind the new one are numbered again. That happens
        # once for 64 new items.
        for following in self._blocks[half.number + 1 :]:
            following.number += 1


def _from(first: YataItem) -> Iterator[YataItem]:
    """Yield an item and all to the right of it."""
    item: YataItem | None = first
    while item:
        yield item
        item = item.right
