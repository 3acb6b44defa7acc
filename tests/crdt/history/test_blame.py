"""Tests of blame, for whole sessions with known authors and for short texts."""

import base64
from collections.abc import Callable
from pathlib import Path

import pycrdt
import pytest

import crdt.history.blame
from crdt.errors import NoText
from crdt.history.blame import Question, blame
from crdt.log.authorship import Authorship
from crdt.reading.item_order import ItemOrder
from crdt.room.room import Room
from crdt.wire import y_protocol
from crdt.wire.compact import squash
from crdt.wire.update_parser import parse
from harness import traces
from harness.node import yjs_updates
from storage.errors import NotFound
from tests.crdt.harness import NOW, Typist, join, make_room, send


def blamed(room: Room, root: str = "codemirror"):
    return blame(
        ItemOrder(squash(room.document.state())),
        root,
        room.index.owners,
        room.contributions.authorship,
    )


@pytest.mark.parametrize(
    "name",
    [
        "simulated-code",
        "simulated-letters",
        "simulated-pair",
        "simulated-group",
        *traces.recorded("friendsforever", "sveltecomponent", "rustcode"),
    ],
)
def test_blame_of_whole_sessions_matches_yjs(
    name: str, trace_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each unit of the text has the author that real Yjs names, and the time of its update."""
    monkeypatch.setattr(crdt.history.blame, "MAX_RUNS", 100_000)
    updates, last = yjs_updates(trace_file(name), limit=30_000)
    room = make_room()
    connections = {}
    sent = {}
    for number, entry in enumerate(updates):
        agent = entry["agent"]
        if agent not in connections:
            connections[agent], _ = join(room, f"agent {agent}")
        update = base64.b64decode(entry["update"])
        for client, (first, after) in parse(update).spans.items():
            sent.update({(client, clock): number for clock in range(first, after)})
        send(room, connections[agent], update, NOW + 5_000 * number)

    shown = blamed(room)

    assert (
        "\n".join(line.text for line in shown.lines) == last["text"] == room.files()["codemirror"]
    )
    expected = [f"agent {agent}" for agent, length in last["agents"] for _ in range(length)]
    assert [run.author for run in shown.runs for _ in range(run.length)] == expected
    times = [
        NOW + 5_000 * sent[item.client, item.clock + unit]
        for item in ItemOrder(room.document.state()).visible("codemirror")
        for unit in range(item.length)
    ]
    assert [run.at for run in shown.runs for _ in range(run.length)] == times
    assert len(set(expected)) == len(connections)


def test_blame_of_line_is_author_of_newest_part() -> None:
    """A line has the author of its newest part.

    An empty line has the user who typed its line end as its author.
    """
    room, ada, bob = make_room(), Typist(5), Typist(6)
    at_ada, _ = join(room, "ada")
    at_bob, _ = join(room, "bob")
    first = ada.insert(0, "one\ntwo\n\nfour 😀!\n")
    bob.hear(first)
    send(room, at_ada, first, NOW)
    send(room, at_bob, bob.insert(4, "2 "), NOW + 10_000)

    shown = blamed(room)

    assert [(line.text, line.author, line.at) for line in shown.lines] == [
        ("one", "ada", NOW),
        ("2 two", "bob", NOW + 10_000),
        ("", "ada", NOW),
        ("four 😀!", "ada", NOW),
        ("", "ada", NOW),
    ]
    assert [(run.start, run.length, run.author, run.at) for run in shown.runs] == [
        (0, 4, "ada", NOW),
        (4, 2, "bob", NOW + 10_000),
        (6, 14, "ada", NOW),
    ]


def test_blame_of_empty_text_names_nobody() -> None:
    shown = blame(ItemOrder(), "codemirror", {}, Authorship())

    assert (shown.runs, [(line.text, line.author, line.at) for line in shown.lines]) == (
        [],
        [("", None, None)],
    )


def test_blame_of_text_brought_by_another_user_is_carried_until_its_owner_confirms() -> None:
    """Blame marks a text as carried if another user's browser brought it.

    Only the author's own browser can confirm that nobody changed the text on the way.
    """
    room, ada, bob = make_room(accepts_foreign=True), Typist(5), Typist(6)
    at_ada, _ = join(room, "ada")
    send(room, at_ada, ada.insert(0, "a"), NOW)
    ada.insert(1, "lost")
    bob.hear(bytes(ada.doc.get_update()))
    bob.insert(0, "b")
    at_bob, _ = join(room, "bob")

    brought = bytes(bob.doc.get_update(y_protocol.state_vector(room.index.clocks)))
    room.receive(at_bob, b"\x00\x01" + _sized(brought), NOW + 60_000)

    shown = blamed(room)
    assert [(run.length, run.author, run.at, run.is_carried) for run in shown.runs] == [
        (1, "bob", NOW + 60_000, True), (1, "ada", NOW, False), (4, "bob", NOW + 60_000, True)
    ]  # fmt: skip


def _sized(update: bytes) -> bytes:
    assert len(update) < 128
    return bytes([len(update)]) + update


def test_blame_of_too_many_runs_joins_neighbours_of_one_author(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Above the limit of runs, neighbouring runs of one author are joined.

    Their times may differ.
    """
    monkeypatch.setattr(crdt.history.blame, "MAX_RUNS", 3)
    room, ada = make_room(), Typist(5)
    at_ada, _ = join(room, "ada")
    for number in range(5):
        send(room, at_ada, ada.insert(0, "x"), NOW + 10_000 * number)

    assert [(run.start, run.length, run.at) for run in blamed(room).runs] == [(0, 5, NOW + 40_000)]


def test_blamed_without_root_reads_the_code_and_refuses_roots_that_are_no_texts() -> None:
    """Without a root, blame reads the session's code.

    The code is in the main root, or in the only text that is not empty.
    """
    typist = Typist(5, "monaco")
    typist.doc["list"] = pycrdt.Array([1.0])
    typist.insert(0, "a")
    state = bytes(typist.doc.get_update())

    def asked(root: str | None) -> str:
        return crdt.history.blame.blamed(
            [state], Question(root, "codemirror", ["empty"]), {}, Authorship(), repr
        )[0]

    assert [asked(root) for root in (None, "codemirror", "monaco", "empty")] == [
        "monaco", "codemirror", "monaco", "empty",
    ]  # fmt: skip
    with pytest.raises(NoText, match=r"'list' \(array\)"):
        asked("list")
    with pytest.raises(NotFound):
        asked("other")


def test_blame_lists_only_the_first_lines_but_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blame lists only the first `MAX_LINES` lines.

    Without this limit, a text that has only line ends would give one line for each character.
    """
    monkeypatch.setattr(crdt.history.blame, "MAX_LINES", 3)
    order = ItemOrder(Typist(5).insert(0, "a\nb\nc\nd\ne"))

    shown = blame(order, "codemirror", {5: "ada"}, Authorship())
    short = blame(ItemOrder(Typist(5).insert(0, "a\nb\nc")), "codemirror", {}, Authorship())

    assert [line.text for line in shown.lines] == ["a", "b", "c"]
    assert [line.text for line in short.lines] == ["a", "b", "c"]
