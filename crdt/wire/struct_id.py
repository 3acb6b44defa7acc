"""Ids of structs, packed into one integer, which is cheaper to keep and to compare than a pair;
and a set for many.
"""

from collections.abc import Iterable, Iterator

MAX_CLOCK = (1 << 31) - 2
"""The largest clock of a struct: yrs' 32-bit arithmetic overflows beyond it."""

NO_ID = -1
"""Stands for a packed id where there is no struct,
such as the left origin of the first letter of a text."""

CLOCK_BITS = 31
"""Bits of a clock in a packed id."""

CLOCK_MASK = (1 << CLOCK_BITS) - 1


# An example: clock 3 of client 5 is 5 << 31 | 3 = 10737418243. Ids of one client that follow each
# other are integers that follow each other, so "the unit before" is the id minus 1.
def pack_id(client: int, clock: int) -> int:
    """Return the packed id of a struct: the client id in front, the clock in the low 31 bits."""
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
Larger blocks would take longer to change, smaller ones more memory."""
_BLOCK = 1 << BLOCK_BITS
_DIGITS = bytes.maketrans(b"\0\1", b"01")


class DenseIds:
    """A set of packed ids that lie close together,
    such as those of the second halves in a text of emoji.

    A set of integers takes 100 bytes an id, and a text of a megabyte may have 300,000. Here the ids
    of a block, which are equal but for the last eight bits, are the bits of one integer: 2, 4 and
    256 are {0: 0b10100, 1: 0b1}.

    blocks  {id without its last bits: bits of those that are in the set}
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

        marks  a byte for each id: 1 if it is to be added, else 0
        """
        # From one block that has marks to the next: `find` runs in C, and the marks of a block
        # become one integer by reading them as binary digits, the last one first.
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
