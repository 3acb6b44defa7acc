"""Tests of the view: the pycrdt document that shows the texts."""

import resource

import pycrdt
import pytest

from crdt.document.merging import EMPTY, merge
from crdt.document.view import NewDocument, View
from crdt.document.work import cut_copy
from crdt.errors import TextUnavailable
from crdt.wire.content import STORED_LIMITS
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


def pieces(update: bytes) -> list[int]:
    parsed = structure.parse(update)
    assert parsed is not None
    return [struct.length for struct in parsed.sections[0].structs]


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
