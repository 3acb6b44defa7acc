"""What each update changed in the texts."""

import pytest

from crdt.errors import Gap
from crdt.history import replay
from crdt.history.replay import Replayer, steps
from crdt.log.codec import LogEntry
from crdt.log.restore import RestoredDocument
from tests.crdt.harness import NOW, Typist


def entries_of(*updates: bytes) -> list[LogEntry]:
    return [LogEntry(NOW + number, "ada", update) for number, update in enumerate(updates)]


def replayer() -> Replayer:
    return Replayer(RestoredDocument(), "codemirror")


def test_step_says_what_its_update_changed() -> None:
    """Positions and lengths are UTF-16 code units."""
    typist = Typist(5)
    entries = entries_of(typist.insert(0, "😀b"), typist.insert(4, "x"), typist.delete(0, 4))

    made = [step.edits for step in steps(replayer(), entries)]

    assert made == [
        [("codemirror", 0, 0, "😀b")],
        [("codemirror", 2, 0, "x")],
        [("codemirror", 0, 2, "")],
    ]


def test_step_has_time_and_author_of_its_entry() -> None:
    player = replayer()

    step = player.step(entries_of(Typist(5).insert(0, "a"))[0])

    assert (step.at, step.author, player.sequence) == (NOW, "ada", 1)
    assert player.files() == {"codemirror": "a"}


def test_step_of_cut_character_shows_replacements() -> None:
    """As Yjs shows half a character."""
    player = replayer()

    steps(player, entries_of(Typist(1).insert(0, "x😀y"), bytes.fromhex("000101010101")))

    assert player.files() == {"codemirror": "x\ufffdy"}


def test_step_over_a_hole_in_the_log_raises_gap() -> None:
    typist = Typist(5)
    typist.insert(0, "a")

    with pytest.raises(Gap):
        replayer().step(entries_of(typist.insert(1, "b"))[0])


def test_steps_end_when_an_answer_is_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what was inserted, or by their number."""
    typist = Typist(5)
    entries = entries_of(*(typist.insert(0, "abc") for _ in range(6)))

    monkeypatch.setattr(replay, "MAX_INSERTED", 5)
    assert len(steps(replayer(), entries)) == 2
    monkeypatch.setattr(replay, "MAX_STEPS", 1)
    assert len(steps(replayer(), entries)) == 1
