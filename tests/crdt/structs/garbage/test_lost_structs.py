"""Tests of finding the structs that lie in deleted shared types."""

from crdt.structs.garbage.lost_structs import StructPlaces, deleted_ranges, lost_ranges, superseded
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import gone, placed, text, value
from tests.fuzz.structure import Section, Update, shared_type

_ARRAY, _TEXT = 0, 2


def nested() -> Parsed:
    """Return a map with a deleted list (clock 0) and a text (7, which contains 8 to 11).

    The list contains a text (1, which contains 2 to 5) and a value (6).
    """
    structs = [
        placed(shared_type(_ARRAY), parent="tree", key="list"),
        placed(shared_type(_TEXT), parent=(1, 0)),
        placed(text("lost"), parent=(1, 1)),
        placed(value(), left=(1, 1)),
        placed(shared_type(_TEXT), parent="tree", key="text"),
        placed(text("kept"), parent=(1, 7)),
    ]
    return parse(Update([Section(1, 0, structs)], [(1, 0, 1)]).encode(), STORED_LIMITS)


def test_deleted_ranges_are_in_order_and_do_not_overlap() -> None:
    """Neighbouring ranges are joined."""
    ranges = [(1, 5, 7), (2, 0, 1), (1, 0, 2), (1, 1, 3), (1, 7, 9)]

    assert deleted_ranges(ranges) == {1: [(0, 3), (5, 9)], 2: [(0, 1)]}


def test_lost_types_include_those_in_a_deleted_type() -> None:
    """A type inside a deleted type is lost, even if no deletion names it."""
    parsed = nested()

    lost = StructPlaces(parsed).lost_types(deleted_ranges(parsed.ranges))

    assert lost == {pack_id(1, 0), pack_id(1, 1)}


def test_lost_ranges_have_all_structs_in_lost_types() -> None:
    """The deleted type itself is not lost, because it lies in a living type."""
    parsed = nested()
    places = StructPlaces(parsed)

    lost = lost_ranges(
        places.placement, places.lost_types(deleted_ranges(parsed.ranges)), parsed.spans
    )

    assert [clock for start, end in lost[1] for clock in range(start, end)] == [1, 2, 3, 4, 5, 6]


def test_lost_ranges_include_structs_after_collected_structs() -> None:
    """Structs after a collected struct are lost, because Yjs collects them, too."""
    structs = [gone(2), placed(text("late"), left=(1, 1))]
    parsed = parse(Update([Section(1, 0, structs)]).encode(), STORED_LIMITS)

    lost = lost_ranges(StructPlaces(parsed).placement, set(), parsed.spans)

    assert lost == {1: [(0, 6)]}


def test_document_with_one_place_has_one_run() -> None:
    """In a document with one place, no place has to be looked up."""
    parsed = parse(Update([Section(1, 0, [placed(text("one"), parent="notes")])]).encode())

    assert StructPlaces(parsed).runs(1) == [(0, ("notes", None))]


def test_superseded_values_are_all_values_of_a_key_but_the_last() -> None:
    """Two of three values that clients set at the same time are hidden.

    One of the hidden values is left out, because a deletion names it.
    """
    sections = [
        Section(client, 0, [placed(value(), parent="map", key="k")]) for client in (1, 2, 3)
    ]
    sections.append(Section(4, 0, [placed(value(), parent="map", key="other")]))
    state = Update(sections, [(2, 0, 1)]).encode()
    parsed = parse(state, STORED_LIMITS)

    hidden = superseded(state, parsed, StructPlaces(parsed), deleted_ranges(parsed.ranges))

    assert hidden == [(1, 0, 1)]
