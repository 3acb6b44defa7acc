"""Tests of the timeline, the short form of a log for a slider."""

from hypothesis import given
from hypothesis import strategies as st

from crdt.history.playback.timeline import GAP_MS, PASTE, PAUSE_MS, Ranges, Timeline
from crdt.log.codec import LogEntry
from tests.crdt.harness import NOW, Typist

ranges = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=30)


@given(ranges)
def test_timeline_ranges_count_new_numbers_as_a_set_does(
    added: list[tuple[int, int]],
) -> None:
    """`Ranges.add` returns how many numbers are new, and keeps the numbers, as a set would."""
    subject = Ranges()
    model: set[int] = set()
    for start, length in added:
        numbers = set(range(start, start + length))
        assert subject.add(start, start + length) == len(numbers - model)
        model |= numbers
    assert subject._starts == sorted(subject._starts)
    assert sum(subject._ends) - sum(subject._starts) == len(model)


def timeline(*entries: tuple[int, str, bytes]) -> Timeline:
    made = Timeline()
    for after_ms, author, update in entries:
        made.add(LogEntry(NOW + after_ms, author, update))
    return made


def test_timeline_joins_edits_without_gap() -> None:
    ada, bob = Typist(5), Typist(6)

    made = timeline(
        (0, "ada", ada.insert(0, "ab")),
        (GAP_MS, "ada", ada.insert(2, "😀")),
        (GAP_MS + 1, "bob", bob.insert(0, "x")),
        (GAP_MS + 2, "ada", ada.delete(0, 2)),
        (2 * GAP_MS + 3, "ada", ada.insert(0, "y")),
    )

    assert [(stretch.author, stretch.first, stretch.last, stretch.inserted,
             stretch.deleted) for stretch in made.stretches] == [
        ("ada", 1, 2, 4, 0), ("bob", 3, 3, 1, 0), ("ada", 4, 4, 0, 2), ("ada", 5, 5, 1, 0),
    ]  # fmt: skip
    assert (made.stretches[0].at, made.stretches[0].until) == (NOW, NOW + GAP_MS)


@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.sampled_from(["ada", "bob"])),
        min_size=1,
        max_size=20,
    )
)
def test_timeline_never_goes_back_with_the_clock(jumps: list[tuple[int, str]]) -> None:
    typist = Typist(5)

    made = timeline(
        *((after_ms, author, typist.insert(0, "x")) for after_ms, author in jumps)
    ).stretches

    times = [time for stretch in made for time in (stretch.at, stretch.until)]
    assert times == sorted(times)
    assert sum(stretch.pause for stretch in made) <= made[-1].until - made[0].at
    assert times[-1] == NOW + max(after_ms for after_ms, _ in jumps)


def test_timeline_marks_pastes_and_pauses() -> None:
    ada = Typist(5)

    made = timeline(
        (0, "ada", ada.insert(0, "x" * (PASTE - 1))),
        (1, "ada", ada.insert(0, "y" * PASTE)),
        (2, "ada", ada.insert(0, "z" * 300)),
        (2 + PAUSE_MS, "ada", ada.insert(0, "late")),
    )

    assert [(stretch.paste, stretch.pause) for stretch in made.stretches] == [
        (300, 0),
        (0, PAUSE_MS),
    ]


def test_timeline_counts_repeated_updates_once() -> None:
    """A sync after a broken connection repeats known updates, which must not be counted again."""
    ada = Typist(5)
    first, second = ada.insert(0, "hello"), ada.delete(1, 3)
    everything = ada.doc.get_update()

    made = timeline((0, "ada", first), (1, "ada", second), (2, "ada", everything))

    assert [(stretch.inserted, stretch.deleted) for stretch in made.stretches] == [(5, 2)]
