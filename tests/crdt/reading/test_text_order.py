"""Tests of `TextOrder`, which finds the edits of texts that each update makes."""

import random
from typing import Any

import pycrdt
import pytest

from crdt.document.merging import merge
from crdt.errors import Gap
from crdt.reading import positions, text_order
from crdt.reading.text_order import TextEdit, TextOrder
from tests.crdt.harness import Typist
from tests.crdt.scribbles import scribbled


def applied(texts: dict[str, bytes], edits: list[TextEdit]) -> None:
    """Apply edits to texts, one after another. The texts are UTF-16 bytes."""
    for root, at, deleted, inserted in edits:
        text = texts.get(root, b"")
        assert 2 * (at + deleted) <= len(text)
        texts[root] = text[: 2 * at] + inserted.encode("utf-16-le") + text[2 * (at + deleted) :]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("items_per_change", "block", "most_edits"), [(0, 4, 1_000), (10_000, 4, 1_000), (100, 128, 3)]
)
def test_edits_lead_from_each_text_to_the_next(
    seed: int, items_per_change: int, block: int, most_edits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edits of an update turn the text before it into the text after it.

    `TextOrder` looks up each change, walks over all items, or makes one edit of many changes. The
    parameters select one of these three ways.
    """
    monkeypatch.setattr(text_order, "_ITEMS_PER_CHANGE", items_per_change)
    monkeypatch.setattr(text_order, "MAX_EDITS", most_edits)
    monkeypatch.setattr(positions, "_MOST", block)
    updates = scribbled(seed)
    start = random.Random(seed).randrange(len(updates))
    order, doc = TextOrder(), pycrdt.Doc[Any]()
    for update in updates[:start]:
        order.apply(update)
        doc.apply_update(update)
    texts = {root: text.encode("utf-16-le") for root, text in order.texts().items()}

    for update in updates[start:]:
        made = order.edits(update)
        applied(texts, made)
        doc.apply_update(update)
        assert len(made) <= most_edits
        assert texts.get("codemirror", b"").decode("utf-16-le") == str(
            doc.get("codemirror", type=pycrdt.Text)
        )
    assert order.texts() == {root: text.decode("utf-16-le") for root, text in texts.items()}


def test_edits_that_touch_each_other_are_one() -> None:
    """Typing over a selection is one edit, and so are neighbouring deletions.

    Text that one update types and deletes makes no edit.
    """
    typist, order = Typist(5), TextOrder()
    order.edits(typist.insert(0, "one two three"))
    replaced = order.edits(typist.replace(4, 7, "2"))
    nothing = order.edits(merge([typist.insert(11, "!"), typist.delete(11, 12)]))
    deleted = order.edits(merge([typist.delete(2, 4), typist.delete(1, 2), typist.delete(1, 3)]))

    assert replaced == [("codemirror", 4, 3, "2")]
    assert nothing == []
    assert deleted == [("codemirror", 1, 5, "")]


def test_edits_of_two_far_places_are_two() -> None:
    """The text between two far places is in no edit, even if it is long."""
    typist, order = Typist(5), TextOrder()
    order.apply(typist.insert(0, "\n" * 100_000))

    made = order.edits(merge([typist.insert(0, "a"), typist.insert(100_001, "z")]))

    assert sorted(made) == [("codemirror", 0, 0, "a"), ("codemirror", 100_001, 0, "z")]


def test_edit_inside_a_character_replaces_both_halves() -> None:
    """Text is typed between the halves of a character: each half becomes U+FFFD, as in Yjs."""
    order = TextOrder()
    order.edits(Typist(1).insert(0, "x😀y"))
    between = bytes.fromhex("0101 0200 c4 0101 0102 01 61 00")

    assert order.edits(between) == [("codemirror", 1, 2, "\ufffda\ufffd")]
    assert order.texts() == {"codemirror": "x\ufffda\ufffdy"}


def test_edits_are_made_only_in_texts_that_are_roots() -> None:
    """Maps, arrays and texts inside them make no edits, and an embed takes no position."""
    doc = pycrdt.Doc[Any](client_id=9)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text = doc.get("text", type=pycrdt.Text)
    text += "ab"
    text.insert_embed(1, {"image": "x"})
    text += "c"
    doc.get("list", type=pycrdt.Array).append(pycrdt.Text("nested"))
    doc.get("map", type=pycrdt.Map)["key"] = pycrdt.Text("under a key")
    doc.unobserve(subscription)
    order = TextOrder()

    edits = [order.edits(update) for update in made]

    assert edits == [[("text", 0, 0, "ab")], [], [("text", 2, 0, "c")], [], []]
    assert list(order.text_roots) == ["text"]


def test_text_that_begins_with_an_embed_is_a_text() -> None:
    doc = pycrdt.Doc[Any]()
    doc.get("text", type=pycrdt.Text).insert_embed(0, {"image": "x"})
    order = TextOrder()

    order.apply(bytes(doc.get_update()))

    assert order.texts() == {"text": ""}


def test_edits_after_a_hole_raise_gap() -> None:
    """Structs that need each other in a circle raise Gap, too."""
    typist = Typist(5)
    typist.insert(0, "a")
    circle = bytes.fromhex("0201 0200 84 0100 01 62 01 0100 84 0200 01 61 00")

    for update in (typist.insert(1, "b"), circle):
        with pytest.raises(Gap):
            TextOrder().edits(update)
