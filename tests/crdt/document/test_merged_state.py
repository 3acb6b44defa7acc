"""Tests of the state of a document, merged as bytes while updates come."""

import random

import pytest

from crdt.document.merged_state import MergedState
from crdt.wire.compact import squash
from crdt.wire.content import STORED_LIMITS
from crdt.wire.raw_merge import merge
from crdt.wire.update_parser import parse
from crdt.wire.y_protocol import decode_state_vector, state_vector
from tests.fuzz import structure
from tests.fuzz.structure import Update
from tests.yjs import Yjs


@pytest.mark.parametrize("seed", range(8))
def test_merged_state_equals_state_of_yjs(yjs: Yjs, seed: int) -> None:
    """For any order of the updates, the merged state equals Yjs's state.

    It can be encoded at any time, and can take more updates after that.
    """
    rng = random.Random(seed)
    history = yjs.history(seed, 4, 60)
    for is_shuffled in (False, True):
        if is_shuffled:
            rng.shuffle(history.updates)
        state = MergedState()
        for number, update in enumerate(history.updates, 1):
            state.add(update)
            if rng.random() < 0.2:
                encoded = state.encode()
                assert encoded is state.encode()
                assert yjs.state(encoded) == yjs.state(yjs.merge(*history.updates[:number]))
                if rng.random() < 0.5:
                    state = MergedState(encoded)


@pytest.mark.parametrize("seed", range(8))
def test_diff_equals_diff_of_yjs(yjs: Yjs, seed: int) -> None:
    """A diff equals Yjs's diff, even in the middle of structs and characters.

    A diff without cuts contains at least the same structs.
    """
    rng = random.Random(seed)
    history = yjs.history(seed, 4, 60)
    whole = merge(history.updates)
    clocks = yjs.clocks(whole)
    vectors = [
        {client: rng.randrange(clock + 1) for client, clock in clocks.items()} for _ in range(6)
    ]
    for known in [
        *map(decode_state_vector, history.vectors),
        *vectors,
        {},
        {5: 7},
        {**clocks, 5: 7},
    ]:
        expected = yjs.state(yjs.diff(whole, state_vector(known)))

        assert yjs.state(MergedState(whole).diff(known)) == expected
        uncut = MergedState(whole).diff(known, cuts=False)
        assert yjs.state(yjs.diff(uncut, state_vector(known))) == expected
        if known.items() >= clocks.items():
            assert structure.parse(uncut) == Update([], structure.parse(whole).deleted)  # type: ignore[union-attr]


def test_state_keeps_values_as_they_were_written(yjs: Yjs) -> None:
    """Values keep their bytes.

    Examples are the order of keys, a BigInt that a double could hold, -0, `undefined`,
    and halves of surrogate pairs.
    """
    history = yjs.history(3, 2, 200)
    state = MergedState()
    for update in history.updates:
        state.add(update)

    everything = state.encode()

    assert yjs.look(everything) == yjs.look(*history.updates)
    for value in (b"\x7a" + (10).to_bytes(8, "big"), b"\x7d\x40", b"\x7f", b"\\udc00"):
        assert value in everything


@pytest.mark.parametrize("seed", range(8))
def test_rebased_state_includes_later_updates(yjs: Yjs, seed: int) -> None:
    """A state can go on from the squashed form of its last encoding, even with new clients.

    It cannot go on from an older encoding.
    """
    history = yjs.history(seed, 4, 60)
    state = MergedState()
    half = len(history.updates) // 2
    for update in history.updates[:half]:
        state.add(update)
    before = state.encode()
    for update in history.updates[half:]:
        state.add(update)

    assert state.rebase(before, MergedState(squash(before)))
    assert yjs.look(state.encode()) == yjs.look(*history.updates)
    assert (
        parse(state.encode(), STORED_LIMITS).spans
        == parse(merge(history.updates), STORED_LIMITS).spans
    )
    assert not state.rebase(before, MergedState(squash(before)))
