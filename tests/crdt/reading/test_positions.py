"""Tests of the positions of items in a text."""

import random

from crdt.reading.items import YataItem
from crdt.reading.positions import Positions


def item_of(clock: int, length: int = 1) -> YataItem:
    return YataItem(5, clock, "x" * length, length)


def put_behind(left: YataItem, item: YataItem) -> None:
    item.left, item.right = left, left.right
    if left.right:
        left.right.left = item
    left.right = item


def counted(first: YataItem | None) -> dict[YataItem, int]:
    """Return {item: position}, counted from the beginning."""
    positions, at = {}, 0
    while first:
        positions[first] = at
        at += first.length if first.is_shown else 0
        first = first.right
    return positions


def test_position_is_the_length_of_the_shown_items_before() -> None:
    first, second, third = (item_of(clock, 2) for clock in (0, 2, 4))
    put_behind(first, second)
    put_behind(second, third)
    positions = Positions(first)

    for item in (first, third):
        positions.show(item)
    before = [positions.of(item) for item in (first, second, third)]
    positions.hide(first)
    positions.show(second)

    assert before == [0, 2, 2]
    assert [positions.of(item) for item in (first, second, third)] == [0, 0, 2]


def test_positions_stay_right_after_any_insert_and_deletion() -> None:
    """Positions stay right for thousands of items in many blocks.

    Items are also inserted at the front, and split off other items.
    """
    source = random.Random(1)
    head = item_of(0)
    head.is_shown = True
    positions, items = Positions(head), [head]
    for clock in range(1, 3_000):
        item = item_of(clock * 10, source.randint(1, 4))
        if source.random() < 0.02:
            item.right, head.left, head = head, item, item
        else:
            put_behind(source.choice(items[-20:]), item)
        positions.insert(item)
        items.append(item)
        chosen = source.choice(items)
        if chosen.is_shown:
            positions.hide(chosen)
        else:
            positions.show(chosen)
        if clock % 500 == 0:
            cut = next(item for item in items if item.length > 1)
            rest = cut.split(1)
            positions.insert(rest)
            items.append(rest)

    assert {item: positions.of(item) for item in items} == counted(head)
    assert positions.size == len(items)
    again = Positions(head)
    assert {item: again.of(item) for item in items} == counted(head)
