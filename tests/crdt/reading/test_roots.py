"""Roots that are no texts: their types and lengths, without what they hold."""

from typing import Any

import pycrdt
import pytest

from crdt.document.merging import merge
from crdt.reading.documents import documents_of
from crdt.reading.item_order import ItemOrder
from crdt.reading.roots import Root, others_of, root_names
from crdt.wire.compact import squash
from tests.yjs import Yjs


@pytest.mark.parametrize("seed", range(20))
def test_lengths_of_roots_are_those_of_yjs(yjs: Yjs, seed: int) -> None:
    """Maps, arrays and XML that three clients changed together: keys, values and children.
    The types are those with which the roots' contents are shown.
    """
    made = yjs.ask("documents", seed=seed, clients=3, edits=150)
    updates = [bytes.fromhex(text) for text in made["updates"]]

    for order in (ItemOrder(merge(updates)), ItemOrder(squash(merge(updates)))):
        found = others_of(order)
        assert {name: root.length for name, root in found.items()} == made["lengths"]
        shown = documents_of(order)
        assert {name: root.type for name, root in found.items()} == {
            name: document["type"] for name, document in shown.items()
        }


def test_deleted_content_has_no_length() -> None:
    """An array of which all is deleted is empty. A text is none of the others."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc["text"], doc["list"] = pycrdt.Text("some"), pycrdt.Array([1, 2])
    doc["tree"] = pycrdt.Map({"a": 1, "b": 2})
    del doc["list"][0:2]
    del doc["tree"]["a"]
    order = ItemOrder(bytes(doc.get_update()))

    assert root_names(order) == {"text", "list", "tree"}
    assert others_of(order) == {"list": Root("empty", 0), "tree": Root("map", 1)}
