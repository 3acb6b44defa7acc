"""Tests of replacing structs by garbage-collected structs."""

import pycrdt

from crdt.wire.content import GC
from crdt.wire.rewriting.collected import collect
from tests.crdt.struct_bytes import gone, placed, text, update_of
from tests.fuzz.structure import parse


def test_collect_replaces_structs_by_their_length() -> None:
    """Collected neighbours are joined as in Yjs, and the deletions stay unchanged."""
    update = update_of(
        placed(text("ab"), parent="t"),
        placed(text("cd"), left=(9, 0)),
        placed(text("é😀"), left=(2, 3)),
        gone(2),
        placed(text("e"), left=(2, 1)),
        client=2,
    )[:-1] + bytes.fromhex("0102010001")

    collected = parse(collect(update, [(2, 4, 7), (2, 2, 4)]))

    assert collected is not None
    assert [(struct.kind, struct.length) for struct in collected.sections[0].structs] == [
        (4, 2),
        (GC, 7),
        (4, 1),
    ]
    assert collected.deleted == [(2, 0, 1)]


def test_collect_of_other_clients_changes_nothing() -> None:
    update = update_of(placed(text("ab"), parent="t"))

    assert collect(update, [(2, 0, 2)]) == update
    assert collect(update, []) == update
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.apply_update(collect(update, [(1, 0, 2)]))
    assert str(doc.get("t", type=pycrdt.Text)) == ""
