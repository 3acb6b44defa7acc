"""Tests of roots that are not texts, which are shown as Yjs shows them."""

import json
from typing import Any

import pycrdt
import pytest

from crdt.document.merging import merge
from crdt.reading.documents import documents_of, read_documents
from crdt.reading.item_order import ItemOrder
from crdt.wire.compact import squash
from crdt.wire.content import EMBED, FORMAT, TYPE
from crdt.wire.lib0 import write_var_bytes
from tests.crdt.struct_bytes import placed, update_of
from tests.fuzz.structure import Struct
from tests.yjs import Yjs

TYPES = {"tree": "map", "list": "array", "page": "xml"}


def state_of(doc: "pycrdt.Doc[Any]") -> bytes:
    return bytes(doc.get_update())


def as_numbers(value: Any) -> Any:
    """Return the value with all numbers as floats, as JavaScript has them."""
    return json.loads(json.dumps(value), parse_int=float)


@pytest.mark.parametrize("seed", range(40))
def test_documents_are_shown_as_in_yjs(yjs: Yjs, seed: int) -> None:
    """Maps, arrays and XML that three clients changed are shown as Yjs shows them.

    They are read update by update, and from the merged state.
    """
    made = yjs.ask("documents", seed=seed, clients=3, edits=150)
    updates = [bytes.fromhex(text) for text in made["updates"]]
    order = ItemOrder(b"\x00\x00")
    for update in updates:
        order.apply(update)

    for documents in (documents_of(order), read_documents(squash(merge(updates)))):
        for root, kind in TYPES.items():
            if root in documents:
                assert documents[root]["type"] in (kind, "array", "empty")
            if root in documents and documents[root]["type"] == kind:
                assert as_numbers(documents[root]["value"]) == as_numbers(made["shown"][root]), root
                assert documents[root]["leftOut"] is None
        assert json.loads(json.dumps(documents)) == documents


def test_key_whose_content_has_no_values_is_undefined() -> None:
    """A key may have a format as its content.

    As in Yjs, it is read as `undefined`. No Yjs client writes such a format, but another client
    may.
    """
    format_ = Struct(FORMAT, 1, b"\x01b\x04true")
    element = Struct(TYPE, 1, b"\x03\x01p")
    under_keys = update_of(
        placed(format_, parent="tree", key="k"),
        placed(element, parent="page"),
        Struct(FORMAT, 1, format_.body, parent=(1, 1), key="class"),
    )

    documents = documents_of(ItemOrder(under_keys))

    assert documents["tree"]["value"] == {}
    assert documents["page"]["value"] == '<p class="undefined"></p>'


@pytest.mark.parametrize("levels", [90, 200, 20_000])
def test_embed_of_too_many_levels_is_left_out(levels: int) -> None:
    """An embed with too many levels is left out. The answer still has the other roots."""
    embed = Struct(EMBED, 1, write_var_bytes(b"[" * levels + b"]" * levels), parent=(1, 0))
    text = Struct(TYPE, 1, b"\x06", parent="page")

    documents = documents_of(ItemOrder(update_of(text, embed)))

    assert documents["page"]["leftOut"] == (None if levels < 100 else "too_deep")
