"""Tests of the replay, which shows the changes that each update made in the texts."""

from collections.abc import Sequence

import pytest

from crdt.errors import Gap, RoomDamaged
from crdt.history.playback.replay import PageLimits, Part, Replayed, Replayer, Step, replay, steps
from crdt.history.playback.stored_log import StoredLog
from crdt.log.codec import LogEntry, encode_chunk
from crdt.reading.file_table import Naming
from crdt.reading.text_order import TextEdit, TextOrder
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist

_ALL = PageLimits(inserted=1 << 20, edits=1_000, seconds=3_600)


def entries_of(*updates: bytes) -> list[LogEntry]:
    return [LogEntry(NOW + number, "ada", update) for number, update in enumerate(updates)]


def replayer() -> Replayer:
    return Replayer(TextOrder(), Naming("codemirror", "py"))


def shown(replayed: Replayed) -> Replayed:
    return replayed


def log_of(entries: Sequence[LogEntry]) -> StoredLog:
    return StoredLog(None, [Chunk("one", 1, len(entries), encode_chunk(entries), NOW)])


def test_step_has_the_edits_of_its_update() -> None:
    """The positions and lengths of edits are UTF-16 code units."""
    typist = Typist(5)
    entries = entries_of(typist.insert(0, "😀b"), typist.insert(4, "x"), typist.delete(0, 4))

    made = [step.edits for step in steps(replayer(), entries, _ALL, float)]

    assert made == [
        [("codemirror", 0, 0, "😀b")],
        [("codemirror", 2, 0, "x")],
        [("codemirror", 0, 2, "")],
    ]


def test_step_has_time_and_author_of_its_entry() -> None:
    """A step's time never goes back, even when the clock of an entry does."""
    player, typist = replayer(), Typist(5)
    entries = [LogEntry(at, "ada", typist.insert(0, "a")) for at in (NOW, NOW - 9_000, NOW + 1)]

    made = steps(player, entries, _ALL, float)

    assert [(step.at, step.author) for step in made] == [
        (NOW, "ada"),
        (NOW, "ada"),
        (NOW + 1, "ada"),
    ]
    assert player.files() == {"codemirror": "aaa"}


def test_step_of_cut_character_shows_replacements() -> None:
    """A half-deleted character is shown as U+FFFD, as Yjs shows it."""
    player = replayer()

    made = steps(
        player, entries_of(Typist(1).insert(0, "x😀y"), bytes.fromhex("000101010101")), _ALL, float
    )

    assert player.files() == {"codemirror": "x\ufffdy"}
    assert made[1].edits == [("codemirror", 1, 2, "\ufffd")]


def test_step_over_a_hole_in_the_log_raises_gap() -> None:
    typist = Typist(5)
    typist.insert(0, "a")

    with pytest.raises(Gap):
        replayer().step(entries_of(typist.insert(1, "b"))[0])


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        (PageLimits(inserted=5, edits=1_000, seconds=3_600), 2),
        (PageLimits(inserted=1_000, edits=3, seconds=3_600), 4),
        (PageLimits(inserted=1_000, edits=1_000, seconds=2.5), 3),
        (PageLimits(inserted=0, edits=0, seconds=0), 1),
        (_ALL, 6),
    ],
)
def test_steps_end_at_the_bounds_of_a_page(limits: PageLimits, count: int) -> None:
    """A page ends after enough inserted characters, edits or seconds, but has at least one step.

    Each step takes one second here.
    """
    typist = Typist(5)
    entries = entries_of(*(typist.insert(0, "abc") for _ in range(6)))
    seconds = iter(range(100))

    assert len(steps(replayer(), entries, limits, lambda: next(seconds))) == count


def test_replay_of_a_part_has_texts_before_it_and_its_steps() -> None:
    typist = Typist(5)
    log = log_of(entries_of(*(typist.insert(at, character) for at, character in enumerate("abcd"))))

    replayed, count = replay(log, Part(1, 3), "codemirror", _ALL, float, shown)

    expected = [Step(NOW + at, "ada", [TextEdit("codemirror", at, 0, "abcd"[at])]) for at in (1, 2)]
    assert (replayed.files, replayed.steps, replayed.others, count) == (
        {"codemirror": "a"},
        expected,
        [],
        2,
    )


def test_replay_of_a_log_with_a_hole_raises_room_damaged() -> None:
    typist = Typist(5)
    typist.insert(0, "a")

    with pytest.raises(RoomDamaged):
        replay(
            log_of(entries_of(typist.insert(1, "b"))), Part(0, 1), "codemirror", _ALL, float, shown
        )
