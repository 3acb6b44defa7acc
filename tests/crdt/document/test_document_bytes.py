"""Tests of a document's bytes: one merge for many newcomers, and a cut for other clients."""

import pycrdt
import pytest

from crdt.document import raw_document
from crdt.document.document import Document
from crdt.document.merging import EMPTY, merge
from crdt.document.raw_document import CUT_BYTES
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist, keystroke


def parsed(update: bytes) -> Parsed:
    return parse(update, STORED_LIMITS)


def test_state_is_merged_once_for_twenty_newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newcomers of a long document share one merged state until the next keystroke."""
    typist, subject = Typist(1), Document()
    for number in range(1_234):
        subject.apply(parsed(typist.insert(0, str(number % 10))))
    merged: list[int] = []

    def counting(parts: list[bytes]) -> bytes:
        merged.append(len(parts))
        return merge(parts)

    monkeypatch.setattr(raw_document, "merge", counting)

    assert len({subject.diff(b"\x00") for _ in range(20)}) == 1
    assert len(merged) == 1

    subject.defer(keystroke(typist.insert(0, "x")))
    assert len({subject.diff(b"\x00") for _ in range(20)}) == 1
    assert merged[1:] == [1, 2]


def test_diff_returns_the_changes_after_a_state_vector() -> None:
    """A newcomer gets the whole document, and another client gets the changes after its vector."""
    typist, subject = Typist(1), Document()
    subject.apply(parsed(typist.insert(0, "abc")))
    reader: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    reader.apply_update(subject.diff(b"\x00"))
    subject.apply(parsed(typist.insert(3, "def")))

    part = subject.diff(bytes(reader.get_state()))
    reader.apply_update(part)

    assert str(reader.get("codemirror", type=pycrdt.Text)) == "abcdef"
    assert len(part) < len(subject.state())


def test_diff_of_large_document_returns_everything() -> None:
    """A diff of a large document is the whole state, because a cut would block the event loop.

    The client receives known structs again, which changes nothing.
    """
    typist, subject = Typist(1), Document()
    subject.apply(parsed(typist.insert(0, "abc" * 1_000)))
    reader: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    reader.apply_update(subject.state())
    subject.apply(parsed(typist.insert(1, "x" * CUT_BYTES)))

    answer = subject.diff(bytes(reader.get_state()))
    reader.apply_update(answer)

    assert answer is subject.state()
    assert str(reader.get("codemirror", type=pycrdt.Text)) == typist.text
    assert reader.get_state() == typist.doc.get_state()


def test_replace_base_happens_only_for_same_base() -> None:
    """A squashed state replaces only the state from which it was made."""
    typist, subject = Typist(1), Document()
    subject.apply(parsed(typist.insert(0, "a")))
    state = subject.state()

    assert subject.replace_base(state, bytes(state)) is True
    subject.apply(parsed(typist.insert(1, "b")))
    subject.state()
    assert subject.replace_base(state, EMPTY) is False
    assert subject.texts(["codemirror"]) == {"codemirror": "ab"}
