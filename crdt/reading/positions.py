"""Finds the positions of items in their text, without counting from the beginning.

The list of items is cut into blocks, and each block knows the length of its shown text. So a
position costs a sum over blocks and a walk over the items of one block.

An example, with blocks of two items: "ab" "c" | "de" "f" | "g". The blocks have 3, 3 and 1 units.
"f" is in the second block: 3 units before that block, and "de" in it, so "f" is at 5.

A tree of sums would need a logarithm of steps, not a sum over all blocks. But the sum is done in C:
a text with 100,000 items has about a thousand blocks, which take some tens of microseconds.
"""

from collections.abc import Iterator
from itertools import islice

from crdt.reading.items import Block, YataItem

_MOST = 128
"""The most items of a block: a block that grows larger is cut in two."""


class Positions:
    """The blocks of one list of items.

    Lengths and positions are UTF-16 code units of shown items (`YataItem.is_shown`).
    """

    __slots__ = ("_blocks", "_units", "size")

    def __init__(self, first: YataItem) -> None:
        """Take the list that begins with this item; only shown items count."""
        self._blocks: list[Block] = []
        self._units: list[int] = []
        self.size = 0
        for item in _from(first):
            # Blocks are half full at first, so that each takes 64 more items before it must be cut.
            if self.size % (_MOST // 2) == 0:
                self._blocks.append(Block(item, len(self._blocks), 0))
                self._units.append(0)
            self._take(item, self._blocks[-1])
            if item.is_shown:
                self._units[-1] += item.length

    def insert(self, item: YataItem) -> None:
        """Add a new item, which is not shown yet, or the right part of an item that was cut."""
        # The item goes into the block of its left neighbour. So both parts of an item that was cut
        # are in one block, and its number of units stays right.
        block = item.left.block if item.left else self._blocks[0]
        if item.left is None:
            block.first = item
        self._take(item, block)
        if block.size > _MOST:
            self._cut(block)

    def of(self, item: YataItem) -> int:
        """Return the number of units that are shown before an item."""
        block = item.block
        # The blocks before this one are summed up. Then this block is read, at most 128 items.
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
        """Stop counting the text of an item."""
        item.is_shown = False
        self._units[item.block.number] -= item.length

    def _take(self, item: YataItem, block: Block) -> None:
        item.block = block
        block.size += 1
        self.size += 1

    def _cut(self, block: Block) -> None:
        """Cut a block in two: its right half becomes a new block."""
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
        # Each block knows its number, so the blocks after the new one are numbered again. That
        # happens once for 64 new items.
        for following in self._blocks[half.number + 1 :]:
            following.number += 1


def _from(first: YataItem) -> Iterator[YataItem]:
    """Yield an item and all items to its right."""
    item: YataItem | None = first
    while item:
        yield item
        item = item.right
