"""Tests of the view: the pycrdt document that shows and edits the texts."""

import resource
from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.document.merging import EMPTY, merge
from crdt.document.view import NewDocument, TextCopy, View, edit_copy, make_edit
from crdt.document.work import cut_copy
from crdt.errors import TextUnavailable
from crdt.text.text_diff import MAX_EDITS
from crdt.text.text_map import Edit
from crdt.wire.content import STORED_LIMITS
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from harness import costly
from harness.hostile import B3
from tests.crdt.harness import Typist
from tests.fuzz import structure

TORN = bytes.fromhex("01010100" + "05010474657874" + "08") + rb'"\ud83c"' + b"\x00"
"""An embed that pycrdt cannot read."""

BROKEN = bytes.fromhex("01010700070003010100")
"""An update of B3 that puts a map into a letter."""


def loaded(state: bytes, **options: bool) -> View:
    view = View(frozenset(), **options)
    view.load(state)
    return view


def test_view_shows_loaded_and_integrated_texts() -> None:
    typist = Typist(1)
    view = loaded(typist.insert(0, "a"))
    update = typist.insert(1, "é😀")

    assert [view.integrate(update), view.integrate(update)] == [True, False]
    assert view.texts(["codemirror", "other"]) == {"codemirror": "aé😀", "other": ""}


def test_view_that_was_dropped_shows_nothing_until_it_is_loaded() -> None:
    view = loaded(B3)
    view.drop()

    assert not view.is_loaded
    with pytest.raises(TextUnavailable):
        view.texts(["text"])
    assert view.apply(B3) is False
    view.load(B3)
    assert view.texts(["text"]) == {"text": "abcabcabc"}


def test_update_that_fails_drops_the_document() -> None:
    """After a failed update the view drops its document, which may contain half of the update."""
    view = loaded(B3)

    assert view.integrate(BROKEN) is True

    assert (view.is_loaded, view.has_failed) == (False, False)


def test_state_that_failed_to_load_is_not_tried_again() -> None:
    view = loaded(TORN)

    view.load(B3)

    assert (view.has_failed, view.is_loaded) == (True, False)


def test_text_that_cannot_be_read_fails_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    view = loaded(B3)
    monkeypatch.setattr(pycrdt.Doc, "get", lambda *_, **__: 1 / 0)

    with pytest.raises(TextUnavailable):
        view.texts(["text"])

    assert view.has_failed


def test_update_is_copied_only_if_pycrdt_cannot_read_it() -> None:
    """After an unreadable update, the view and its fresh views load documents from copies."""
    view = loaded(EMPTY)
    assert view.copy_update(B3) is B3
    unread = view.needs_copy
    assert view.copy_update(TORN) != TORN

    assert [unread, view.needs_copy] == [False, True]
    view.load(TORN)
    assert view.is_loaded
    assert view.fresh().needs_copy


def test_copy_shows_characters_that_were_cut_as_yjs_does() -> None:
    state = Typist(1).insert(0, "x😀y")
    view = View({pack_id(1, 2)})

    view.load(state)

    assert view.texts(["codemirror"]) == {"codemirror": "x\ufffd\ufffdy"}


@pytest.mark.parametrize("edits", [None, [Edit(1, 1, b"X")], [Edit(0, 1, b"wrong")]])
def test_edit_with_any_given_edits_makes_the_requested_text(edits: list[Edit] | None) -> None:
    """An edit gives the requested text, whether the given edits are right, wrong or absent."""
    typist = Typist(1)
    state = typist.insert(0, "abc")

    typist.hear(make_edit(state, {"codemirror": "aXc"}, 9, edits))

    assert typist.text == "aXc"


def test_view_is_loaded_from_a_copy_cut_for_the_next_update() -> None:
    """A view loads a copy that is cut for the next update, together with that update.

    Without the update, pycrdt would join the pieces at the end of the transaction.
    """
    base = Typist(1).insert(0, "abcdef")
    other = Typist(2)
    other.hear(base)
    update = other.insert(3, "X")
    view = View(frozenset(), needs_cuts=True)

    copy = view.copier(parse(update))([base])[0]
    with NewDocument() as new:
        new.apply(copy)
        new.apply(update)
    view.replace(new)

    assert pieces(copy) == [3, 3]
    assert view.texts(["codemirror"]) == {"codemirror": "abcXdef"}
    assert view.fresh().needs_cuts


def pieces(update: bytes) -> list[int]:
    parsed = structure.parse(update)
    assert parsed is not None
    return [struct.length for struct in parsed.sections[0].structs]


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


def test_abandoned_document_does_not_join_its_pieces() -> None:
    """A copy is cut into pieces for an update, and is given up before the update is applied.

    Joining 4,000 pieces of 800 kB one by one would take more than a gigabyte.
    """
    update = parse(costly.sparse(0, 4_000), STORED_LIMITS)
    state = merge([*costly.filled()])
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    new = NewDocument()
    new.__enter__()
    new.apply(cut_copy(state, update))
    new.__exit__(GeneratorExit, None, None)

    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib < 200 << 10
