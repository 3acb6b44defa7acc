"""The room's table of structs."""

import contextlib

import pytest

from crdt.document.struct_index import MAX_DEPTH, MAX_PARENTS, MAX_ROOTS, StructIndex
from crdt.errors import ForeignClient, Gap, Rejected
from crdt.wire.lib0 import write_var_uint
from crdt.wire.update_parser import parse
from harness.hostile import B3, many_roots, nested_types
from tests.crdt.harness import Typist


def index_with(*updates: bytes, author: str = "ada") -> StructIndex:
    index = StructIndex()
    for update in updates:
        parsed = parse(update)
        index.admit(parsed, author)
        index.take(parsed, author, Applied())
    return index


class Applied:
    """Plays `Document.apply`: notes what it is given, and answers or raises as it is told."""

    def __init__(self, answer: bool | Exception = True) -> None:
        self.cuts: list[bool] = []
        self._answer = answer

    def __call__(self, update: bytes, /, *, cuts: bool) -> bool:
        self.cuts.append(cuts)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_admitted_update_moves_clocks_and_sets_owners() -> None:
    """An admitted update moves its clients' clocks and gives new ones an owner."""
    index = index_with(B3)

    assert index.clocks == {1: 3, 2: 3, 3: 3}
    assert index.owners == {1: "ada", 2: "ada", 3: "ada"}
    assert index.text_roots == ("text",)


def test_update_with_missing_structs_origins_or_deletions_is_gap() -> None:
    """Structs, origins or deletions that are not there yet are a gap, not an error."""
    typist = Typist(1)
    first, second = typist.insert(0, "a"), typist.insert(1, "b")
    other = Typist(2)
    other.hear(typist.doc.get_update())
    refers = other.insert(2, "c")
    deletes_unknown = bytes.fromhex("000107010501")
    index = index_with(first)

    for update in (refers, deletes_unknown):
        with pytest.raises(Gap):
            index.admit(parse(update), "bob")
    with pytest.raises(Gap):
        StructIndex().admit(parse(second), "ada")


def test_client_id_is_extended_by_owner_only() -> None:
    """F5: another user's new structs are refused, known ones are not, and carrying them is an exception."""
    typist = Typist(1)
    first, second = typist.insert(0, "a"), typist.insert(1, "b")
    index = index_with(first)

    with pytest.raises(ForeignClient):
        index.admit(parse(second), "bob")
    index.admit(parse(first), "bob")
    index.admit(parse(second), "bob", accepts_foreign=True)
    index.admit(parse(second), "ada")


def test_unclaimed_client_id_belongs_to_next_user() -> None:
    """A client id that somebody carried along belongs to whoever uses it next."""
    typist = Typist(1)
    first, second = parse(typist.insert(0, "a")), parse(typist.insert(1, "b"))
    index = StructIndex()

    index.take(first, "carrier", Applied(), unclaimed={1})
    index.take(second, "owner", Applied())

    assert index.owners == {1: "owner"}


def test_parent_that_is_no_type_is_refused() -> None:
    """A parent that is text, or nothing, is refused before yrs applies half of it."""
    index = index_with(B3)

    with pytest.raises(Rejected, match="not a shared type"):
        index.admit(parse(bytes.fromhex("01010700070003010000")), "ada")


def test_nesting_deeper_than_32_is_refused() -> None:
    """Types nest 32 deep and not deeper."""
    index_with(nested_types(MAX_DEPTH))
    with pytest.raises(Rejected, match="too deep"):
        index_with(nested_types(MAX_DEPTH + 1))


def test_nesting_without_named_depths_is_bounded_by_number_of_parents() -> None:
    """Without named depths the number of parents bounds the depth."""

    def two_levels(first: int, count: int) -> bytes:
        structs = []
        for pair in range(count):
            clock = first + 2 * pair
            structs.append(b"\x07\x01\x04root\x00" if clock == 0 else b"\x87\x01" + write_var_uint(clock - 2) + b"\x00")
            structs.append(b"\x04\x00\x01" + write_var_uint(clock) + b"\x01x")
        return b"\x01" + write_var_uint(2 * count) + b"\x01" + write_var_uint(first) + b"".join(structs) + b"\x00"

    index = StructIndex()
    for first in range(0, 2 * MAX_PARENTS, 2000):
        parsed = parse(two_levels(first, 1000))
        index.admit(parsed, "ada")
        index.take(parsed, "ada", Applied())

    with pytest.raises(Rejected, match="too many nested"):
        index.admit(parse(two_levels(2 * MAX_PARENTS, 1)), "ada")


def test_roots_beyond_256_are_refused() -> None:
    """A document has at most 256 roots."""
    index_with(many_roots(MAX_ROOTS))
    with pytest.raises(Rejected, match="root types"):
        index_with(many_roots(MAX_ROOTS + 1))


@pytest.mark.parametrize(
    ("start", "end", "is_cut"), [(0, 1, False), (1, 3, False), (2, 3, True), (1, 2, True), (3, 4, False)]
)
def test_deletion_of_half_a_surrogate_pair_is_noted(start: int, end: int, is_cut: bool) -> None:
    """A deletion of half a surrogate pair is noted, of a whole one not. The text is x😀y."""
    index = index_with(Typist(1).insert(0, "x😀y"))
    applied = Applied()

    for _ in range(2):
        index.take(parse(bytes((0, 1, 1, 1, start, end - start))), "ada", applied)

    assert applied.cuts == [is_cut, False]
    assert bool(index.split_surrogates) is is_cut


@pytest.mark.parametrize("answer", [Rejected("no"), False])
def test_take_refused_update_leaves_no_trace(answer: Exception | bool) -> None:
    """An update that pycrdt refuses, or that changes nothing, is not recorded."""
    typist = Typist(1)
    index = index_with(typist.insert(0, "x😀"))
    update = bytes.fromhex("01020200840101017800") if isinstance(answer, Exception) else typist.insert(3, "y")

    with contextlib.suppress(Rejected):
        assert not index.take(parse(update), "bob", Applied(answer))

    assert index.clocks == {1: 3}
    assert index.owners == {1: "ada"}
    assert index.split_surrogates == set()


def test_take_stored_update_is_admitted_under_any_client_id() -> None:
    """What the store has may hold other users' structs; a gap in it is still found."""
    typist = Typist(1)
    first, second, third = (parse(typist.insert(at, "a")) for at in range(3))
    index, applied = StructIndex(), Applied()

    index.take_stored(first, "ada")
    with pytest.raises(Gap):
        index.take_stored(third, "ada")
    index.take_stored(second, "bob", applied)

    assert index.clocks == {1: 2}
    assert index.owners == {1: "ada"}
    assert applied.cuts == [False]


def test_take_stored_unclaimed_update_sets_no_owner() -> None:
    """The structs of a merged state belong to nobody until their user comes back."""
    index = StructIndex()

    index.take_stored(parse(Typist(1).insert(0, "a")), "ada", is_unclaimed=True)

    assert index.clocks == {1: 1}
    assert index.owners == {}


def test_insertion_inside_surrogate_pair_is_noted() -> None:
    """Text put between the halves, left or right origin naming it."""
    for update in ("0101" + "02008401010178" + "00", "0101" + "02004401020178" + "00"):
        index = index_with(Typist(1).insert(0, "x😀"))
        applied = Applied()

        index.take(parse(bytes.fromhex(update)), "ada", applied)

        assert applied.cuts == [True]
