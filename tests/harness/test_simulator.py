"""Tests the simulator of editing sessions.
It makes the same sessions everywhere, in the recordings' formats, with all usual kinds of edits.
"""

import functools
import gzip
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness import traces
from harness.node import yjs_updates
from harness.simulator.alone import alone
from harness.simulator.dice import Dice
from harness.simulator.person import AUTHOR, CORRESPONDENT, PROGRAMMER, Habits
from harness.simulator.together import Participant, together
from harness.simulator.trace import apply, encode, single_edits

SEQUENTIAL = ("simulated-code", "simulated-letters")
CONCURRENT = ("simulated-pair", "simulated-group")
DIGESTS = {
    "simulated-paper": "b9ddaf62c220b535b7741282edf520124ee3da1118027d5c38ababc1e67c47d1",
    "simulated-code": "40c424057cf914981e66aeac64f32f10e5769025330e3e6950a20ace72406b80",
    "simulated-letters": "4607e73058c0d34357387cb954224c5424b2bf7d410388e0a11278f576869c6f",
    "simulated-pair": "8862d7048b808bb266adf76fbe9d9e4a5d495cc925d7dd9e5cb8454158b3f173",
    "simulated-group": "880caadfe274b2a2ab2860bbaa50b0abbda3e49bd2ad222cda985958af233904",
}
"""SHA-256 of each session's JSON. Change a digest only together with the simulator."""


@pytest.fixture(scope="module")
def read(trace_file: Callable[[str], Path]) -> Callable[[str], Any]:
    """A function that returns an editing session by its name, and reads each session only once."""
    return functools.cache(lambda name: json.loads(gzip.decompress(trace_file(name).read_bytes())))


class Edit(NamedTuple):
    """A patch of a sequential session, with the removed text and the time."""

    at: int
    removed: str
    inserted: str
    ms: float

    @property
    def end(self) -> int:
        return self.at + len(self.inserted)


def edits_of(trace: Any) -> list[Edit]:
    text, edits = "", []
    for txn in trace["txns"]:
        ms = datetime.fromisoformat(txn["time"]).timestamp() * 1000
        for at, deleted, inserted in txn["patches"]:
            edits.append(Edit(at, text[at : at + deleted], inserted, ms))
            text = text[:at] + inserted + text[at + deleted :]
    return edits


def longest_burst(edits: list[Edit]) -> int:
    """Return the length of the longest run of keys that were pressed without a pause."""
    longest = length = 0
    for before, edit in pairwise(edits):
        is_next = edit.at == before.end and not edit.removed and edit.ms - before.ms < 300
        length = length + 1 if is_next else 0
        longest = max(longest, length)
    return longest


def actions_of(edits: list[Edit]) -> Iterator[str]:
    """Yield the name of each kind of action that an edit and the edit before it show."""
    for before, edit in pairwise(edits):
        if abs(edit.at - before.end) > 10:
            yield "jump"
        if before.removed and not before.inserted and edit.inserted and edit.at == before.at:
            yield (
                "undo and redo"
                if len(edit.inserted) > 2 and edit.inserted == before.removed
                else "correction"
            )
        if len(edit.inserted) >= 30:
            yield "paste"
        if edit.removed and edit.inserted:
            yield "typing over"
        if len(edit.removed) > 2 and not edit.inserted:
            yield "line deleted" if edit.removed.endswith("\n") else "word deleted"
        if any(character > "\uffff" for character in edit.inserted):
            yield "emoji"
        if "\u200d" in edit.inserted:
            yield "joined emoji"


@pytest.mark.parametrize("name", traces.SIMULATED)
def test_session_of_one_seed_is_always_the_same(name: str, read: Callable[[str], Any]) -> None:
    """A session has the same bytes in every process, machine and version of Python."""
    assert hashlib.sha256(encode(read(name))).hexdigest() == DIGESTS[name]


def test_dice_of_one_seed_draw_known_values() -> None:
    dice = Dice(7)

    assert [dice.below(1_000) for _ in range(6)] == [323, 150, 650, 72, 535, 365]
    assert [dice.between(1, 3) for _ in range(6)] == [1, 2, 1, 2, 1, 1]
    assert [dice.weighted((("a", 3), ("b", 0), ("c", 1))) for _ in range(8)] == list("acaaacaa")


@pytest.mark.parametrize(
    "name",
    [traces.PAPER, *SEQUENTIAL, *traces.recorded("automerge-paper", "rustcode", "sveltecomponent")],
)
def test_sequential_session_has_the_format_of_recordings(
    name: str, read: Callable[[str], Any]
) -> None:
    """All patches are within the text. Applied in order, they give the text at the end."""
    trace = read(name)

    assert trace.keys() == {"startContent", "endContent", "txns"}
    assert {frozenset(txn) for txn in trace["txns"]} == {frozenset({"time", "patches"})}
    text = trace["startContent"]
    for txn in trace["txns"]:
        for at, deleted, inserted in txn["patches"]:
            assert 0 <= at <= at + deleted <= len(text)
            assert deleted or inserted
            text = apply(text, [(at, deleted, inserted)])
    assert text == trace["endContent"]


@pytest.mark.parametrize("name", [*CONCURRENT, *traces.recorded("friendsforever")])
def test_concurrent_session_has_the_format_of_recordings(
    name: str, read: Callable[[str], Any]
) -> None:
    """Parents come before their children, and no parent is an ancestor of another parent.

    A transaction of an agent comes after all earlier ones of the same agent.
    """
    trace = read(name)

    assert trace.keys() == {"kind", "endContent", "numAgents", "txns"}
    assert trace["kind"] == "concurrent"
    txns = trace["txns"]
    assert {frozenset(txn) for txn in txns} == {
        frozenset({"parents", "numChildren", "agent", "time", "patches"})
    }
    assert {txn["agent"] for txn in txns} == set(range(trace["numAgents"]))
    has: list[int] = []  # for each transaction, its bit and those of its ancestors
    newest: dict[int, int] = {}
    for index, txn in enumerate(txns):
        behind = 0
        for parent in txn["parents"]:
            assert parent < index
            assert not any(has[other] >> parent & 1 for other in txn["parents"] if other != parent)
            behind |= has[parent]
        own = newest.get(txn["agent"])
        assert own is None or behind >> own & 1
        newest[txn["agent"]] = index
        has.append(behind | 1 << index)
    children = [parent for txn in txns for parent in txn["parents"]]
    assert len(children) == sum(txn["numChildren"] for txn in txns)


@pytest.mark.parametrize("name", [*SEQUENTIAL, *CONCURRENT])
def test_yjs_replay_of_session_gives_its_text(
    name: str, read: Callable[[str], Any], trace_file: Callable[[str], Path]
) -> None:
    """Real Yjs clients that exchange transactions in the order of `parents` get the final text."""
    _, end = yjs_updates(trace_file(name))

    assert end["text"] == read(name)["endContent"]


@pytest.mark.parametrize("name", CONCURRENT)
def test_concurrent_session_has_people_typing_in_parallel(
    name: str, read: Callable[[str], Any]
) -> None:
    """At least a tenth of the transactions merge edits that others made meanwhile.

    No agent has less than a third of the average number of transactions.
    """
    trace = read(name)
    txns = trace["txns"]

    assert sum(len(txn["parents"]) > 1 for txn in txns) > len(txns) / 10
    shares = [sum(txn["agent"] == agent for txn in txns) for agent in range(trace["numAgents"])]
    assert min(shares) > len(txns) / (3 * len(shares))
    times = [datetime.fromisoformat(txn["time"]) for txn in txns]
    assert times == sorted(times)


@pytest.mark.parametrize("name", CONCURRENT)
def test_concurrent_session_has_merges_after_long_absence(
    name: str, read: Callable[[str], Any]
) -> None:
    """A session has a merge with a parent that is more than 40 transactions old."""
    txns = read(name)["txns"]

    oldest = [
        index - min(txn["parents"]) for index, txn in enumerate(txns) if len(txn["parents"]) > 1
    ]
    assert max(oldest) > 40


def test_paper_session_is_as_large_as_the_recorded_paper(read: Callable[[str], Any]) -> None:
    """The simulated paper has as many edits as the recorded one, each of one UTF-16 unit.

    The texts at the end have similar lengths.
    """
    trace = read(traces.PAPER)
    patches = [patch for txn in trace["txns"] for patch in txn["patches"]]

    assert len(patches) == len(trace["txns"]) == 260_000
    assert all(
        deleted + len(inserted) == 1 and inserted <= "\uffff" for _, deleted, inserted in patches
    )
    assert 80_000 < len(trace["endContent"]) < 130_000


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        (
            "simulated-code",
            {"jump", "correction", "paste", "typing over", "line deleted", "word deleted",
             "undo and redo", "emoji"},
        ),
        (
            "simulated-letters",
            {
                "jump", "correction", "paste", "typing over", "line deleted", "word deleted",
                "undo and redo", "emoji",
                "joined emoji",
            },
        ),
    ],
)  # fmt: skip
def test_sequential_session_has_bursts_and_every_kind_of_action(
    name: str, actions: set[str], read: Callable[[str], Any]
) -> None:
    """A session has a burst of at least 20 keys, and each kind of action at least five times."""
    edits = edits_of(read(name))

    assert longest_burst(edits) >= 20
    seen = list(actions_of(edits))
    assert {action: seen.count(action) for action in actions if seen.count(action) < 5} == {}


def test_author_types_in_bursts_and_corrects_words() -> None:
    edits = edits_of(alone(1, 20_000, AUTHOR, is_by_character=True))

    assert longest_burst(edits) >= 20
    seen = list(actions_of(edits))
    assert min(seen.count("jump"), seen.count("correction")) > 100


def test_code_session_has_transactions_with_several_places(read: Callable[[str], Any]) -> None:
    assert sum(len(txn["patches"]) > 1 for txn in read("simulated-code")["txns"]) >= 10


def test_letters_are_of_many_scripts(read: Callable[[str], Any]) -> None:
    text = read("simulated-letters")["endContent"]

    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in text}

    expected = {
        "LATIN",
        "CYRILLIC",
        "GREEK",
        "HEBREW",
        "ARABIC",
        "DEVANAGARI",
        "CJK",
        "HIRAGANA",
        "KATAKANA",
        "HANGUL",
    }
    assert expected <= scripts


@pytest.mark.parametrize(
    "habits", [AUTHOR, PROGRAMMER, CORRESPONDENT], ids=["author", "programmer", "correspondent"]
)
def test_sessions_of_any_seed_have_patches_that_give_their_text(habits: Habits) -> None:
    """For every seed, the patches give the text at the end, also if each patch is one keystroke."""
    seen = set()
    for seed in range(30):
        trace = alone(seed, 400, habits)
        assert (
            apply("", [patch for txn in trace["txns"] for patch in txn["patches"]])
            == trace["endContent"]
        )
        single = alone(seed, 400, habits, is_by_character=True)
        assert [len(txn["patches"]) for txn in single["txns"]] == [1] * 400
        assert (
            apply("", [patch for txn in single["txns"] for patch in txn["patches"]])
            == single["endContent"]
        )
        seen.add(trace["endContent"])
    assert len(seen) == 30


def test_concurrent_session_of_any_seed_gives_all_agents_one_text() -> None:
    """Different seeds give different texts, and the same seed gives the same session."""
    participants = (
        Participant(CORRESPONDENT, 200, losses_per_mille=10),
        Participant(PROGRAMMER, 90),
    )

    ends = {together(seed, 300, participants)["endContent"] for seed in range(10)}

    assert len(ends) == 10
    assert together(3, 300, participants) == together(3, 300, participants)


def test_single_edits_give_same_text_as_patch() -> None:
    assert single_edits((2, 3, "xy")) == [
        (4, 1, ""),
        (3, 1, ""),
        (2, 1, ""),
        (2, 0, "x"),
        (3, 0, "y"),
    ]
    assert apply("abcdef", single_edits((2, 3, "xy"))) == apply("abcdef", [(2, 3, "xy")]) == "abxyf"
