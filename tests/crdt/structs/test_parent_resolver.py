"""Tests of finding the places of new structs. They must be the same places that Yjs finds."""

import pytest

from crdt.errors import Rejected
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import GONE, Placement
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import deleted, gone, placed, text, update_of, value
from tests.fuzz.structure import Section, Struct, Update, shared_type

BASE = update_of(
    placed(text("ab"), parent="text"),
    placed(shared_type(1), parent="map", key="inner"),
    placed(deleted(2), parent="map", key="lost"),
    gone(2),
)
"""Seven clocks of client 1.

0-1    in a text
2      a map under a key of a map
3-4    deleted, under another key
5-6    gone
"""


@pytest.fixture
def index() -> StructIndex:
    index = StructIndex()
    index.take_stored(parse(BASE), "ada")
    return index


def look_up(index: StructIndex, *structs: Struct) -> Placement:
    return index.place(parse(update_of(*structs, client=2)))


@pytest.mark.parametrize(
    "struct",
    [
        placed(text("x"), left=(1, 5)),
        placed(text("x"), right=(1, 6)),
        placed(text("x"), left=(1, 1), right=(1, 5)),
        placed(text("x"), left=(1, 6), right=(1, 0)),
        placed(text("x"), parent=(1, 5)),
        placed(value(), parent=(1, 5), key="k"),
        placed(value(), parent=(1, 3), key="k"),
    ],
)
def test_struct_next_to_or_in_collected_content_is_collected(
    index: StructIndex, struct: Struct
) -> None:
    """A struct is collected if a neighbour was collected, or if its parent was deleted."""
    placement = look_up(index, struct)

    assert placement.parents == {2: [(0, GONE)]}
    assert placement.collected == [(2, 0, 1)]


def test_structs_after_and_in_collected_structs_are_collected(index: StructIndex) -> None:
    """A paragraph inside collected content is collected with all its own content."""
    placement = look_up(
        index,
        placed(shared_type(3), parent=(1, 5)),
        placed(text("x"), parent=(2, 0)),
        placed(text("y"), left=(2, 1)),
        placed(text("z"), left=(1, 1)),
    )

    assert placement.collected == [(2, 0, 1), (2, 1, 3)]
    assert placement.types == {}
    assert placement.text_roots == {"text"}


def test_parent_that_is_text_is_refused(index: StructIndex) -> None:
    """A struct whose parent is a text is refused, because yrs would apply half of it.

    No client makes such a struct. In the log of an earlier release it counts as gone.
    """
    inside_text = placed(shared_type(1), parent=(1, 0))
    with pytest.raises(Rejected, match="not a shared type"):
        look_up(index, inside_text)
    with pytest.raises(Rejected, match="not a shared type"):
        look_up(index, placed(text("x"), parent="text"), placed(text("x"), parent=(2, 0)))

    index.take_stored(parse(update_of(inside_text, client=2)), "ada")

    assert index.parents.at(pack_id(2, 0)) == GONE


def test_parent_may_be_deleted_in_the_same_update(index: StructIndex) -> None:
    """A parent may be deleted in a later section of the same update."""
    inside = Section(3, 0, [placed(text("x"), parent=(2, 1)), placed(text("x"), parent=(2, 0))])
    update = Update([inside, Section(2, 0, [placed(deleted(1), parent="list"), gone(1)])])

    placement = index.place(parse(update.encode()))

    assert placement.collected == [(3, 0, 1), (3, 1, 2)]


def test_types_know_their_depth(index: StructIndex) -> None:
    """The depth of a type is known, even if only a neighbour or several new types lead to it."""
    placement = look_up(
        index,
        placed(shared_type(0), parent=(1, 2), key="list"),
        placed(shared_type(1), parent=(2, 0)),
        placed(shared_type(1), left=(2, 1)),
        placed(shared_type(0), parent=(2, 2), key="list"),
        placed(shared_type(0), parent="map", key="a"),
    )

    assert [depth for depth, _ in placement.types.values()] == [2, 3, 3, 4, 1]


def test_root_is_text_by_its_own_content_only(index: StructIndex) -> None:
    """Content under a key of a root, or in a type, does not make the root a text."""
    placement = look_up(
        index,
        placed(deleted(1), parent="first deleted"),
        placed(text("x"), left=(2, 0)),
        placed(value(), parent="map", key="k"),
        placed(shared_type(2), parent="map", key="text"),
        placed(text("x"), parent=(2, 3)),
        placed(text("x"), parent=""),
    )

    assert placement.text_roots == {"first deleted", ""}
    assert placement.deleted == [(2, 0, 1)]
