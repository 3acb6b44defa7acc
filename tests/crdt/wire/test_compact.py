"""Tests of squashing, which joins runs and changes nothing else."""

import random
from typing import Any

import pycrdt
import pytest

from crdt.document.merging import merge
from crdt.wire.compact import squash
from crdt.wire.content import JSON, STORED_LIMITS
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import placed, update_of, value
from tests.fuzz import structure
from tests.fuzz.structure import Struct


def test_squash_of_typing_makes_one_struct() -> None:
    """A hundred keystrokes in a row take at most 25 bytes more than their letters."""
    typist = Typist(1)
    updates = [typist.insert(at, "x") for at in range(100)]

    state = squash(merge(updates))

    assert len(state) < 100 + 25
    assert parse(state).spans == {1: (0, 100)}


def test_squashed_document_merges_like_original() -> None:
    """A squashed state gives the same text as the original, with later edits on top.

    Three users make the edits at random.
    """
    source = random.Random(7)
    for _ in range(30):
        typists = [Typist(n) for n in (1, 2, 3)]
        updates = _scramble(typists, source, 60)
        state = squash(merge(updates))
        late = _scramble(typists, source, 30)

        loaded: pycrdt.Doc[Any] = pycrdt.Doc()
        text = loaded.get("codemirror", type=pycrdt.Text)
        loaded.apply_update(state)
        for update in late:
            loaded.apply_update(update)

        assert str(text) == typists[0].text
        assert parse(state, STORED_LIMITS).ranges == parse(merge(updates), STORED_LIMITS).ranges
        again = squash(merge([state, *late]))
        assert squash(again) == again


def _scramble(typists: list[Typist], source: random.Random, edits: int) -> list[bytes]:
    """Make random edits that all typists receive immediately, and return the updates."""
    updates = []
    for _ in range(edits):
        typist = source.choice(typists)
        size = len(typist.text)
        if size > 5 and source.random() < 0.3:
            start = source.randrange(size - 3)
            update = typist.delete(start, start + source.randint(1, 3))
        else:
            update = typist.insert(source.randint(0, size), source.choice(["a", "bc", "def"]))
        updates.append(update)
        for other in typists:
            if other is not typist:
                other.hear(update)
    return updates


def test_squash_keeps_other_struct_kinds() -> None:
    """Values, types and formats are copied, and runs of garbage and deletions are joined."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=4)
    doc.get("list", type=pycrdt.Array).extend([1, "two", pycrdt.Map({"three": 3})])
    doc.get("rich", type=pycrdt.Text).insert(0, "bold", {"b": True})
    doc.get("map", type=pycrdt.Map)["key"] = pycrdt.Array([1, 2])
    state = doc.get_update()
    loaded: pycrdt.Doc[Any] = pycrdt.Doc()

    loaded.apply_update(squash(state))

    assert loaded.get_update() == state
    garbage = bytes.fromhex("0102" + "0500" + "0003" + "0002" + "00")
    assert squash(garbage) == bytes.fromhex("0101" + "0500" + "0005" + "00")
    deleted = bytes.fromhex("0102" + "0500" + "01010474657874" + "03" + "810502" + "02" + "00")
    assert squash(deleted) == bytes.fromhex("0101" + "0500" + "01010474657874" + "05" + "00")


@pytest.mark.parametrize(
    "second",
    [
        "8405000162",  # its origin is the first letter, not the last
        "c4050106000162",  # it has another right origin
        "4405000162",  # its clock is before the first struct
    ],
)
def test_squash_joins_only_structs_that_continue_a_run(second: str) -> None:
    """A struct is joined only to its origin, and only if both have equal right origins."""
    update = bytes.fromhex("0102" + "0500" + "040104746578740261" + "61" + second + "00")

    assert squash(update) == update


def test_squash_shows_cut_characters_as_yjs_does() -> None:
    """Both halves of a cut character become U+FFFD. Clocks and other characters stay."""
    update = Typist(1).insert(0, "a😀b👍é")

    state = squash(update, {pack_id(1, 2)})

    document: pycrdt.Doc[Any] = pycrdt.Doc()
    document.apply_update(state)
    assert str(document.get("codemirror", type=pycrdt.Text)) == "a\ufffd\ufffdb👍é"
    assert parse(state).spans == parse(update).spans


def test_squash_joins_only_values_in_a_sequence() -> None:
    """Values are joined only if the caller says that they lie in a sequence.

    Values under a map key must stay apart.
    """
    structs = [placed(value(), left=(2, clock - 1) if clock else (1, 0)) for clock in range(4)]
    update = update_of(
        *structs, placed(value(), left=(1, 5)), placed(value(), left=(2, 4)), client=2
    )

    joined = structure.parse(squash(update, is_in_sequence=lambda packed: packed == pack_id(2, 0)))

    assert joined is not None
    assert [struct.length for struct in joined.sections[0].structs] == [4, 1, 1]
    assert squash(update) == update
    going_on = update_of(*structs[1:], client=2, clock=1)
    joined = structure.parse(
        squash(going_on, is_in_sequence=lambda packed: packed == pack_id(2, 1))
    )
    assert joined is not None
    assert [struct.length for struct in joined.sections[0].structs] == [3]


def test_squash_joins_legacy_json_in_a_sequence() -> None:
    structs = [Struct(JSON, 1, b"\x01\x011"), Struct(JSON, 2, b"\x02\x012\x013")]
    structs[0].parent, structs[1].left = "l", (1, 0)

    joined = structure.parse(squash(update_of(*structs)))

    assert joined is not None
    assert [struct.body for struct in joined.sections[0].structs] == [b"\x03\x011\x012\x013"]
