"""What of an update is applied, and in which form."""

import pytest

from crdt.document.admission import check_update
from crdt.document.struct_index import StructIndex
from crdt.errors import ForeignClient, Gap, Rejected
from crdt.wire.content import ANY
from crdt.wire.parsed_update import Parsed, Placement
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist
from tests.fuzz.structure import Section, Struct, Update


def check(index: StructIndex, update: bytes, author: str = "ada") -> Parsed | None:
    return check_update(index, parse(update), author, accepts_foreign=False)


@pytest.fixture
def typist() -> Typist:
    return Typist(5)


@pytest.fixture
def index(typist: Typist) -> StructIndex:
    """A document with the text "abc"."""
    index = StructIndex()
    index.take_stored(parse(typist.insert(0, "abc")), "ada")
    return index


def test_check_update_of_new_structs_returns_them_with_parents(index: StructIndex, typist: Typist) -> None:
    update = typist.insert(3, "d")

    admitted = check(index, update)

    assert admitted is not None
    assert admitted.update == update
    assert admitted.placement == Placement(text_roots={"codemirror"})


def test_check_update_of_known_structs_returns_nothing(index: StructIndex, typist: Typist) -> None:
    """They may be sent again by anybody, with any content."""
    forged = Typist(5)

    assert check(index, typist.made[0]) is None
    assert check(index, forged.insert(0, "xyz"), "bob") is None


def test_check_update_of_known_structs_with_deletions_returns_only_these(index: StructIndex, typist: Typist) -> None:
    """A stock client's answer to a question for everything has both."""
    typist.delete(0, 1)

    admitted = check(index, typist.doc.get_update(), "bob")

    assert admitted is not None
    assert admitted.spans == {}
    assert admitted.ranges == [(5, 0, 1)]


def test_check_update_known_in_part_is_a_gap(index: StructIndex, typist: Typist) -> None:
    """Its sender is asked for what is new, and then sends that alone."""
    typist.insert(3, "d")

    with pytest.raises(Gap, match="part"):
        check(index, typist.doc.get_update())


def test_check_update_under_foreign_client_id_is_refused(index: StructIndex, typist: Typist) -> None:
    with pytest.raises(ForeignClient):
        check(index, typist.insert(3, "d"), "bob")


def test_check_update_splits_values_under_a_key(index: StructIndex) -> None:
    """Yrs hangs or dies over several in one struct."""
    values = Struct(ANY, 2, b"\x02\x7d\x01\x7d\x02")
    values.parent, values.key = "m", "k"

    admitted = check(index, Update([Section(9, 0, [values])]).encode())

    assert admitted is not None
    assert len(admitted.parent_changes) == 2
    assert admitted.placement is not None
    assert admitted.placement.parents == {9: [(0, ("m", "k"))]}


def test_check_update_between_two_roots_is_refused(index: StructIndex) -> None:
    other = Typist(6, root="other")
    index.take_stored(parse(other.insert(0, "x")), "ada")

    with pytest.raises(Rejected, match="apart"):
        check(index, bytes.fromhex("010109" + "00" + "c40502" + "0600" + "0178" + "00"))
