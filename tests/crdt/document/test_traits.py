"""Tests of the traits of a state, which are found before a document starts from it."""

from crdt.document.traits import inspect
from crdt.wire import raw_merge
from crdt.wire.update_parser import parse
from harness.hostile import B3
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import placed, text, update_of, value
from tests.fuzz.structure import Section, Update

BROKEN_ON_B3 = raw_merge.merge([B3, bytes.fromhex("01010700070003010100")])
"""A state with a map inside a letter, which pycrdt cannot load."""


def test_inspect_of_text_finds_nothing_special() -> None:
    state = Typist(1).insert(0, "abc")

    traits = inspect(state, parse(state).contents.kinds, parse(state), cpu_s=float)

    assert (traits.merged, traits.needs_copy, traits.is_readable, traits.needs_cuts) == (
        None,
        False,
        True,
        False,
    )


def test_inspect_of_values_reads_their_sections() -> None:
    state = update_of(placed(value(), parent="l"))

    assert inspect(state, parse(state).contents.kinds, parse(state)).merged is not None


def test_inspect_loads_and_measures_only_with_a_clock() -> None:
    """Only an inspection with a clock loads the state, so only it finds failures and the time."""
    ticks = iter(range(99))

    state = BROKEN_ON_B3
    assert inspect(state, parse(state).contents.kinds, parse(state)).is_readable
    assert not inspect(state, parse(state).contents.kinds, parse(state), cpu_s=float).is_readable
    assert inspect(B3, 0, parse(B3), cpu_s=lambda: float(next(ticks))).work_s > 0.9


def test_inspect_finds_long_text_with_many_cuts() -> None:
    inside = [placed(text("x"), left=(1, place)) for place in range(400)]
    state = Update(
        [Section(1, 0, [placed(text("a" * 40_000), parent="t")]), Section(2, 0, inside)]
    ).encode()

    assert inspect(state, parse(state).contents.kinds, parse(state)).needs_cuts
