"""Tests of roots that are not texts: their types and lengths, without their content."""

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
    """Maps, arrays and XML of three clients have Yjs's lengths: keys, values and children.

    Their types are the types with which the roots' contents are shown.
    """
    made = yjs.ask("documents", seed=seed, clients=3, edits=150)
    updates = [bytes.fromhex(text) for text in made["updates"]]

    for order in (ItemOrder(merge(updates)), ItemOrder(squash(merge(updates)))):
        roots = others_of(order)
        assert {name: root.length for name, root in roots.items()} == made["lengths"]
        shown = documents_of(order)
        assert {name: root.type for name, root in roots.items()} == {
            name: document["type"] for name, document in shown.items()
        }


def test_deleted_content_has_no_length() -> None:
    """An array with only deleted values is empty, and a text is not one of the other roots."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc["text"], doc["list"] = pycrdt.Text("some"), pycrdt.Array([1, 2])
    doc["tree"] = pycrdt.Map({"a": 1, "b": 2})
    del doc["list"][0:2]
    del doc["tree"]["a"]
    order = ItemOrder(bytes(doc.get_update()))

    assert root_names(order) == {"text", "list", "tree"}
    assert others_of(order) == {"list": Root("empty", 0), "tree": Root("map", 1)}
