"""Tests of cutting parts out of updates, with the results of real Yjs."""

import random
from typing import Any

import pytest

from crdt.document.merging import EMPTY
from crdt.wire.content import ANY, DELETED, GC, JSON, SKIP, STRING
from crdt.wire.lib0 import write_var_uint
from crdt.wire.slicing import StructSlicer, delete_set, take_part
from crdt.wire.struct_id import pack_id
from crdt.wire.y_protocol import state_vector
from tests.fuzz.structure import Section, Struct, Update
from tests.yjs import Yjs

_ALL = 1 << 31
_REPLACEMENT = "\ufffd".encode()


def text(value: str, **origins: Any) -> Struct:
    body = value.encode()
    return Struct(
        STRING, len(value.encode("utf-16-le")) // 2, write_var_uint(len(body)) + body, **origins
    )


def run(kind: int, length: int, body: str = "", **origins: Any) -> Struct:
    return Struct(kind, length, write_var_uint(length) + bytes.fromhex(body), **origins)


def part(structs: list[Struct], first: int, after: int = _ALL, *, clock: int = 0) -> bytes:
    return take_part(Update([Section(1, clock, structs)]).encode(), {1: (first, after)}, [])


def update(clock: int, *structs: Struct) -> bytes:
    return Update([Section(1, clock, list(structs))]).encode()


def test_part_of_whole_structs_is_copied() -> None:
    """Clients and deletions that are not named are left out."""
    structs = [text("ab", parent="t"), text("cd", left=(1, 1)), text("ef", left=(1, 3))]
    whole = Update([Section(1, 0, structs), Section(2, 5, [run(GC, 3)])], [(1, 0, 1), (2, 0, 4)])

    taken = take_part(whole.encode(), {1: (2, 4)}, [(2, 0, 2), (2, 3, 4), (7, 1, 2)])

    assert (
        taken == Update([Section(1, 2, structs[1:2])], [(2, 0, 2), (2, 3, 1), (7, 1, 1)]).encode()
    )


@pytest.mark.parametrize(
    ("struct", "right_part"),
    [
        (text("abc", parent="t"), text("bc", left=(1, 4))),
        (text("abc", parent=(3, 4), key="k"), text("bc", left=(1, 4))),
        (text("abc", left=(2, 7)), text("bc", left=(1, 4))),
        (text("abc", right=(2, 7)), text("bc", left=(1, 4), right=(2, 7))),
        (text("abc", left=(9, 9), right=(2, 300)), text("bc", left=(1, 4), right=(2, 300))),
        (run(DELETED, 3, parent="t"), run(DELETED, 2, left=(1, 4))),
        (run(ANY, 3, "7e797d05", parent="t"), run(ANY, 2, "797d05", left=(1, 4))),
        (run(JSON, 3, "013109756e646566696e65640132", parent="t"),
         run(JSON, 2, "09756e646566696e65640132", left=(1, 4))),
        (run(GC, 3), run(GC, 2)),
    ],
    ids=["in a root", "under a key", "behind", "before", "between", "deleted", "values", "JSON",
         "collected"],
)  # fmt: skip
def test_right_part_follows_the_clock_before_it(struct: Struct, right_part: Struct) -> None:
    """The right part keeps the right origin, and has no parent of its own."""
    assert part([struct, run(GC, 1)], 5, 7, clock=4) == update(5, right_part)


@pytest.mark.parametrize(
    ("struct", "left_part"),
    [
        (text("abc", parent="t"), text("ab", parent="t")),
        (text("abc", left=(9, 9), right=(2, 300)), text("ab", left=(9, 9), right=(2, 300))),
        (run(DELETED, 3, parent="t"), run(DELETED, 2, parent="t")),
        (run(ANY, 3, "7e7d0579", parent="t"), run(ANY, 2, "7e7d05", parent="t")),
        (run(JSON, 3, "013101330132", parent="t"), run(JSON, 2, "01310133", parent="t")),
        (run(GC, 3), run(GC, 2)),
    ],
    ids=["in a root", "between", "deleted", "values", "JSON", "collected"],
)
def test_left_part_has_the_place_of_the_whole(struct: Struct, left_part: Struct) -> None:
    assert part([struct], 0, 6, clock=4) == update(4, left_part)


def test_part_from_the_middle_is_cut_twice() -> None:
    assert part([text("abcdef", right=(2, 7))], 2, 4) == update(
        2, text("cd", left=(1, 1), right=(2, 7))
    )


@pytest.mark.parametrize(
    ("first", "after", "expected"),
    [
        (0, 2, "a\ufffd"),
        (2, 4, "\ufffdb"),
        (1, 3, "😀"),
        (2, 3, "\ufffd"),
        (1, 2, "\ufffd"),
        (3, 4, "b"),
        (0, 1, "a"),
    ],
)
def test_half_a_surrogate_pair_becomes_a_replacement(first: int, after: int, expected: str) -> None:
    """As in Yjs, the replacement U+FFFD has the length of half a pair: one UTF-16 code unit."""
    _, *rest = update(0, text("a😀b", parent="t"))
    taken = StructSlicer(bytes([1, *rest])).slice(4, pack_id(1, 0), 4, first, after)

    assert taken.endswith(write_var_uint(len(expected.encode())) + expected.encode())


def test_holes_are_kept_only_inside_a_part() -> None:
    """A part neither begins nor ends with a hole.

    Yjs would wait for the structs of a hole at the beginning, and a hole at the end has no meaning.
    """
    structs = [run(SKIP, 2), text("ab", left=(2, 0)), run(SKIP, 3), run(GC, 1), run(SKIP, 9)]

    assert part(structs, 1) == update(2, *structs[1:4])
    assert part(structs, 4) == update(7, structs[3])
    assert part(structs, 3, 6) == update(3, text("b", left=(1, 2)))
    assert part(structs, 0, 2) == part(structs, 8) == EMPTY


def test_delete_set_groups_ranges_of_a_client() -> None:
    assert delete_set([(1, 0, 2), (5, 1, 2), (1, 3, 300)]).hex() == "020102000203a90205010101"


@pytest.mark.parametrize("seed", range(6))
def test_parts_equal_parts_of_yjs_and_make_the_whole(yjs: Yjs, seed: int) -> None:
    """The right part of a cut state equals Yjs's `diffUpdate`, and both parts make the whole."""
    rng = random.Random(seed)
    history = yjs.history(seed, 3, 60)
    whole = yjs.merge(*history.updates)
    clocks = yjs.clocks(whole)
    for _ in range(10):
        cut = {client: rng.randrange(clock + 1) for client, clock in clocks.items()}

        right = take_part(whole, {client: (clock, _ALL) for client, clock in cut.items()}, [])

        without_deletions = take_part(whole, dict.fromkeys(clocks, (0, _ALL)), [])
        assert yjs.state(right) == yjs.state(yjs.diff(without_deletions, state_vector(cut)))
        left = take_part(whole, {client: (0, clock) for client, clock in cut.items()}, [])
        if (left + right).count(_REPLACEMENT) == whole.count(_REPLACEMENT):
            assert yjs.state(yjs.merge(left, right)) == yjs.state(without_deletions)
