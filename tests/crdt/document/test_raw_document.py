"""Tests of a document's updates as bytes: large updates are not merged repeatedly."""

import random

import pycrdt
import pytest

from crdt.document import raw_document
from crdt.document.merged_state import MergedState
from crdt.document.merging import EMPTY, merge
from crdt.document.raw_document import LARGE_BYTES, RawDocument
from tests.crdt.harness import Typist


def shown(updates: list[bytes]) -> str:
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("codemirror", type=pycrdt.Text))


@pytest.mark.parametrize("seed", range(3))
def test_parts_are_the_updates_in_order_of_arrival(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long and short updates become few parts, in their order of arrival.

    A call merges at most one level of small updates, unless the whole state is
    requested.
    """
    sizes: list[int] = []

    def counting(updates: list[bytes]) -> bytes:
        sizes.append(sum(map(len, updates)))
        return merge(updates)

    monkeypatch.setattr(raw_document, "merge", counting)
    source, typist, raw = random.Random(seed), Typist(1), RawDocument(EMPTY, None)
    for _ in range(400):
        length = source.choice((1, 30, 9_000, LARGE_BYTES + 1)) if source.random() < 0.2 else 1
        raw.push(typist.insert(source.randint(0, len(typist.text)), "x" * length + "y"))
        if source.random() < 0.01:
            raw.parts_to_replace()

    parts = raw.parts()
    assert parts[0] is EMPTY
    assert len(parts) < 100
    assert max(sizes) <= 10 * LARGE_BYTES
    assert shown(parts) == typist.text
    assert shown([raw.state()]) == typist.text
    assert raw.parts() == [raw.state()]


def test_parts_are_replaced_while_others_come() -> None:
    """Parts are replaced while updates arrive, unless another call has merged them meanwhile."""
    typist, raw = Typist(1), RawDocument(EMPTY, None)
    for _ in range(25):
        raw.push(typist.insert(0, "a"))
    before = raw.parts_to_replace()
    raw.push(typist.insert(0, "b"))

    assert raw.replace_parts(before, merge(before))
    assert not raw.replace_parts(before, merge(before))
    assert raw.unjoined == 0
    assert shown(raw.parts()) == typist.text

    before = raw.parts_to_replace()
    raw.push(typist.insert(0, "c"))
    raw.state()
    assert not raw.replace_parts(before, merge(before))
    assert shown(raw.parts()) == typist.text


def test_structs_are_read_elsewhere_while_others_come() -> None:
    """A document of text gets its first values; what comes while it is read is merged with it."""
    typist, raw = Typist(1), RawDocument(EMPTY, None)
    raw.push(typist.insert(0, "a" * (LARGE_BYTES + 1)))
    raw.push(typist.insert(0, "b"))
    parts, read = raw.reading()
    raw.push(typist.insert(0, "c"))

    raw.expect_values_in(parts, read())

    assert raw.has_values
    assert shown([raw.state()]) == typist.text


def test_structs_read_from_parts_that_were_merged_meanwhile_are_dropped() -> None:
    typist, raw = Typist(1), RawDocument(EMPTY, None)
    raw.push(typist.insert(0, "a"))
    parts, read = raw.reading()
    raw.push(typist.insert(0, "b"))
    raw.state()

    raw.expect_values_in(parts, read())

    assert not raw.has_values
    assert shown([raw.state()]) == typist.text


def test_large_state_without_its_sections_does_not_replace_a_document_with_values() -> None:
    """It would have to be read on the event loop. With its sections it replaces the document."""
    raw = RawDocument(EMPTY, None)
    raw.push(Typist(1).insert(0, "a" * (LARGE_BYTES + 1)))
    raw.expect_values()
    before = raw.parts_to_replace()

    assert not raw.replace_parts(before, before[0])
    assert raw.replace_parts(before, before[0], MergedState(before[0]))
