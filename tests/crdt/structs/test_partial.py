"""Tests of the part of an update that can be integrated."""

from collections.abc import Mapping

import pytest

from crdt.structs.partial import find_part
from crdt.wire.content import SKIP
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import placed, text
from tests.fuzz.structure import Section, Struct, Update


def letter(behind: tuple[int, int]) -> Struct:
    return placed(text("x"), left=behind)


def hole(length: int) -> Struct:
    return Struct(SKIP, length, bytes((length,)))


def part_of(
    clocks: Mapping[int, int],
    *sections: Section,
    foreign: frozenset[int] = frozenset(),
    deleted: tuple[tuple[int, int, int], ...] = (),
) -> tuple[dict[int, tuple[int, int]], set[int]] | None:
    part = find_part(parse(Update(list(sections), list(deleted)).encode()), clocks, foreign)
    return (dict(part.spans), set(part.missing)) if part else None


def test_new_update_without_missing_structs_is_taken_whole() -> None:
    """An update is taken whole even if its sections refer to each other in turn."""
    first = Section(1, 3, [letter((1, 2)), letter((2, 0)), letter((2, 1))])
    second = Section(2, 0, [letter((1, 3)), letter((1, 4))])

    assert part_of({1: 3}, first, second) is None
    assert part_of({}, Section(1, 0, [placed(text("x"), parent="t")]), deleted=((1, 0, 1),)) is None


def test_known_structs_are_left_out() -> None:
    """Known structs, and known parts of structs, are left out.

    They may refer to missing structs.
    """
    section = Section(1, 0, [letter((9, 9)), placed(text("abc"), left=(1, 0))])

    assert part_of({1: 1}, section) == ({1: (1, 4)}, set())
    assert part_of({1: 2}, section) == ({1: (2, 4)}, set())
    assert part_of({1: 4}, section) == part_of({1: 7}, section) == ({}, set())


@pytest.mark.parametrize(
    ("known", "spans", "missing"),
    [
        (0, {1: (0, 2)}, {1}),
        (2, {}, {1}),
        (3, {}, {1}),
        (4, {1: (4, 5)}, {1}),
        (5, {}, {1}),
        (7, {1: (7, 8)}, set()),
    ],
)
def test_section_ends_at_a_hole_unless_its_structs_are_known(
    known: int, spans: dict[int, tuple[int, int]], missing: set[int]
) -> None:
    """A section ends at its first hole that is not known.

    The structs of the section are 0-1, a hole, 4, a hole, and 7.
    """
    section = Section(
        1, 0, [placed(text("ab"), parent="t"), hole(2), letter((1, 0)), hole(2), letter((1, 0))]
    )

    assert part_of({1: known}, section) == (spans, missing)


def test_hole_at_the_end_of_a_section_is_left_out() -> None:
    """A hole at the end is left out. Otherwise its clocks would count as known."""
    assert part_of({}, Section(1, 0, [placed(text("x"), parent="t"), hole(5)])) == (
        {1: (0, 1)},
        set(),
    )


def test_section_that_starts_too_late_waits_for_earlier_structs() -> None:
    assert part_of({1: 3}, Section(1, 5, [letter((1, 1))])) == ({}, {1})


def test_section_ends_at_its_first_reference_to_missing_structs() -> None:
    """A section ends where it depends on missing structs, and other sections go on."""
    first = Section(1, 0, [placed(text("a"), parent="t"), letter((3, 0)), letter((1, 0))])
    second = Section(2, 0, [letter((1, 0)), letter((1, 1)), letter((2, 0))])

    assert part_of({}, first, second) == ({1: (0, 1), 2: (0, 1)}, {1, 2, 3})
    assert part_of({3: 1}, first, second) is None


def test_sections_that_wait_for_each_other_are_left_out() -> None:
    """If sections wait for each other, no order is possible. No client makes such sections."""
    first = Section(1, 0, [placed(text("a"), parent="t"), letter((2, 1))])
    second = Section(2, 0, [letter((1, 0)), letter((1, 1))])

    assert part_of({}, first, second) == ({1: (0, 1), 2: (0, 1)}, {1, 2})


def test_foreign_sections_are_left_out() -> None:
    """Structs that depend on a foreign section are left out, too."""
    first = Section(1, 0, [placed(text("a"), parent="t")])
    second = Section(2, 0, [placed(text("b"), parent="t"), letter((1, 0))])

    assert part_of({}, first, second, foreign=frozenset((1,))) == ({2: (0, 1)}, {1, 2})


def test_deletions_are_clipped_to_structs_known_afterwards() -> None:
    update = Update(
        [Section(1, 2, [letter((1, 1)), hole(1), letter((1, 1))])],
        [(1, 0, 5), (1, 6, 1), (2, 0, 1), (3, 0, 2)],
    )

    part = find_part(parse(update.encode()), {1: 2, 3: 1}, frozenset())

    assert part is not None
    assert part.ranges == [(1, 0, 3), (3, 0, 1)]
    assert part.missing == {1, 2, 3}
