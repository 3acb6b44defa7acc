"""Tests of the struct index, the room's table of structs."""

import contextlib

import pytest

from crdt.errors import Gap, LimitExceeded, Rejected
from crdt.limits import MAX_ROOTS
from crdt.structs import type_table
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse
from harness.hostile import B3, many_roots, nested_types
from tests.crdt.harness import Typist


def index_with(*updates: bytes, author: str = "ada") -> StructIndex:
    index = StructIndex()
    for update in updates:
        parsed = parse(update)
        index.check_complete(parsed)
        index.place(parsed)
        index.take(parsed, author, Applied())
    return index


class Applied:
    """A function like `Document.apply`.

    It records its calls, and returns or raises what the test gave it.
    """

    def __init__(self, answer: bool | Exception = True) -> None:
        self.cuts: list[bool] = []
        self._answer = answer

    def __call__(self, _parsed: Parsed, /, *, cuts: bool) -> bool:
        self.cuts.append(cuts)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_admitted_update_moves_clocks_and_sets_owners() -> None:
    """An admitted update advances the clocks of its clients, and gives new clients an owner."""
    index = index_with(B3)

    assert index.clocks == {1: 3, 2: 3, 3: 3}
    assert index.owners == {1: "ada", 2: "ada", 3: "ada"}
    assert index.text_roots == ("text",)


def test_update_with_missing_structs_origins_or_deletions_is_gap() -> None:
    """A missing struct, origin or deleted struct is a gap, and no other error."""
    typist = Typist(1)
    first, second = typist.insert(0, "a"), typist.insert(1, "b")
    other = Typist(2)
    other.hear(typist.doc.get_update())
    refers = other.insert(2, "c")
    deletes_unknown = bytes.fromhex("000107010501")
    index = index_with(first)

    for update in (refers, deletes_unknown):
        with pytest.raises(Gap):
            index.check_complete(parse(update))
    with pytest.raises(Gap):
        StructIndex().check_complete(parse(second))
    index.check_complete(parse(second))


def test_new_structs_under_client_id_of_another_user_are_foreign() -> None:
    """Structs count as foreign only if they are new and their client id has another owner."""
    typist = Typist(1)
    first, second = parse(typist.insert(0, "a")), parse(typist.insert(1, "b"))
    index = index_with(first.update)

    assert index.foreign(second, "bob") == {1}
    assert (
        index.foreign(first, "bob")
        == index.foreign(second, "ada")
        == StructIndex().foreign(second, "bob")
        == set()
    )


def test_unclaimed_client_id_belongs_to_next_user() -> None:
    """A client id whose structs another user brought belongs to the user who uses it next."""
    typist = Typist(1)
    first, second = parse(typist.insert(0, "a")), parse(typist.insert(1, "b"))
    index = StructIndex()

    index.take(first, "carrier", Applied(), unclaimed={1})
    index.take(second, "owner", Applied())

    assert index.owners == {1: "owner"}


def test_roots_beyond_limit_are_refused() -> None:
    """A document has at most 4,096 roots. An update into existing roots needs no new root."""
    index = index_with(many_roots(MAX_ROOTS))
    index.place(parse(Typist(2, root="r1").insert(0, "x")))
    with pytest.raises(LimitExceeded, match="root types") as caught:
        index_with(many_roots(MAX_ROOTS + 1))
    assert caught.value.limit == "roots"


def test_types_beyond_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits on shared types hold before an update is applied."""
    index = StructIndex()
    monkeypatch.setattr(type_table, "MAX_TYPE_DEPTH", 2)

    index.place(parse(nested_types(2)))
    with pytest.raises(LimitExceeded, match="levels"):
        index.place(parse(nested_types(3)))


def test_root_is_text_as_soon_as_it_contains_text() -> None:
    """A root is a text as soon as text lies in it, even after a deleted first struct.

    A client that types there later does not name the root.
    """
    base = "010101000101017401" + "00"
    index = index_with(bytes.fromhex(base))
    assert (index.text_roots, index.is_plain) == ((), False)

    index = index_with(bytes.fromhex(base), bytes.fromhex("010101018401000178" + "00"))

    assert (index.text_roots, index.is_plain) == (("t",), True)


@pytest.mark.parametrize("first", ["06010174" + "0162" + "0474727565", "05010174" + "027b7d"])
def test_root_that_begins_with_format_or_embed_is_text(first: str) -> None:
    assert index_with(bytes.fromhex("01010100" + first + "00")).text_roots == ("t",)


def test_unnamed_root_is_a_root() -> None:
    """`doc.getText()` without a name means the root with the empty name."""
    index = index_with(Typist(1, root="").insert(0, "x"))

    assert index.roots == {""}
    assert index.text_roots == ("",)


@pytest.mark.parametrize(
    ("start", "end", "is_cut"),
    [(0, 1, False), (1, 3, False), (2, 3, True), (1, 2, True), (3, 4, False)],
)
def test_deletion_of_half_a_surrogate_pair_is_noted(start: int, end: int, is_cut: bool) -> None:
    """The deletion of half a surrogate pair is noted, and that of a whole pair is not.

    The text is "x😀y".
    """
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
    update = (
        bytes.fromhex("01020200840101017800")
        if isinstance(answer, Exception)
        else typist.insert(3, "y")
    )

    with contextlib.suppress(Rejected):
        assert not index.take(parse(update), "bob", Applied(answer))

    assert index.clocks == {1: 3}
    assert index.owners == {1: "ada"}
    assert index.split_surrogates == set()


def test_take_stored_update_is_admitted_under_any_client_id() -> None:
    """A stored update may have structs of other users, but a gap in it is still an error."""
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
    """The index notes text between the halves of a pair, by its left origin or its right origin."""
    for update in ("0101" + "02008401010178" + "00", "0101" + "02004401020178" + "00"):
        index = index_with(Typist(1).insert(0, "x😀"))
        applied = Applied()

        index.take(parse(bytes.fromhex(update)), "ada", applied)

        assert applied.cuts == [True]
