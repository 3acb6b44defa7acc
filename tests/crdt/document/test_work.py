"""Tests of the cost of integrating updates, with a clock that the tests move."""

import pytest

from crdt.document.work import FEW_STRUCTS, Work, cut_copy, needs_cuts
from crdt.errors import LimitExceeded
from crdt.limits import MAX_WORK_S
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import placed, text, update_of
from tests.fuzz import structure
from tests.fuzz.structure import Section, Update


class Clock:
    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def work(clock: Clock) -> Work:
    return Work(clock)


def test_usual_time_for_its_size_costs_nothing(work: Work, clock: Clock) -> None:
    measure = work.start(1_000_000)
    clock.now += 0.3
    measure.finish()

    assert (measure.check(), measure.is_slow, work.spent_s) == (0, False, 0)


def test_update_that_would_cost_too_much_is_refused(work: Work, clock: Clock) -> None:
    """The cost of earlier updates counts. Updates without additional cost still pass."""
    measure = work.start(0)
    clock.now += 0.6 * MAX_WORK_S
    measure.finish()

    measure = work.start(0)
    clock.now += 0.6 * MAX_WORK_S
    with pytest.raises(LimitExceeded, match="too long") as caught:
        measure.finish()

    assert caught.value.limit == "work"
    work.start(0).finish()


def test_load_sets_the_cost_of_the_whole_document(work: Work, clock: Clock) -> None:
    """A load replaces the costs of the parts with the cost of the whole document."""
    measure = work.start(0)
    clock.now += 0.7
    measure.finish()

    measure = work.start_load(0)
    clock.now += 0.8
    measure.finish()

    assert work.spent_s == pytest.approx(0.8, abs=0.01)


def test_known_document_may_cost_more(work: Work, clock: Clock) -> None:
    """A known document may exceed the limit, because a faster machine may have admitted it."""
    measure = work.start_load(0)
    clock.now += 2 * MAX_WORK_S
    measure.finish_known()

    assert work.spent_s > MAX_WORK_S


def test_document_with_slow_structs_stays_slow_after_a_fast_load(work: Work, clock: Clock) -> None:
    """A document with slow structs stays slow, even when a load of the whole is fast.

    Its next structs are integrated one by one at first.
    """
    assert work.few_structs == FEW_STRUCTS
    measure = work.start(10)
    clock.now += 0.01
    measure.finish()
    loading = work.start_load(10_000)
    loading.finish_known()

    assert work.spent_s == 0
    assert (work.few_structs, work.first_structs) == (1, 1)


def test_clock_stands_still_while_others_are_served(work: Work, clock: Clock) -> None:
    measure = work.start(0)
    clock.now += 0.1
    measure.stop()
    clock.now += 7
    measure.go_on()
    clock.now += 0.2

    assert measure.used_s == pytest.approx(0.3)


def test_long_texts_with_many_references_need_cuts() -> None:
    """A copy is cut where its own structs and the structs of the next update refer into it."""
    inside = [placed(text("x"), left=(1, place)) for place in range(100, 0, -10)]
    state = parse(
        Update(
            [Section(1, 0, [placed(text("a" * 2_000_000), parent="t")]), Section(2, 0, inside)]
        ).encode()
    )

    assert needs_cuts(state)
    assert not needs_cuts(parse(update_of(placed(text("a" * 2_000_000), parent="t"))))
    copy = structure.parse(
        cut_copy(state.update, parse(update_of(placed(text("y"), left=(1, 5)), client=3)))
    )
    assert copy is not None
    assert [struct.length for struct in copy.sections[0].structs][:4] == [6, 5, 10, 10]
