"""Tests of the quarantine: sessions that are set aside after a crash, and for how long."""

import pytest

from crdt.crashmark import SIZE, CrashMark
from crdt.quarantine import Quarantine

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
NAMED = [("room", "eve")]


def test_crash_mark_names_users_of_current_work() -> None:
    """The mark has a name until its block ends, normally or by an error. Blocks may be nested."""
    page = bytearray(SIZE)
    mark = CrashMark(page)

    with mark.at("first", "ada"), mark.at("second"):
        assert sorted(mark.named()) == [("first", "ada"), ("second", "")]
        assert sorted(CrashMark(bytearray(page)).named()) == sorted(mark.named())
        with pytest.raises(ZeroDivisionError), mark.at("third", "bob"):
            raise ZeroDivisionError

    assert list(mark.named()) == []


def test_crash_mark_with_seventeen_names_leaves_out_the_last() -> None:
    """A seventeenth name at the same time is left out, and the other names stay."""
    mark = CrashMark()
    held = [mark.at(f"room-{number}", "x" * 500) for number in range(17)]
    for context in held:
        context.__enter__()
    assert len(list(mark.named())) == 16
    for context in held:
        context.__exit__()
    assert list(mark.named()) == []
    with mark.at("again"):
        assert list(mark.named()) == [("again", "")]


def test_quarantine_lasts_longer_each_time() -> None:
    """A quarantine lasts 10 minutes, then an hour, six hours, and a day.

    It also slows its user down.
    """
    quarantine = Quarantine()
    for minutes in (10, 60, 360, 1_440, 1_440):
        quarantine.note(NAMED, 1_000, is_sure=True)
        assert quarantine.wait_ms("room", 1_000) == minutes * MINUTE
        assert quarantine.set_aside(1_000) == ["room"]
        assert quarantine.is_slowed("eve", minutes * MINUTE)
        assert not quarantine.is_slowed("eve", 1_000 + minutes * MINUTE)
    assert quarantine.wait_ms("room", 1_000 + DAY) == 0
    assert quarantine.wait_ms("other", 1_000) == 0
    assert not quarantine.is_slowed("ada", 1_000)


def die(quarantine: Quarantine, *named: str, now: int = 0) -> None:
    """Note a death of unknown cause that named these sessions, as a start does."""
    pairs = [(session_id, f"user of {session_id}") for session_id in named]
    quarantine.relieve(pairs)
    quarantine.note(pairs, now, is_sure=False)


def test_quarantine_without_known_cause_needs_three_deaths_in_a_row() -> None:
    quarantine = Quarantine()
    for minutes in (0, 0, 10, 60):
        die(quarantine, "room")
        assert quarantine.wait_ms("room", 0) == minutes * MINUTE
        assert quarantine.is_slowed("user of room", 0) == bool(minutes)


def test_deaths_on_other_days_do_not_count() -> None:
    quarantine = Quarantine()
    for day in range(8):
        die(quarantine, "room", now=day * (DAY + 1))

    assert quarantine.set_aside(8 * DAY) == []


@pytest.mark.parametrize("every", [3, 4, 10])
def test_session_that_kills_name_by_chance_stays_open(every: int) -> None:
    """An operator may kill the server often. A busy session is then named now and then."""
    quarantine = Quarantine()
    for number in range(200):
        die(quarantine, *["busy"] * (number % every == 0))
        assert not quarantine.has_killed("busy")
        quarantine = Quarantine(quarantine.as_stored())

    assert quarantine.set_aside(0) == []


def test_sessions_that_kill_in_turns_are_set_aside() -> None:
    """Hostile users cannot clear one session of suspicion by means of another."""
    quarantine = Quarantine()
    for number in range(10):
        die(quarantine, ("first", "second")[number % 2])

    assert quarantine.set_aside(0) == ["first", "second"]


def test_quarantine_is_stored_and_expires_or_is_released() -> None:
    """Stored records are read back unchanged.

    A quarantine can be released, and it ends after a week without another crash.
    """
    quarantine = Quarantine()
    quarantine.note([("room", "eve"), ("other", "")], 5, is_sure=True)
    again = Quarantine(quarantine.as_stored())
    assert again.as_stored() == quarantine.as_stored()
    assert again.wait_ms("room", 5) == 10 * MINUTE

    assert again.release("room")
    assert not again.release("room")
    assert again.wait_ms("room", 5) == 0
    again.note([], 6 + 7 * DAY, is_sure=True)
    assert again.as_stored() == {"sessions": {}, "users": {}}


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"sessions": 1},
        {"sessions": {"a": 1, "b": [1], "c": [1, 2, 3, "x"], "d": [-1, 0, 0, 0]}},
    ],
)
def test_quarantine_file_with_invalid_entries_ignores_them(stored) -> None:
    assert Quarantine(stored).as_stored() == {"sessions": {}, "users": {}}
