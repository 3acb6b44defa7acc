"""Tests of the type table, which has the shared types of a document with their depths."""

import pytest

from crdt.errors import LimitExceeded
from crdt.structs import type_table
from crdt.structs.type_table import TypeTable
from crdt.wire.parsed_update import Placement
from crdt.wire.struct_id import NO_ID, pack_id


def created(client: int, *clocks: int, parent: int = NO_ID, depth: int = 1) -> Placement:
    return Placement(types={pack_id(client, clock): (depth, parent) for clock in clocks})


def test_deleted_types_are_types_but_do_not_count() -> None:
    """The deletion of a type counts once, even if its range contains other structs."""
    table = TypeTable()
    table.add(created(1, 0, 5, 9), ())
    table.add(created(2, 0), [(1, 4, 10), (7, 0, 9)])
    table.add(Placement(), [(1, 5, 6)])

    assert table.living == 2
    assert set(table.depths) == {pack_id(1, clock) for clock in (0, 5, 9)} | {pack_id(2, 0)}


def test_types_inside_of_deleted_ones_do_not_count() -> None:
    """Yjs deletes types in a deleted type while it integrates them, without a message."""
    table = TypeTable()
    table.add(created(1, 0), [(1, 0, 1)])
    table.add(created(2, 0, parent=pack_id(1, 0), depth=2), ())

    assert table.living == 0
    assert table.depths[pack_id(2, 0)] == 2


def test_types_over_limit_are_refused_unless_as_many_are_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The types that an update deletes make room for the types that it creates."""
    monkeypatch.setattr(type_table, "MAX_LIVING_TYPES", 3)
    table = TypeTable()
    table.check(created(1, 0, 1, 2), ())
    table.add(created(1, 0, 1, 2), ())

    table.check(Placement(), ())
    table.check(created(2, 0), [(1, 1, 2)])
    table.check(created(2, 0), [(2, 0, 1)])
    with pytest.raises(LimitExceeded, match="over 3 shared types") as caught:
        table.check(created(2, 0), [(1, 3, 9)])
    assert caught.value.limit == "types"


def test_deleted_content_is_found_by_its_ranges() -> None:
    """Deleted content is found by its ranges, because it may have been a shared type."""
    table = TypeTable()
    table.add(Placement(deleted=[(1, 2, 4), (1, 4, 6), (1, 8, 9)]), ())

    assert [clock for clock in range(10) if table.has_lost(pack_id(1, clock))] == [2, 3, 4, 5, 8]
    assert not table.has_lost(pack_id(2, 3))
