"""Tests of merging and cutting updates as bytes, with the results of real Yjs."""

import random

import pytest

from crdt.wire.content import GC, SKIP, STRING
from crdt.wire.raw_merge import EMPTY, merge
from tests.fuzz import structure
from tests.fuzz.structure import Section, Struct, Update
from tests.yjs import Yjs


def text(value: str, clock: int) -> Struct:
    """Return text of client 1 that follows the struct before it."""
    return Struct(STRING, len(value), bytes((len(value), *value.encode())), left=(1, clock - 1))


def update(
    clock: int, *structs: Struct, client: int = 1, deleted: tuple[tuple[int, int, int], ...] = ()
) -> bytes:
    return Update([Section(client, clock, list(structs))], list(deleted)).encode()


def skip(length: int) -> Struct:
    return Struct(SKIP, length, bytes((length,)))


def test_merge_of_single_update_returns_it_and_of_none_the_empty_update() -> None:
    assert merge([b"anything"]) == b"anything"
    assert merge([]) == merge([EMPTY, EMPTY]) == EMPTY


def test_merge_copies_following_structs_unchanged() -> None:
    """Structs are copied unchanged, even if they could be joined. Higher clients come first."""
    merged = merge(
        [
            update(1, text("ab", 1)),
            update(0, Struct(GC, 5, b"\x05"), client=7),
            update(3, text("c", 3)),
        ]
    )

    assert merged.hex() == "020107000005" + "0201018401000261628401020163" + "00"


@pytest.mark.parametrize("is_reversed", [False, True])
def test_merge_of_updates_with_a_hole_between_them_writes_a_skip(is_reversed: bool) -> None:
    updates = [update(1, text("ab", 1)), update(7, text("c", 7))]

    assert merge(updates[::-1] if is_reversed else updates) == update(
        1, text("ab", 1), skip(4), text("c", 7)
    )


def test_merge_fills_a_hole() -> None:
    """A hole is filled with the fitting part of another update."""
    holed = update(1, text("ab", 1), skip(2), text("efg", 5))

    assert merge([holed, update(2, text("bcdef", 2))]) == update(
        1, text("ab", 1), text("cdef", 3), text("g", 7)
    )


def test_merge_joins_deleted_ranges() -> None:
    """Deleted ranges are sorted, and touching ranges are joined."""
    updates = [Update([], [(1, 5, 2), (1, 0, 2), (9, 3, 1)]), Update([], [(1, 2, 1), (1, 6, 300)])]

    merged = structure.parse(merge([update.encode() for update in updates]))

    assert merged is not None
    assert merged.deleted == [(9, 3, 1), (1, 0, 3), (1, 5, 301)]


@pytest.mark.parametrize("seed", range(8))
def test_merge_equals_merge_of_yjs(yjs: Yjs, seed: int) -> None:
    """Updates merge as in Yjs, in any order, with holes, and with whole states that overlap."""
    rng = random.Random(seed)
    history = yjs.history(seed, 4, 60)
    for _ in range(4):
        some = [update for update in history.updates if rng.random() < 0.6]
        rng.shuffle(some)
        assert yjs.state(merge(some)) == yjs.state(yjs.merge(*some))
    history = yjs.history(seed, 4, 60, only_whole_characters=True)
    for _ in range(4):
        some = [update for update in history.updates + history.states if rng.random() < 0.6]
        rng.shuffle(some)
        assert yjs.look(merge(some)) == yjs.look(yjs.merge(*some))
