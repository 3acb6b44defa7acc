"""Tests of admission: which part of an update is applied, and in which form."""

import pytest

from crdt.errors import Rejected
from crdt.structs.admission import Admitted, check_update
from crdt.structs.struct_index import StructIndex
from crdt.wire.content import ANY
from crdt.wire.parsed_update import Placement
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.update_parser import parse, read
from tests.crdt.harness import EMPTY, Typist
from tests.crdt.struct_bytes import gone, placed, text, update_of
from tests.fuzz.structure import Section, Struct, Update


def check(
    index: StructIndex,
    update: bytes,
    author: str = "ada",
    state: bytes = EMPTY,
    *,
    accepts_foreign: bool = False,
) -> Admitted:
    parsed = read(update)
    foreign = frozenset[int]() if accepts_foreign else index.foreign(parsed, author)
    return check_update(index, parsed, author, foreign, lambda: state)


@pytest.fixture
def typist() -> Typist:
    return Typist(5)


@pytest.fixture
def index(typist: Typist) -> StructIndex:
    """An index of a document with the text "abc"."""
    index = StructIndex()
    index.take_stored(parse(typist.insert(0, "abc")), "ada")
    return index


def test_check_update_of_new_structs_returns_them_with_places(
    index: StructIndex, typist: Typist
) -> None:
    update = typist.insert(3, "d")

    admitted, missing, _ = check(index, update)

    assert admitted is not None
    assert admitted.update == update
    assert admitted.placement == Placement(text_roots={"codemirror"})
    assert not missing


def test_check_update_of_known_structs_returns_nothing(index: StructIndex, typist: Typist) -> None:
    """Any user may send known structs again, with any content, and nothing changes."""
    forged = Typist(5)

    assert check(index, typist.made[0]) == Admitted(None)
    assert check(index, forged.insert(0, "xyz"), "bob") == Admitted(None)


def test_check_update_of_known_structs_with_deletions_returns_only_these(
    index: StructIndex, typist: Typist
) -> None:
    """A stock client that is asked for everything answers with known structs and deletions."""
    typist.delete(0, 1)

    admitted, *_ = check(index, typist.doc.get_update(), "bob")

    assert admitted is not None
    assert admitted.spans == {}
    assert admitted.ranges == [(5, 0, 1)]


def test_check_update_known_in_part_returns_the_new_part(
    index: StructIndex, typist: Typist
) -> None:
    """The first new struct is cut at the document's clock, as in Yjs."""
    typist.insert(3, "d")

    admitted, missing, _ = check(index, typist.doc.get_update())

    assert admitted is not None
    assert admitted.update == typist.made[-1]
    assert not missing


def test_check_update_with_a_hole_returns_the_part_before_the_hole(
    index: StructIndex, typist: Typist
) -> None:
    """Structs and deletions after a hole are missing. Structs of other clients are taken."""
    typist.insert(3, "d")
    typist.insert(4, "e")
    other = Typist(6, root="other")
    holed = bytes.fromhex(
        "02" + "03" + "05" + "03" + "8405020164" + "0a01" + "8405040166" + "010600" + "0401"
    )
    update = holed + bytes.fromhex("056f746865720178" + "01" + "05" + "02" + "0201" + "0302")
    assert other.insert(0, "x")

    admitted, missing, _ = check(index, update)

    assert admitted is not None
    assert admitted.spans == {5: (3, 4), 6: (0, 1)}
    assert admitted.ranges == [(5, 2, 3), (5, 3, 4)]
    assert missing == {5}


def test_check_update_whose_origins_are_all_missing_returns_nothing(
    index: StructIndex, typist: Typist
) -> None:
    typist.insert(3, "d")

    assert check(index, typist.insert(4, "e")) == Admitted(None, frozenset((5,)))
    assert check(index, bytes.fromhex("0001" + "09" + "01" + "0001")) == Admitted(
        None, frozenset((9,))
    )


def test_check_update_under_foreign_client_id_leaves_foreign_structs_out(
    index: StructIndex, typist: Typist
) -> None:
    """Structs of the foreign id, and all structs that depend on them, are left out."""
    typist.insert(3, "d")
    own = Typist(6)
    own.hear(typist.doc.get_update())
    own.insert(4, "e")
    own.insert(0, "f")

    admitted, missing, _ = check(index, own.doc.get_update(), "bob")

    assert admitted is None
    assert missing == {5, 6}
    assert check(index, own.doc.get_update(), "bob", accepts_foreign=True).parsed


def test_check_update_of_id_without_owner_requires_equal_known_structs(typist: Typist) -> None:
    """A client that extends an id without an owner must have the same known structs.

    Otherwise two clients may have used that id.
    """
    known = typist.insert(0, "abc")
    index = StructIndex()
    index.take_stored(parse(known), "", is_unclaimed=True)
    typist.insert(3, "d")
    forged = Typist(5)
    forged.insert(0, "xyz!")

    admitted, missing, _ = check(index, typist.doc.get_update(), "bob", known)
    assert admitted is not None
    assert (admitted.spans, missing) == ({5: (3, 4)}, frozenset())

    assert check(index, forged.doc.get_update(), "bob", known) == Admitted(
        None, frozenset((5,)), {5}
    )


def test_check_update_that_refers_to_a_different_known_struct_is_refused(
    index: StructIndex,
) -> None:
    """The new part of an update may fit only because its known part has other content.

    Then it is refused.
    """
    with pytest.raises(Rejected, match="differ"):
        check(index, bytes.fromhex("010105" + "00" + "4409" + "07" + "0561626364650" + "0"))


def test_check_update_next_to_collected_struct_is_collected(index: StructIndex) -> None:
    """A struct next to a collected struct is passed on as a collected struct, as Yjs would do."""
    index.take_stored(parse(update_of(gone(2))), "ada")

    admitted, *_ = check(index, update_of(placed(text("xy"), left=(1, 1), right=(5, 0)), client=2))

    assert admitted is not None
    assert admitted.update == update_of(gone(2), client=2)


def test_check_update_splits_values_under_a_key(index: StructIndex) -> None:
    """Several values in one struct are split, because yrs hangs or crashes on them."""
    values = Struct(ANY, 2, b"\x02\x7d\x01\x7d\x02")
    values.parent, values.key = "m", "k"

    admitted, *_ = check(index, Update([Section(9, 0, [values])]).encode())

    assert admitted is not None
    assert count_structs(admitted) == 2
    assert admitted.placement is not None
    assert admitted.placement.parents == {9: [(0, ("m", "k"))]}


def test_check_update_between_two_roots_is_refused(index: StructIndex) -> None:
    other = Typist(6, root="other")
    index.take_stored(parse(other.insert(0, "x")), "ada")

    with pytest.raises(Rejected, match="different parents"):
        check(index, bytes.fromhex("010109" + "00" + "c40502" + "0600" + "0178" + "00"))
