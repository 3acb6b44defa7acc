"""Timelines, replays and blame as clients see them."""

from typing import Any

from crdt.history.replay import Step
from crdt.history.timeline import Stretch
from handlers.http.views import history
from storage.records import Message, User, Version, VersionKind

ADA = User("u1", "ada", None, None, "", None, False, 0)


def test_timeline_entry_without_pastes_or_pauses_leaves_them_out() -> None:
    """Most edits have neither."""
    plain = history.timeline_entry(Stretch(1, 3, 1_000, 2_000, "u1", inserted=4, deleted=1))
    notable = history.timeline_entry(Stretch(4, 4, 3_000, 3_000, "u1", inserted=200, paste=200, pause=400_000))

    assert plain == {
        "sequence": 3, "first": 1, "at": "1970-01-01T00:00:01.000Z", "until": "1970-01-01T00:00:02.000Z",
        "author": "u1", "inserted": 4, "deleted": 1,
    }  # fmt: skip
    assert (notable["paste"], notable["pause"]) == (200, 400_000)


def test_timeline_authors_have_totals_of_their_edits() -> None:
    """Of all their edits, in the order in which they began."""
    stretches = [
        Stretch(1, 1, 0, 0, "u2", inserted=1),
        Stretch(2, 2, 0, 0, "u1", inserted=2),
        Stretch(3, 3, 0, 0, "u2", inserted=4, deleted=8),
    ]

    shown = history.timeline_authors(stretches, {"u1": ADA})

    assert [(author["id"], author["inserted"], author["deleted"]) for author in shown] == [("u2", 5, 8), ("u1", 2, 0)]


def test_timeline_marks_are_sorted_by_time() -> None:
    """Versions, messages and redactions together; each kind has its own fields."""
    version = Version("s1", 1, 5, None, "codemirror", "first", VersionKind.MANUAL, "u1", "ada", (), 3_000)
    message = Message("s1", 1, "m1", "u1", "ada", "hello", 2_100)
    redacted = Stretch(2, 4, 2_000, 2_500, "u1", redacted=True)

    shown: list[Any] = history.marks([version], [message], [redacted], 10)

    assert [(mark["kind"], mark["at"][17:]) for mark in shown] == [
        ("redacted", "02.000Z"), ("chat", "02.100Z"), ("manual", "03.000Z"),
    ]  # fmt: skip
    assert (shown[1]["id"], shown[0]["sequence"], shown[2]["version"]) == ("m1", 4, 1)


def test_timeline_marks_stay_between_their_edits_when_the_clock_was_set() -> None:
    """A version comes after the edits that it has and before those that it lacks; messages keep their order."""
    stretches = [Stretch(1, 4, 10_000, 12_000, "u1"), Stretch(5, 5, 20_000, 20_000, "u1")]
    moments = [(0, 90_000), (2, 1_000), (4, 500), (4, 15_000), (4, 30_000), (5, 1_000), (5, 25_000)]
    versions = [
        Version("s1", number, sequence, None, "codemirror", "", VersionKind.MANUAL, "u1", "ada", (), at)
        for number, (sequence, at) in enumerate(moments, 1)
    ]
    sent = enumerate((500, 11_000, 7), 1)
    messages = [Message("s1", number, f"m{number}", "u1", "ada", "hi", at) for number, at in sent]

    shown: list[Any] = history.marks(versions[::-1], messages, stretches, 10)

    times: dict[Any, str] = {mark.get("version") or mark["id"]: mark["at"][17:-1] for mark in shown}
    assert times == {
        1: "10.000", 2: "10.000", 3: "12.000", 4: "15.000", 5: "20.000", 6: "20.000", 7: "25.000",
        "m1": "10.000", "m2": "11.000", "m3": "11.000",
    }  # fmt: skip


def test_replay_steps_name_roots_and_authors_by_their_index() -> None:
    """Roots that the texts do not have yet come after those that they have; times are since the step before."""
    steps = [Step(1_000, "u2", [("b", 0, 0, "x")]), Step(1_250, "u1", [("a", 1, 2, ""), ("c", 0, 0, "y")])]

    roots, authors, shown = history.replay_steps(steps, {"a": "text"})

    assert (roots, authors) == (["a", "b", "c"], ["u2", "u1"])
    assert shown == [(0, 0, [(1, 0, 0, "x")]), (250, 1, [(0, 1, 2, ""), (2, 0, 0, "y")])]


def test_replay_steps_of_empty_session_are_empty() -> None:
    """A session in which nobody has typed."""
    assert history.replay_steps([], {}) == ([], [], [])
