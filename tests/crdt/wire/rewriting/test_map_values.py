"""Tests of splitting a struct with several values under one map key.

Each value becomes a struct of its own.
"""

import pycrdt
import pytest

from crdt.wire.content import ANY, JSON
from crdt.wire.rewriting.map_values import split_values
from crdt.wire.struct_id import pack_id
from tests.fuzz import structure
from tests.fuzz.structure import Section, Struct, Update, text

VALUES = b"\x03\x7d\x01\x7d\x02\x7d\x03"


def entry(client: int = 2, **where: object) -> bytes:
    """Return an update with a text, three values under a key, and text after the first text."""
    values = Struct(ANY, 3, VALUES)
    for name, at in ({"parent": "m", "key": "k"} | where).items():
        setattr(values, name, at)
    before, behind = text("x😀"), text("y")
    before.parent, behind.left = "t", (client, 2)
    return Update([Section(client, 0, [before, values, behind])]).encode()


def test_split_values_makes_one_struct_of_each_value() -> None:
    """The new structs follow each other, and the structs around them stay unchanged."""
    split = structure.parse(split_values(entry(), {pack_id(2, 3)}))

    assert split is not None
    (section,) = split.sections
    _, first, second, third, _ = section.structs
    assert [struct.length for struct in section.structs] == [3, 1, 1, 1, 1]
    assert (first.parent, first.key, first.body) == ("m", "k", b"\x01\x7d\x01")
    assert (second.left, second.right, second.body) == ((2, 3), None, b"\x01\x7d\x02")
    assert (third.left, third.right, third.body) == ((2, 4), None, b"\x01\x7d\x03")


def test_split_values_keep_their_right_origin() -> None:
    """Each value keeps the right origin, as in Yjs's `splitItem`."""
    update = entry(parent=None, key=None, left=(1, 0), right=(1, 1))

    split = structure.parse(split_values(update, {pack_id(2, 3)}))

    assert split is not None
    values = split.sections[0].structs[1:4]
    assert [(struct.left, struct.right) for struct in values] == [
        ((1, 0), (1, 1)),
        ((2, 3), (1, 1)),
        ((2, 4), (1, 1)),
    ]


@pytest.mark.parametrize("named", [frozenset(), frozenset({pack_id(2, 0), pack_id(9, 3)})])
def test_split_values_splits_only_named_structs(named: frozenset[int]) -> None:
    """Only the named structs are split."""
    assert split_values(entry(), named - {pack_id(2, 0)}) == entry()


def test_split_values_gives_an_equal_document() -> None:
    """After the split pycrdt shows the last value."""
    update = Update([Section(2, 0, [entry_struct()])]).encode()
    doc = pycrdt.Doc[pycrdt.Map[int]]()

    doc.apply_update(split_values(update, {pack_id(2, 0)}))

    assert doc.get("m", type=pycrdt.Map).to_py() == {"k": 3}


def entry_struct() -> Struct:
    values = Struct(ANY, 3, VALUES)
    values.parent, values.key = "m", "k"
    return values


def test_split_legacy_json_is_legacy_json() -> None:
    """Legacy JSON has values, too, so it must also be split."""
    values = Struct(JSON, 2, b"\x02\x011\x09undefined")
    values.parent, values.key = "m", "k"

    split = structure.parse(
        split_values(Update([Section(2, 0, [values])]).encode(), {pack_id(2, 0)})
    )

    assert split is not None
    assert [(struct.kind, struct.body) for struct in split.sections[0].structs] == [
        (JSON, b"\x01\x011"),
        (JSON, b"\x01\x09undefined"),
    ]
