"""Tests of finding the structs that showed a text, and of removing the text from updates."""

import random
import time

import pycrdt
import pytest

from crdt.document.document import Document
from crdt.history import redaction
from crdt.log import codec
from crdt.reading.blanking import BLOCK
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist


def log_of(*updates: bytes) -> list[Chunk]:
    return [
        Chunk(
            "s",
            1,
            len(updates),
            codec.encode_chunk([codec.LogEntry(NOW, "ada", update) for update in updates]),
            NOW,
        )
    ]


def found(chunks: list[Chunk], text: str, first: int = 1) -> redaction.RedactedIds:
    return redaction.find(chunks, first, chunks[-1].last, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("xxx secret xxx", [4, 5, 6, 7, 8, 9]),
        ("secretsecret", list(range(12))),
        ("sec█et", [0, 1, 2, 3, 4, 5]),
        ("██████", []),
        ("█████t", [0, 1, 2, 3, 4, 5]),
        ("███████t", [2, 3, 4, 5, 6, 7]),
        ("sec█e", []),
        ("a█secret█b", list(range(2, 8))),
        ("😀secret", [2, 3, 4, 5, 6, 7]),
    ],
)
def test_redaction_search_finds_text_in_utf16_units(text: str, expected: list[int]) -> None:
    """The search counts UTF-16 units.

    A block in the document matches any character, but a text of only blocks is not a match.
    """
    assert found(log_of(Typist(5).insert(0, text)), "secret") == ({5: expected} if expected else {})


def test_redaction_search_finds_each_struct_that_ever_showed_the_text() -> None:
    """The search finds each struct that ever showed part of the text, and no other struct."""
    ada, bob = Typist(5), Typist(6)
    updates = [ada.insert(0, "set!")]
    bob.hear(updates[-1])
    updates.append(bob.insert(2, "cr"))
    ada.hear(updates[-1])
    updates += [ada.delete(0, 3), ada.insert(0, "other")]

    assert found(log_of(*updates), "secret") == {}
    assert found(log_of(*updates), "ecrt") == {5: [1, 2], 6: [0, 1]}
    assert found(log_of(*updates), "secr") == {5: [0, 1], 6: [0, 1]}
    assert found(log_of(*updates), "secr", first=3) == {}


def test_redacted_update_has_blocks_and_leaves_others_unchanged() -> None:
    """A redacted update has the same structs with blocks. Other updates are left alone."""
    typist = Typist(5)
    update = typist.insert(0, "a 😀 secret")
    redacted_ids = {5: [2, 3, *range(5, 11)]}

    changed = redaction.redact(update, redacted_ids, "secret")

    assert changed is not None
    assert Document(changed).texts(["codemirror"]) == {"codemirror": f"a {BLOCK * 2} {BLOCK * 6}"}
    assert redaction.redact(changed, redacted_ids, "secret") is None
    assert redaction.redact(update, {6: [1]}, "secret") is None
    assert redaction.redact(update, {5: [99]}, "secret") is None


@pytest.mark.parametrize("seed", range(20))
def test_redaction_of_random_documents_replaces_only_the_secret(seed: int) -> None:
    """In random documents, redaction removes the secret and keeps the length of the text."""
    chance = random.Random(seed)
    typist, updates = Typist(5), []
    for _ in range(60):
        text = typist.text
        size = len(text.encode())
        at = len(text[: chance.randint(0, len(text))].encode())
        if size > 20 and chance.random() < 0.3:
            end = len(text.encode()[at:].decode()[:3].encode()) + at
            if end > at:
                updates.append(typist.delete(at, end))
        else:
            updates.append(
                typist.insert(at, chance.choice(["secret", "s", "ecret", "é", "\n", "😀"]))
            )
    redacted_ids = found(log_of(*updates), "secret")
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(redaction.redact(update, redacted_ids, "secret") or update)
    text = str(doc.get("codemirror", type=pycrdt.Text))

    assert len(text.encode("utf-16-le")) == len(typist.text.encode("utf-16-le"))
    assert "secret" not in text
    assert redacted_ids


@pytest.mark.timeout(60)
def test_redaction_of_repetitive_text_has_bounded_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search in a text of repetitions costs at most a few passes over the document."""
    started = time.process_time()
    chunks = log_of(Typist(5).insert(0, "a" * 300_000))

    assert found(chunks, "a" * 9_999 + "b") == {}
    assert found(chunks, "b" + "a" * 9_999) == {}
    assert len(found(chunks, "a" * 10_000)[5]) == 300_000

    assert time.process_time() - started < 20
