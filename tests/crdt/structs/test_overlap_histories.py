"""Tests that copies of one document agree in every encoding that honest clients use.

If a copy differed, the server would close the client that brought it. So real Yjs makes documents
with values of all kinds. Each is encoded in all ways of clients, of this server and of earlier
releases.
"""

import random
from typing import Any

import pycrdt
import pytest

from crdt.structs.garbage.deleted_content import collect
from crdt.structs.overlap import find_differing
from crdt.wire.compact import squash
from crdt.wire.parsed_update import HOOKS
from crdt.wire.raw_merge import merge
from crdt.wire.slicing import take_part
from crdt.wire.update_parser import parse
from tests.yjs import History, Yjs


def cut(update: bytes, dice: random.Random) -> list[bytes]:
    """Return three updates with random parts of the structs of each client."""
    spans = parse(update).spans
    parts = []
    for _ in range(3):
        bounds = {
            client: sorted(dice.sample(range(first, after + 1), 2))
            for client, (first, after) in spans.items()
        }
        parts.append(take_part(update, {client: (a, b) for client, (a, b) in bounds.items()}, ()))
    return parts


def copies(history: History, yjs: Yjs, dice: random.Random) -> list[bytes]:
    """Return copies of the whole document, or of parts of it, with structs in other forms."""
    whole = merge(history.updates)
    state = yjs.state(*history.updates)
    return [
        whole,
        state,
        squash(whole),
        yjs.merge(*history.updates),
        merge(history.states),
        *history.states,
        collect(whole, parse(whole))[0],
        yjs.converted(state),
        *cut(whole, dice),
        *cut(state, dice),
    ]


def assert_same(one: bytes, other: bytes) -> None:
    spans = {client: (0, after) for client, (_, after) in parse(one).spans.items()}
    assert find_differing(one, other, spans) == set()


@pytest.mark.parametrize("seed", range(12))
def test_copies_of_one_document_never_differ(yjs: Yjs, seed: int) -> None:
    history = yjs.history(seed, clients=3, edits=40)
    whole, state, *others = copies(history, yjs, random.Random(seed))

    for update in (whole, state):
        for other in (whole, state, *others):
            assert_same(update, other)
            assert_same(other, update)


def test_document_encoded_by_pycrdt_agrees(yjs: Yjs) -> None:
    """Earlier releases kept documents as pycrdt writes them, and clients that use yrs still do."""
    made = [
        merge(yjs.history(seed, clients=3, edits=15, only_whole_characters=True).updates)
        for seed in range(90)
    ]
    # pycrdt reads no XmlHook, and no JSON with half a character.
    read = [
        (update, again)
        for update in made
        if not parse(update).contents.kinds & HOOKS and (again := written_by_pycrdt(update))
    ]

    assert len(read) > 20
    for update, again in read:
        assert_same(update, again)
        assert_same(again, yjs.state(update))


def written_by_pycrdt(update: bytes) -> bytes:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    try:
        doc.apply_update(update)
        return bytes(doc.get_update())
    except ValueError:
        return b""
