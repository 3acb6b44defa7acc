"""What lies in shared types that were deleted."""

from crdt.structs.garbage.lost_structs import StructPlaces, deleted_ranges, lost_ranges, superseded
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import gone, placed, text, value
from tests.fuzz.structure import Section, Update, shared_type

_ARRAY, _TEXT = 0, 2


def nested() -> Parsed:
    """A map with a list (0) that has a text (1 with 2 to 5 in it) and a value (6),
    and with a text (7, 8 to 11).
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
    """Neighbours are one."""
    ranges = [(1, 5, 7), (2, 0, 1), (1, 0, 2), (1, 1, 3), (1, 7, 9)]

    assert deleted_ranges(ranges) == {1: [(0, 3), (5, 9)], 2: [(0, 1)]}


def test_lost_types_include_those_in_a_deleted_type() -> None:
    """Also if no deletion names them."""
    parsed = nested()

    lost = StructPlaces(parsed).lost_types(deleted_ranges(parsed.ranges))

    assert lost == {pack_id(1, 0), pack_id(1, 1)}


def test_lost_ranges_are_all_structs_in_lost_types() -> None:
    """The deleted type itself lies in a living one, and is not among them."""
    parsed = nested()
    places = StructPlaces(parsed)

    found = lost_ranges(
        places.placement, places.lost_types(deleted_ranges(parsed.ranges)), parsed.spans
    )

    assert [clock for start, end in found[1] for clock in range(start, end)] == [1, 2, 3, 4, 5, 6]


def test_lost_ranges_include_what_lies_behind_something_collected() -> None:
    """Yjs collects it too."""
    structs = [gone(2), placed(text("late"), left=(1, 1))]
    parsed = parse(Update([Section(1, 0, structs)]).encode(), STORED_LIMITS)

    found = lost_ranges(StructPlaces(parsed).placement, set(), parsed.spans)

    assert found == {1: [(0, 6)]}


def test_runs_of_document_with_one_place_is_that_place() -> None:
    """Nothing has to be looked up."""
    parsed = parse(Update([Section(1, 0, [placed(text("one"), parent="notes")])]).encode())

    assert StructPlaces(parsed).runs(1) == [(0, ("notes", None))]


def test_superseded_values_are_all_but_the_last_of_a_key() -> None:
    """Two of three values set at the same time are hidden;
    one that a deletion names counts no more.
    """
    sections = [
        Section(client, 0, [placed(value(), parent="map", key="k")]) for client in (1, 2, 3)
    ]
    sections.append(Section(4, 0, [placed(value(), parent="map", key="other")]))
    state = Update(sections, [(2, 0, 1)]).encode()
    parsed = parse(state, STORED_LIMITS)

    hidden = superseded(state, parsed, StructPlaces(parsed), deleted_ranges(parsed.ranges))

    assert hidden == [(1, 0, 1)]
