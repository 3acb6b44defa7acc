"""Tests of items that are read from updates, and of their texts in UTF-16 code units."""

import random

import pytest

from crdt.document.merging import merge
from crdt.reading.items import ItemReader, as_text, text_bytes, units
from crdt.wire.compact import squash
from crdt.wire.content import ANY, STRING
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import placed, text, update_of, value


def test_units_has_a_character_for_each_code_unit() -> None:
    """The units can be joined to the text again. Half a surrogate pair alone becomes U+FFFD."""
    assert len(units("a😀b")) == 4
    assert as_text(units("a😀b")) == "a😀b"
    assert as_text(units("a😀b")[:2]) == "a\ufffd"


def test_item_reader_returns_items_with_place_and_content() -> None:
    """An item has its text as units, and other content as bytes."""
    update = update_of(
        placed(text("a😀"), parent="root"), placed(value(3), parent="list", key="k"), client=7
    )

    first, second = ItemReader(update).sections()[7]

    assert (first.kind, first.clock, first.length, first.place) == (STRING, 0, 3, ("root", None))
    assert as_text(first.text or "") == "a😀"
    assert (second.kind, second.clock, second.length, second.place) == (ANY, 3, 3, ("list", "k"))
    assert second.other.data[0] == 3


def test_split_item_keeps_the_values_of_both_parts() -> None:
    """Both parts of a split item share the content. The right part begins at a later value."""
    item = ItemReader(update_of(placed(value(5), parent="list"))).sections()[1][0]

    rest = item.split(2)

    assert (item.other.first, item.length) == (0, 2)
    assert (rest.other.first, rest.length, rest.clock) == (2, 3, 2)
    assert rest.other.data is item.other.data


def test_text_item_has_no_other_content() -> None:
    item = ItemReader(update_of(placed(text("ab"), parent="root"))).sections()[1][0]

    with pytest.raises(TypeError):
        item.other  # noqa: B018


@pytest.mark.parametrize("seed", range(10))
def test_text_bytes_count_only_shown_text(seed: int) -> None:
    """The count of text bytes leaves out deleted text, also in merged and squashed updates."""
    source = random.Random(seed)
    typist, updates = Typist(5), []
    for _ in range(80):
        size = len(typist.text)
        if size > 6 and source.random() < 0.5:
            start = source.randrange(size - 3)
            updates.append(typist.delete(start, start + 3))
        else:
            updates.append(
                typist.insert(source.randint(0, size), source.choice(("a", "bc", "def")))
            )

    assert (
        text_bytes(*updates)
        == text_bytes(merge(updates))
        == text_bytes(squash(merge(updates)))
        == len(typist.text)
    )


def test_text_bytes_count_utf_8() -> None:
    assert text_bytes(update_of(placed(text("aé😀"), parent="root"))) == 7
