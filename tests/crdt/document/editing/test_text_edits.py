"""Tests of the edits that the server makes in texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.document.editing.text_edits import edit_copy, make_edit
from crdt.document.view import TextCopy
from crdt.text.text_diff import MAX_EDITS
from crdt.text.text_map import Edit
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist


@pytest.mark.parametrize("edits", [None, [Edit(1, 1, b"X")], [Edit(0, 1, b"wrong")]])
def test_edit_with_any_given_edits_makes_the_requested_text(edits: list[Edit] | None) -> None:
    """An edit gives the requested text, whether the given edits are right, wrong or absent."""
    typist = Typist(1)
    state = typist.insert(0, "abc")

    typist.hear(make_edit(state, {"codemirror": "aXc"}, 9, edits))

    assert typist.text == "aXc"


TEXTS = st.text(alphabet="ab\n é😀", max_size=30)
SPOTS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 4), st.text(alphabet="XYZ", max_size=2)),
    max_size=4,
)


@given(TEXTS, TEXTS, SPOTS)
def test_edit_copy_keeps_concurrent_edits_and_makes_the_text(
    old: str, new: str, spots: list[Any]
) -> None:
    """The update of an edited copy gives the new text and keeps insertions made meanwhile.

    It fits both the copied document and the document after other edits.
    """
    base, other, reader = Typist(1), Typist(2), Typist(3)
    base.insert(0, old + "|")
    state = base.doc.get_update()
    other.hear(state)
    for place, size, inserted in spots:
        start = len(other.text[:place].encode())
        end = len(other.text[: place + size].encode())
        if inserted or start < end:
            other.replace(start, end, inserted)

    update = edit_copy(TextCopy(state, frozenset(), needs_copy=False), {"codemirror": new + "|"}, 9)
    base.hear(update)
    assert base.text == new + "|"

    for update_of_other in other.made:
        base.hear(update_of_other)
    for message in (state, *other.made, update):
        reader.hear(message)
    assert base.text == reader.text
    survivors = "".join(character for character in other.text if character in "XYZ")
    assert "".join(character for character in reader.text if character in "XYZ") == survivors


def test_edit_copy_with_too_many_edits_joins_them() -> None:
    """Ten thousand changed lines become a few hundred edits with the right text."""
    old = "".join(f"{number}\nx\n" for number in range(10_000))
    new = old.replace("x", "y")
    base = Typist(1)
    base.insert(0, old)

    update = edit_copy(
        TextCopy(base.doc.get_update(), frozenset(), needs_copy=False), {"codemirror": new}, 9
    )
    base.hear(update)

    assert base.text == new
    assert count_structs(parse(update)) <= 2 * MAX_EDITS  # each edit is an insert and a deletion


def test_edit_copy_of_texts_with_values_and_torn_characters_is_right() -> None:
    """The process that edits the copy makes it readable for pycrdt."""
    torn = Typist(1)
    state = torn.insert(0, "x😀y")

    copy = TextCopy(state, frozenset({pack_id(1, 2)}), needs_copy=True)
    update = edit_copy(copy, {"codemirror": "x\ufffd\ufffdyz"}, 9)
    torn.hear(update)

    assert torn.text == "x😀yz"
