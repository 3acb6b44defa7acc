"""Tests of reading and writing deletions."""

from crdt.wire.delete_ranges import read_ranges, write_deletions, write_ranges


def test_ranges_written_are_in_order_and_joined() -> None:
    """Neighbouring and overlapping ranges become one range."""
    count, encoded = write_ranges([(300, 310), (0, 2), (1, 5), (5, 6)])

    assert (count, read_ranges(encoded, count, 0)) == (2, ([(0, 6), (300, 310)], len(encoded)))


def test_deletions_written_have_the_highest_client_first() -> None:
    """The client with the highest id comes first, as in Yjs."""
    found = write_deletions({1: write_ranges([(0, 1)]), 9: write_ranges([(3, 5)])})

    assert found == bytes((2, 9, 1, 3, 2, 1, 1, 0, 1))
