"""Tests of cutting structs at many places."""

import pytest

from crdt.structs.garbage.cutting import StructCutter
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import deleted, placed, text, update_of, value

_HEAD_BYTES = 4
"""The number of bytes before the first struct. There are four numbers of one byte each: the counts
of sections and structs, the client and the clock."""


def test_cut_of_text_equals_split_item_of_yjs() -> None:
    """Each part has the clock before it as its origin, and half a character becomes U+FFFD."""
    update = update_of(text("ab😀cd"))

    parts = StructCutter(update).cut(
        _HEAD_BYTES, pack_id(1, 0), [(0, 1, False), (1, 3, True), (3, 6, False)]
    )

    expected = update_of(
        text("a"), placed(deleted(2), left=(1, 0)), placed(text("\ufffdcd"), left=(1, 2))
    )
    assert b"".join(parts) == expected[_HEAD_BYTES:-1]
    assert parse(expected).spans == parse(update).spans


def test_cut_of_values_keeps_each_value() -> None:
    """The cut deletes the second and third of five values, and keeps the other values."""
    update = update_of(value(5))

    parts = StructCutter(update).cut(
        _HEAD_BYTES, pack_id(1, 0), [(0, 1, False), (1, 3, True), (3, 5, False)]
    )

    expected = update_of(value(1), placed(deleted(2), left=(1, 0)), placed(value(2), left=(1, 2)))
    assert b"".join(parts) == expected[_HEAD_BYTES:-1]


@pytest.mark.parametrize("content", [text("abc"), value(3)])
def test_cut_of_whole_struct_keeps_its_head(content) -> None:
    """A cut of a whole struct deletes its content and keeps its place."""
    update = update_of(placed(content, left=(7, 3), right=(7, 4)))

    (part,) = StructCutter(update).cut(_HEAD_BYTES, pack_id(1, 0), [(0, 3, True)])

    assert part == update_of(placed(deleted(3), left=(7, 3), right=(7, 4)))[_HEAD_BYTES:-1]
