"""Tests of merging and checking updates in pycrdt, and of pycrdt's failures."""

import pycrdt
import pytest

from crdt.document.merging import EMPTY, FAN_IN, PycrdtFailure, cut, guarded, merge, verify
from crdt.errors import Rejected, RoomDamaged
from tests.crdt.harness import Typist

BROKEN = b"\x01\x01\x01"


@pytest.mark.parametrize("count", [0, 1, FAN_IN, FAN_IN + 1, 7 * FAN_IN + 3])
def test_merge_of_any_number_of_updates_gives_the_same_document(count: int) -> None:
    """Any number of updates, merged in groups of `FAN_IN`, gives the same text."""
    typist = Typist(1)
    updates = [typist.insert(at, "x") for at in range(count)]
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()

    doc.apply_update(merge(updates))

    assert str(doc.get("codemirror", type=pycrdt.Text)) == "x" * count


def test_merge_of_nothing_is_the_empty_update() -> None:
    assert merge([]) == EMPTY


def test_merge_of_broken_update_is_refused() -> None:
    with pytest.raises(Rejected):
        merge([EMPTY, BROKEN])


def test_cut_of_state_leaves_out_known_structs() -> None:
    typist = Typist(1)
    state = merge([typist.insert(0, "ab"), typist.insert(2, "c")])

    assert len(cut(state, b"\x01\x01\x02")) < len(state)
    with pytest.raises(PycrdtFailure):
        cut(state, b"\x01")


def test_verify_accepts_only_the_known_clocks() -> None:
    """A state that loads with more or fewer structs than the room knows is damaged."""
    state = Typist(1).insert(0, "ab")

    verify(state, {1: 2})
    for clocks in ({1: 3}, {1: 1}, {}, {1: 2, 2: 1}):
        with pytest.raises(RoomDamaged, match="completely"):
            verify(state, clocks)
    with pytest.raises(RoomDamaged, match="cannot be loaded"):
        verify(BROKEN, {})


def test_guarded_turns_panics_into_one_exception() -> None:
    """A panic of pycrdt, a BaseException, becomes a PycrdtFailure; an interrupt is passed on."""

    class Panic(BaseException):
        pass

    def panic() -> None:
        raise Panic

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(PycrdtFailure, match="Panic"):
        guarded(panic)
    with pytest.raises(KeyboardInterrupt):
        guarded(interrupt)
