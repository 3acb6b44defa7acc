"""Tests of the order of items in texts, which is Yjs's order."""

from typing import Any

import pycrdt
import pytest

from crdt.document.merging import merge
from crdt.reading.item_order import ItemOrder
from crdt.reading.items import as_text, units
from crdt.wire.compact import squash
from tests.crdt.harness import Typist
from tests.crdt.scribbles import scribbled


def text_of(state: bytes, root: str = "codemirror") -> str:
    return as_text("".join(item.text or "" for item in ItemOrder(state).visible(root)))


@pytest.mark.parametrize("seed", range(15))
def test_item_order_of_concurrent_edits_is_that_of_pycrdt(seed: int) -> None:
    """If three users edit texts at the same places, the order is pycrdt's."""
    state = merge(scribbled(seed))
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)

    assert text_of(state) == str(doc.get("codemirror", type=pycrdt.Text))
    assert text_of(squash(state)) == text_of(state)


def test_item_order_of_same_place_is_by_client_id() -> None:
    """Characters that offline clients type between "a" and "b" are ordered by client id.

    `_left_among_conflicts` explains this example.
    """
    base = Typist(9).insert(0, "ab")
    updates = [base]
    for client, character in ((3, "z"), (1, "x"), (2, "y")):
        typist = Typist(client)
        typist.hear(base)
        updates.append(typist.insert(1, character))

    assert text_of(merge(updates)) == "axyzb"


def test_item_order_of_run_stays_together() -> None:
    """Characters that a user types after their own character stay with it."""
    base = Typist(9).insert(0, "ab")
    updates = [base]
    for client, characters in ((2, "y"), (1, "xw"), (3, "z")):
        typist = Typist(client)
        typist.hear(base)
        updates += [typist.insert(1 + at, character) for at, character in enumerate(characters)]

    assert text_of(merge(updates)) == "axwyzb"


def test_item_order_of_half_a_character_shows_replacements() -> None:
    """As in Yjs, both halves become U+FFFD, and the deleted half is gone."""
    state = merge([Typist(1).insert(0, "x😀y"), bytes.fromhex("000101010101")])

    assert text_of(state) == "x\ufffdy"


@pytest.mark.parametrize("text", ["", "abc", "é€", "a😀b"])
def test_units_of_text_give_the_text_again(text: str) -> None:
    """A text has one unit for each UTF-16 code unit, and the units give the text again."""
    assert len(units(text)) == len(text.encode("utf-16-le")) // 2
    assert as_text(units(text)) == text


def test_item_order_has_no_other_roots_embeds_and_nested_types() -> None:
    """Other roots, embeds and nested types are not part of a text's lines."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text, array = doc.get("codemirror", type=pycrdt.Text), doc.get("list", type=pycrdt.Array)
    mapping = doc.get("map", type=pycrdt.Map)
    text += "ab"
    text.insert_embed(1, {"image": "x"})
    array.append(pycrdt.Text("nested"))
    array[0].insert(0, "deeply ")
    mapping["key"] = "value"
    mapping["key"] = "other"
    mapping["text"] = pycrdt.Text("under a key")
    doc.unobserve(subscription)

    items = ItemOrder(squash(bytes(doc.get_update())))

    assert as_text("".join(item.text or "" for item in items.visible("codemirror"))) == "ab"
    assert [item.text for item in items.visible("nothing")] == []
