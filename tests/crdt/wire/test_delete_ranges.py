"""Tests of reading and writing deletions."""

import pickle
import time
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from crdt.wire.delete_ranges import (
    RangeBlocks,
    Ranges,
    read_ranges,
    write_blocks,
    write_deletions,
    write_ranges,
)

_MANY = [(3 * number, 3 * number + 1) for number in range(20_000)]

a_range = st.tuples(st.integers(0, 3_000), st.integers(1, 40)).map(lambda p: (p[0], p[0] + p[1]))


def test_ranges_written_are_in_order_and_joined() -> None:
    """Neighbouring and overlapping ranges become one range."""
    count, encoded = write_ranges([(300, 310), (0, 2), (1, 5), (5, 6)])

    assert (count, read_ranges(encoded, count, 0)) == (2, ([(0, 6), (300, 310)], len(encoded)))


def test_deletions_written_have_the_highest_client_first() -> None:
    """The client with the highest id comes first, as in Yjs."""
    data = write_deletions({1: write_ranges([(0, 1)]), 9: write_ranges([(3, 5)])})

    assert data == bytes((2, 9, 1, 3, 2, 1, 1, 0, 1))


@given(
    st.lists(a_range, min_size=1, max_size=900),
    st.lists(st.lists(a_range, min_size=1, max_size=30), max_size=5),
)
def test_blocks_hold_what_one_list_of_all_ranges_would(first: Ranges, later: list[Ranges]) -> None:
    """In blocks or in one list, all ranges have the same bytes, in whatever order they came."""
    everything = [*first]
    blocks = RangeBlocks([*first])
    for ranges in later:
        blocks.add([*ranges])
        everything += ranges

    assert blocks.encode() == write_ranges(everything)


def test_range_over_many_blocks_takes_their_place() -> None:
    """One deletion may cover thousands of earlier ones, up to the one that it touches."""
    blocks = RangeBlocks([*_MANY])
    blocks.add([(1, 3 * 19_000)])

    assert blocks.encode() == write_ranges([*_MANY, (1, 3 * 19_000)])
    assert write_blocks({5: blocks}) == write_deletions({5: blocks.encode()})


def test_new_range_costs_little_among_many() -> None:
    """Reading and writing all ranges for each deletion held the event loop for 0.1 s."""
    blocks = RangeBlocks([*_MANY])
    places = iter(range(1, 60_000, 997))

    adding_s = _least_s(lambda: blocks.add([(3 * next(places) + 1, 3 * next(places) + 2)]))

    assert adding_s < _least_s(lambda: write_ranges([*_MANY])) / 8


def test_ranges_that_come_backwards_take_little_memory() -> None:
    """In a block of its own, a range would take forty times the memory of its bytes."""
    few = _MANY[:1_000]
    blocks = RangeBlocks([few[-1]])
    for pair in reversed(few[:-1]):
        blocks.add([pair])

    count, encoded = blocks.encode()
    assert (count, encoded) == write_ranges(few)
    assert len(pickle.dumps(blocks)) < 2 * len(encoded)


def _least_s(act: Callable[[], object]) -> float:
    """Return the least CPU time of several tries."""
    taken = []
    for _ in range(7):
        began = time.thread_time()
        act()
        taken.append(time.thread_time() - began)
    return min(taken)
