"""Tests the views of the timeline, which a slider shows."""

import json
from typing import Any

import pytest

from crdt.history.playback.timeline import Stretch, Timeline
from handlers.http.views import timeline
from storage.checksums import damaged_run
from storage.records import Message, Version, VersionKind
from storage.runs.records import Outcome
from tests.storage.rows import run as run_row


def test_timeline_entry_without_pastes_or_pauses_leaves_them_out() -> None:
    """An entry without a paste or a long pause has no fields `paste` and `pause`.

    Most entries have none.
    """
    plain = timeline.timeline_entry(Stretch(1, 3, 1_000, 2_000, "u1", inserted=4, deleted=1))
    notable = timeline.timeline_entry(
        Stretch(4, 4, 3_000, 3_000, "u1", inserted=200, paste=200, pause=400_000)
    )

    assert plain == {
        "sequence": 3, "first": 1, "at": "1970-01-01T00:00:01.000Z",
        "until": "1970-01-01T00:00:02.000Z",
        "author": "u1", "inserted": 4, "deleted": 1,
    }  # fmt: skip
    assert (notable["paste"], notable["pause"]) == (200, 400_000)


def test_timeline_authors_have_totals_of_their_edits() -> None:
    """Each author has the totals of all their edits. Authors are in the order of first edits."""
    stretches = [
        Stretch(1, 1, 0, 0, "u2", inserted=1),
        Stretch(2, 2, 0, 0, "u1", inserted=2),
        Stretch(3, 3, 0, 0, "u2", inserted=4, deleted=8),
    ]

    shown = timeline.timeline_authors(stretches)

    assert list(shown.items()) == [
        ("u2", {"inserted": 5, "deleted": 8}),
        ("u1", {"inserted": 2, "deleted": 0}),
    ]


def test_timeline_over_the_limit_of_a_page_names_the_next_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "MAX_STRETCHES", 2)
    folded = Timeline()
    folded.sequence, folded.stretches = (
        8,
        [Stretch(at, at + 1, at, at + 1, "u1") for at in (1, 3, 5, 7)],
    )

    first, second = (
        json.loads(timeline.timeline(folded, after, [], [], []).text) for after in (0, 4)
    )

    assert [entry["first"] for entry in first["entries"]] == [1, 3]
    assert [entry["first"] for entry in second["entries"]] == [5, 7]
    assert (first["next"], second["next"], first["duration"], first["sequence"]) == (
        "4",
        None,
        7,
        8,
    )


def test_timeline_marks_are_sorted_by_time() -> None:
    """Versions, messages, runs and redactions are sorted together by time.

    Each kind has its own fields.
    """
    version = Version(
        "s1", 1, 5, None, "codemirror", "first", VersionKind.MANUAL, "u1", "ada", (), 3_000
    )
    message = Message("s1", 1, "m1", "u1", "ada", "hello", 2_100)
    redacted = Stretch(2, 4, 2_000, 2_500, "u1", redacted=True)

    run = run_row(number=1, sequence=4, created_at=4_000, outcome=Outcome.FAILED)

    shown: list[Any] = timeline.marks([version], [message], [run], [redacted], 10)

    assert [(mark["kind"], mark["at"][17:]) for mark in shown] == [
        ("redacted", "02.000Z"), ("chat", "02.100Z"), ("manual", "03.000Z"), ("run", "04.000Z"),
    ]  # fmt: skip
    assert shown[3] == {
        "at": "1970-01-01T00:00:04.000Z", "kind": "run", "number": 1, "outcome": "failed",
        "sequence": 4, "author": "u-ada",
    }  # fmt: skip
    assert (shown[1]["id"], shown[0]["sequence"], shown[2]["version"]) == ("m1", 4, 1)


def test_timeline_marks_stay_between_their_edits_when_the_clock_was_set() -> None:
    """After a change of the clock, a version is still between the right edits.

    It comes after the edits that it contains and before later ones. Messages keep their order.
    """
    stretches = [Stretch(1, 4, 10_000, 12_000, "u1"), Stretch(5, 5, 20_000, 20_000, "u1")]
    moments = [(0, 90_000), (2, 1_000), (4, 500), (4, 15_000), (4, 30_000), (5, 1_000), (5, 25_000)]
    versions = [
        Version(
            "s1", number, sequence, None, "codemirror", "", VersionKind.MANUAL, "u1", "ada", (), at
        )
        for number, (sequence, at) in enumerate(moments, 1)
    ]
    sent = enumerate((500, 11_000, 7), 1)
    messages = [Message("s1", number, f"m{number}", "u1", "ada", "hi", at) for number, at in sent]

    shown: list[Any] = timeline.marks(versions[::-1], messages, [], stretches, 10)

    times: dict[Any, str] = {mark.get("version") or mark["id"]: mark["at"][17:-1] for mark in shown}
    assert times == {
        1: "10.000", 2: "10.000", 3: "12.000", 4: "15.000", 5: "20.000", 6: "20.000", 7: "25.000",
        "m1": "10.000", "m2": "11.000", "m3": "11.000",
    }  # fmt: skip


def test_run_is_marked_after_the_edits_of_its_code_and_earlier_runs() -> None:
    """Damaged runs have no mark, because their time is not known."""
    stretches = [Stretch(1, 4, 10_000, 12_000, "u1"), Stretch(5, 5, 20_000, 20_000, "u1")]
    moments = [(0, 1_000), (4, 11_000), (5, 15_000), (4, 7_000), (5, 30_000)]
    runs = [
        run_row(number=number, sequence=sequence, created_at=at)
        for number, (sequence, at) in enumerate(moments, 1)
    ]

    shown: list[Any] = timeline.marks([], [], [damaged_run("s1", 6), *runs[::-1]], stretches, 10)

    assert [(mark["number"], mark["at"][17:-1]) for mark in shown] == [
        (1, "10.000"), (2, "11.000"), (3, "20.000"), (4, "20.000"), (5, "30.000"),
    ]  # fmt: skip
    assert [mark["at"][17:-1] for mark in timeline.marks([], [], runs[:1], [], 10)] == ["01.000"]
