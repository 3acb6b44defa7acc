"""Tests of cutting structs in advance, at the places to which other structs refer."""

from typing import Any

import pycrdt
import pytest

from crdt.wire.content import ANY
from crdt.wire.rewriting.cuts import cut_at, places_of
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import placed, text, update_of
from tests.fuzz import structure
from tests.fuzz.structure import Section, Struct, Update

VALUES = b"\x04\x7d\x01\x77\x02ab\x76\x01\x01k\x7e\x79"
"""The values 1, "ab", {k: null} and false, as the content of a struct."""


def pieces(update: bytes) -> list[tuple[int, Any, Any]]:
    parsed = structure.parse(update)
    assert parsed is not None
    return [
        (struct.length, struct.left, struct.right)
        for section in parsed.sections
        for struct in section.structs
    ]


def test_places_of_cuts_are_origins_and_ends_of_deletions() -> None:
    first = Update([Section(2, 0, [placed(text("x"), left=(1, 4), right=(1, 7))])], [(3, 1, 2)])
    second = Update([], [(1, 2, 3)])

    assert places_of([parse(first.encode()), parse(second.encode())]) == {1: [2, 5, 7], 3: [1, 3]}


@pytest.mark.parametrize("string", ["abcdef", "aßcdéf", "a😀b👍"])
def test_text_is_cut_into_consecutive_structs(string: str) -> None:
    """Text is cut as in Yjs, and each piece keeps the right origin."""
    update = update_of(placed(text("zz"), parent="t"), placed(text(string), right=(1, 1)))

    cut = cut_at(update, {1: [0, 2, 3, 5, 8, 9], 7: [1]})

    assert pieces(cut) == [
        (2, None, None),
        (1, None, (1, 1)),
        (2, (1, 2), (1, 1)),
        (3, (1, 4), (1, 1)),
    ]
    docs: list[pycrdt.Doc[pycrdt.Text]] = [pycrdt.Doc(), pycrdt.Doc()]
    for doc, state in zip(docs, (update, cut), strict=True):
        doc.apply_update(state)
    assert len({str(doc.get("t", type=pycrdt.Text)) for doc in docs}) == 1


def test_half_of_a_character_becomes_a_replacement_as_in_yjs() -> None:
    cut = cut_at(update_of(placed(text("a😀b"), parent="t")), {1: [2]})

    assert pieces(cut) == [(2, None, None), (2, (1, 1), None)]
    assert "a\ufffd".encode() in cut
    assert "\ufffdb".encode() in cut


def test_values_are_cut_between_each_other() -> None:
    update = update_of(placed(Struct(ANY, 4, VALUES), parent="l"))
    doc: pycrdt.Doc[Any] = pycrdt.Doc()

    cut = cut_at(update, {1: [1, 3]})
    doc.apply_update(cut)

    assert pieces(cut) == [(1, None, None), (2, (1, 0), None), (1, (1, 2), None)]
    assert doc.get("l", type=pycrdt.Array).to_py() == [1, "ab", {"k": None}, False]


def test_update_without_cuts_stays_the_same() -> None:
    update = (
        update_of(placed(text("ab"), parent="t"), placed(text("c"), left=(1, 1)))[:-1]
        + b"\x01\x01\x01\x00\x01"
    )

    assert cut_at(update, {1: [2], 2: [1]}) == update
