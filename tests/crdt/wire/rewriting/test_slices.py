"""Tests of slices, the parts of an update that can be integrated one after the other."""

import random
from typing import Any

import pycrdt
import pytest

from crdt.structs.partial import find_part
from crdt.wire.rewriting.slices import Slicer, count_structs
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import placed, text
from tests.fuzz.structure import Section, Update


def clocks_after(clocks: dict[int, int], update: bytes) -> dict[int, int]:
    """Return the clocks after a slice, and check that no struct that the slice needs is missing."""
    parsed = parse(update)
    assert find_part(parsed, clocks, frozenset()) is None
    return clocks | {client: after for client, (_, after) in parsed.spans.items()}


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_slices_of_a_session_of_three_give_its_document(size: int) -> None:
    """The slices give the document of three typists, whose edits refer to each other."""
    source = random.Random(size)
    typists = [Typist(number) for number in (5, 6, 7)]
    for _ in range(120):
        writer = source.choice(typists)
        at = source.randint(0, len(writer.text))
        update = (
            writer.delete(at - 1, at)
            if at and source.random() < 0.3
            else writer.insert(at, source.choice("abc"))
        )
        for reader in typists:
            if reader is not writer:
                reader.hear(update)
    parsed = parse(typists[0].doc.get_update())
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    clocks: dict[int, int] = {}

    slices = list(Slicer(parsed, size).run())
    for piece in slices:
        assert count_structs(parse(piece)) <= size
        clocks = clocks_after(clocks, piece)
        doc.apply_update(piece)

    assert sum(count_structs(parse(piece)) for piece in slices) == count_structs(parsed)
    assert str(doc.get("codemirror", type=pycrdt.Text)) == typists[0].text
    assert clocks == {client: after for client, (_, after) in parsed.spans.items()}


def test_slices_begin_where_the_document_ends() -> None:
    """A slice may refer to known structs. A struct comes after both of its neighbours."""
    first = Section(
        1, 4, [placed(text("ab"), left=(1, 3)), placed(text("c"), left=(2, 0), right=(3, 0))]
    )
    second = Section(2, 0, [placed(text("d"), left=(1, 0))])
    third = Section(3, 0, [placed(text("e"), left=(1, 5))])
    parsed = parse(Update([first, second, third], [(1, 0, 1), (2, 0, 1)]).encode())
    clocks = {1: 4}

    for piece in Slicer(parsed, 1).run():
        clocks = clocks_after(clocks, piece)

    assert clocks == {1: 7, 2: 1, 3: 1}


def test_deletions_are_slices_of_their_own() -> None:
    parsed = parse(bytes.fromhex("0001010300010201" + "0401"))

    assert [parse(piece).ranges for piece in Slicer(parsed, 2).run()] == [
        [(1, 0, 1), (1, 2, 3)],
        [(1, 4, 5)],
    ]
