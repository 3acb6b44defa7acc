"""What integrating costs, by a clock that is moved by hand."""

import pytest

from crdt.document.work import Work, cut_copy, needs_cuts
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
    work.start(1_000_000)
    clock.now += 0.3
    work.check()
    work.finish_update()

    assert (work.overrun_s, work.is_slow, work.spent_s) == (0, False, 0)


def test_update_that_would_cost_too_much_is_refused(work: Work, clock: Clock) -> None:
    """What earlier ones cost counts; those that cost nothing more still pass."""
    work.start(0)
    clock.now += 0.6 * MAX_WORK_S
    work.finish_update()

    work.start(0)
    clock.now += 0.6 * MAX_WORK_S
    with pytest.raises(LimitExceeded, match="too long") as caught:
        work.finish_update()

    assert caught.value.limit == "work"
    work.start(0)
    work.finish_update()


def test_load_says_what_the_whole_document_costs(work: Work, clock: Clock) -> None:
    work.start(0)
    clock.now += 0.7
    work.finish_update()

    work.start(0)
    clock.now += 0.101
    work.finish_load()

    assert work.spent_s == pytest.approx(0.1)


def test_watched_slices_end_when_they_are_slow(work: Work, clock: Clock) -> None:
    """Or go on until they are too much."""

    def slow_pieces(each_s: float) -> list[bytes]:
        taken = []
        work.start(0)
        for piece in work.watch([b"a", b"b", b"c", b"d"], gives_up=each_s < MAX_WORK_S):
            taken.append(piece)
            clock.now += each_s
        return taken

    assert slow_pieces(0.001) == [b"a", b"b", b"c", b"d"]
    assert slow_pieces(0.012) == [b"a", b"b"]
    assert work.is_slow
    with pytest.raises(LimitExceeded):
        slow_pieces(MAX_WORK_S)


def test_long_texts_that_are_cut_often_need_cuts() -> None:
    """A copy is cut where its own structs and those that come refer into it."""
    inside = [placed(text("x"), left=(1, place)) for place in range(100, 0, -10)]
    state = parse(Update([Section(1, 0, [placed(text("a" * 2_000_000), parent="t")]), Section(2, 0, inside)]).encode())

    assert needs_cuts(state)
    assert not needs_cuts(parse(update_of(placed(text("a" * 2_000_000), parent="t"))))
    copy = structure.parse(cut_copy(state.update, parse(update_of(placed(text("y"), left=(1, 5)), client=3))))
    assert copy is not None
    assert [struct.length for struct in copy.sections[0].structs][:4] == [6, 5, 10, 10]
