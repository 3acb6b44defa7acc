"""Tests of the feed, which keeps the edits that led to a room's present text."""

import itertools

import pytest

from crdt.changing import text_feed
from crdt.changing.text_feed import TextFeed
from crdt.room.room import Room
from crdt.text.text_map import Edit
from tests.crdt.harness import NOW, Typist, join, make_room, send


class Reader:
    """Counts how often the feed asks it to go to the present text."""

    def __init__(self) -> None:
        self.advanced = 0

    def advance(self) -> None:
        self.advanced += 1


@pytest.fixture
def room() -> Room:
    ids = itertools.count(100)
    room = make_room(random_below=lambda _: next(ids))
    room.edit("owner", {"codemirror": "one\r\ntwo\r\n"}, NOW)
    return room


def test_feed_has_the_text_with_both_kinds_of_line_ends(room: Room) -> None:
    feed = TextFeed(room)
    assert (feed.root, feed.original, feed.text) == (
        "codemirror",
        b"one\r\ntwo\r\n",
        b"one\ntwo\n",
    )


def test_edit_through_the_feed_keeps_the_line_ends_of_the_document(room: Room) -> None:
    feed = TextFeed(room)
    feed.write("ada", [Edit(4, 0, b"and\n")], NOW)
    assert room.files() == {"codemirror": "one\r\nand\r\ntwo\r\n"}
    assert feed.behind() is None
    assert [list(batch) for batch in feed.since(0)][-1]


def test_near_changes_are_taken_and_distant_changes_are_returned(room: Room) -> None:
    feed = TextFeed(room)
    typist, (connection, _) = Typist(5), join(room, "yjs")
    typist.hear(room.document.state())
    large = "x" * (text_feed.NEAR_BYTES + 1)
    send(room, connection, typist.insert(0, large))
    assert feed.behind() is None
    assert feed.text == large.encode() + b"one\ntwo\n"

    send(room, connection, typist.insert(len(large), "last "))
    send(room, connection, typist.insert(0, "first "))
    both = f"first {large}last one\ntwo\n".encode()
    assert feed.behind() == both
    feed.refresh()
    assert feed.text == both


def test_comparison_of_an_older_text_is_ignored(room: Room) -> None:
    """Another task has already taken the change of that text."""
    feed = TextFeed(room)
    before = feed.revision
    feed.catch_up(b"one\ntwo\n"[:3], b"other", [Edit(0, 3, b"other")])
    assert (feed.text, feed.revision) == (b"one\ntwo\n", before)


def test_readers_move_to_the_present_text_before_edits_are_dropped(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_feed, "_MAX_BATCHES", 3)
    feed, reader = TextFeed(room), Reader()
    feed.add(reader)
    for _ in range(10):
        feed.write("ada", [Edit(0, 0, b"!")], NOW)
    assert reader.advanced == 2
    assert len(list(feed.since(feed.revision))) == 0
