"""What pycrdt shows and edits."""

from collections.abc import Iterator

import pycrdt
import pytest

from crdt.document.merging import EMPTY
from crdt.document.view import View, make_edit
from crdt.errors import LimitExceeded, TextUnavailable
from crdt.text.text_map import Edit
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from harness.hostile import B3
from tests.crdt.harness import Typist
from tests.fuzz import structure

TORN = bytes.fromhex("01010100" + "05010474657874" + "08") + rb'"\ud83c"' + b"\x00"
"""An embed that pycrdt cannot read."""

BROKEN = bytes.fromhex("01010700070003010100")
"""On B3: puts a map into a letter."""


def loaded(state: bytes, **options: bool) -> View:
    view = View(frozenset(), **options)
    view.load(state)
    return view


def test_view_shows_texts_of_what_was_loaded_and_integrated() -> None:
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
    """Half of it may be in it."""
    view = loaded(B3)

    assert view.integrate(BROKEN) is True

    assert (view.is_loaded, view.has_failed) == (False, False)


def test_state_that_fails_is_not_tried_again() -> None:
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
    """From then on the whole document is; a fresh view of it believes that too."""
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
def test_edit_makes_the_text_whatever_the_given_edits_are(edits: list[Edit] | None) -> None:
    """By the given edits if they lead there, else by few, and by replacing everything around embeds."""
    typist = Typist(1)
    state = typist.insert(0, "abc")

    typist.hear(make_edit(state, {"codemirror": "aXc"}, 9, edits))

    assert typist.text == "aXc"


def test_view_is_loaded_from_a_copy_that_is_cut_for_what_comes() -> None:
    """Together with that, as one: pycrdt joins at the end of each transaction what can be."""
    base = Typist(1).insert(0, "abcdef")
    other = Typist(2)
    other.hear(base)
    update = other.insert(3, "X")
    view = View(frozenset(), needs_cuts=True)

    assert pieces(view.copy(base, parse(update))) == [3, 3]
    view.load(base, [update], parse(update))

    assert view.texts(["codemirror"]) == {"codemirror": "abcXdef"}
    assert view.fresh().needs_cuts


def test_error_between_updates_drops_the_document() -> None:
    """It is passed on: pycrdt did not fail."""
    view = loaded(B3)

    def updates() -> Iterator[bytes]:
        yield EMPTY
        raise LimitExceeded("too slow", "work")

    with pytest.raises(LimitExceeded):
        view.integrate_slices(updates())

    assert not view.is_loaded


def pieces(update: bytes) -> list[int]:
    parsed = structure.parse(update)
    assert parsed is not None
    return [struct.length for struct in parsed.sections[0].structs]
