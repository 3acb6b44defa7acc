"""Roots that are no texts, read as Yjs shows them."""

import json
from typing import Any

import pycrdt
import pytest

from crdt.document.merging import merge
from crdt.reading.documents import documents_of, read_documents
from crdt.reading.item_order import ItemOrder
from crdt.wire.compact import squash
from tests.yjs import Yjs

TYPES = {"tree": "map", "list": "array", "page": "xml"}


def state_of(doc: "pycrdt.Doc[Any]") -> bytes:
    return bytes(doc.get_update())


def as_numbers(value: Any) -> Any:
    """JavaScript's numbers are all floats."""
    return json.loads(json.dumps(value), parse_int=float)


@pytest.mark.parametrize("seed", range(40))
def test_documents_are_what_yjs_shows(yjs: Yjs, seed: int) -> None:
    """Maps, arrays and XML that three clients changed together: read update by update, and from the merged state."""
    made = yjs.ask("documents", seed=seed, clients=3, edits=150)
    updates = [bytes.fromhex(text) for text in made["updates"]]
    order = ItemOrder(b"\x00\x00")
    for update in updates:
        order.apply(update)

    for found in (documents_of(order), read_documents(squash(merge(updates)))):
        for root, kind in TYPES.items():
            if root in found:
                assert found[root]["type"] in (kind, "array", "empty")
            if root in found and found[root]["type"] == kind:
                assert as_numbers(found[root]["value"]) == as_numbers(made["shown"][root]), root
                assert found[root]["leftOut"] is None
        assert json.loads(json.dumps(found)) == found
