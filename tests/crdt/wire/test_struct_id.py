"""Tests of packed struct ids."""

import random

import pytest

from crdt.wire.lib0 import MAX_SAFE_INTEGER
from crdt.wire.struct_id import MAX_CLOCK, DenseIds, client_of, clock_of, pack_id


def test_packed_id_gives_back_client_and_clock() -> None:
    """A packed id gives back its client and clock, even at the limits of both."""
    for client in (0, 1, 3_000_000_000, MAX_SAFE_INTEGER):
        for clock in (0, 1, MAX_CLOCK):
            packed = pack_id(client, clock)
            assert (client_of(packed), clock_of(packed)) == (client, clock)


def test_packed_ids_of_one_client_are_consecutive() -> None:
    """Subtracting one gives the id of the struct before, which the parser and compaction need."""
    assert pack_id(7, 4) - 1 == pack_id(7, 3)


@pytest.mark.parametrize("seed", range(20))
def test_dense_ids_hold_the_same_ids_as_a_set(seed: int) -> None:
    """The ids are at any place in a block and belong to several clients.

    Some are added twice.
    """
    chance = random.Random(seed)
    ids, plain = DenseIds(), set[int]()
    for _ in range(30):
        first = pack_id(
            chance.choice((0, 1, MAX_SAFE_INTEGER)), chance.choice((0, 255, 256, MAX_CLOCK - 3_000))
        )
        first += chance.randrange(300)
        marks = bytes(
            chance.random() < 0.3 for _ in range(chance.choice((0, 1, 255, 256, 257, 2_000)))
        )
        marked = DenseIds()
        marked.add_marked(first, marks)
        ids.update(marked)
        plain |= {first + place for place, mark in enumerate(marks) if mark}

    asked = {packed + step for packed in plain for step in (-1, 0, 1, 256)}
    assert set(ids) == plain
    assert ids.among(asked) == plain
    assert {packed for packed in asked if packed in ids} == plain
