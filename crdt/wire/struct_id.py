"""Packs the id of a struct into one integer, which is cheaper to keep and compare than a pair.

`DenseIds` is a set for many packed ids.
"""

from collections.abc import Iterable, Iterator

MAX_CLOCK = (1 << 31) - 2
"""The largest clock of a struct. Beyond it the 32-bit arithmetic of yrs overflows."""

NO_ID = -1
"""The packed id for "no struct", such as the left origin of the first letter of a text."""

CLOCK_BITS = 31
"""Bits of a clock in a packed id."""

CLOCK_MASK = (1 << CLOCK_BITS) - 1


# An example: clock 3 of client 5 is 5 << 31 | 3 = 10737418243. Consecutive clocks of one client are
# consecutive integers, so the unit before an id is the id minus 1.
def pack_id(client: int, clock: int) -> int:
    """Return the packed id of a struct: the client id, and the clock in the low 31 bits."""
    return client << CLOCK_BITS | clock


def client_of(packed: int) -> int:
    """Return the client id in a packed id."""
    return packed >> CLOCK_BITS


def clock_of(packed: int) -> int:
    """Return the clock in a packed id."""
    return packed & CLOCK_MASK


BLOCK_BITS = 8
BLOCK_MASK = (1 << BLOCK_BITS) - 1
"""The bits of an id inside a block of `DenseIds`.
Larger blocks would take longer to change, and smaller ones would need more memory."""
_BLOCK = 1 << BLOCK_BITS
_DIGITS = bytes.maketrans(b"\0\1", b"01")


class DenseIds:
    """A set of packed ids that are close together, such as the second halves in a text of emoji.

    A set of integers takes 100 bytes an id, and a text of a megabyte may have 300,000. Here all ids
    that differ only in the last eight bits form a block, which is one integer with a bit for each
    id. An example: 2, 4 and 256 are {0: 0b10100, 1: 0b1}.

    blocks  {id without its last eight bits: bits of the ids that are in the set}
    """

    __slots__ = ("blocks",)

    def __init__(self) -> None:
        self.blocks: dict[int, int] = {}

    def __contains__(self, packed: int) -> bool:
        return bool(self.blocks.get(packed >> BLOCK_BITS, 0) >> (packed & BLOCK_MASK) & 1)

    def __iter__(self) -> Iterator[int]:
        for block, bits in self.blocks.items():
            yield from (block << BLOCK_BITS | place for place in range(_BLOCK) if bits >> place & 1)

    def add_marked(self, first: int, marks: bytes) -> None:
        """Add some of the ids from `first` on.

        marks  a byte for each id: 1 to add it, else 0
        """
        # The loop goes from one block with marks to the next, and `find` runs in C. The marks of a
        # block become one integer when they are read as binary digits, the last one first.
        at = marks.find(1)
        while at >= 0:
            block, place = divmod(first + at, _BLOCK)
            end = at + _BLOCK - place
            bits = int(marks[at:end][::-1].translate(_DIGITS), 2) << place
            self.blocks[block] = self.blocks.get(block, 0) | bits
            at = marks.find(1, end)

    def update(self, other: "DenseIds") -> None:
        """Add all ids of another set."""
        for block, bits in other.blocks.items():
            self.blocks[block] = self.blocks.get(block, 0) | bits

    def among(self, packed_ids: Iterable[int]) -> set[int]:
        """Return the ids among these that are in the set."""
        blocks = self.blocks
        return {
            packed
            for packed in packed_ids
            if blocks.get(packed >> BLOCK_BITS, 0) >> (packed & BLOCK_MASK) & 1
        }
