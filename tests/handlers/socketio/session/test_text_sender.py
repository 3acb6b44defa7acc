"""Tests which texts are sent to the clients of a session, when, and in how many turns.
Lists stand for the clients' sockets.
"""

import asyncio
import itertools

import pytest

from handlers.socketio.session import text_sender
from tests.crdt.harness import NOW, Typist, join, send
from tests.handlers.socketio.session.text_scene import TextInbox, TextScene
from tests.waiting import turns


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> TextScene:
    """A session that sends texts in the next turn of the event loop."""
    monkeypatch.setattr(text_sender, "_INTERVAL_S", 0.0)
    monkeypatch.setattr(text_sender, "_REST", 0)
    return TextScene()


async def test_text_sender_sends_new_client_the_text(scene: TextScene) -> None:
    scene.room.edit("eve", {"codemirror": "print(1)"}, NOW)
    _, inbox = scene.join("ada", 1)

    await turns()

    assert inbox.texts() == ["print(1)"]


async def test_text_sender_sends_edit_of_yjs_client(scene: TextScene) -> None:
    _, inbox = scene.join("ada", 1)
    await turns()
    inbox.arrive()
    editor, _ = join(scene.room, "bob")

    send(scene.room, editor, Typist(7).insert(0, "typed"))
    await turns()

    assert inbox.texts() == ["", "typed"]


async def test_text_sender_encodes_a_text_one_time_for_all(
    scene: TextScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    encode = TextInbox.encode

    def counted(inbox: TextInbox, event: str, *arguments: object) -> str:
        encoded.append(event)
        return encode(inbox, event, *arguments)

    inboxes = [scene.join(f"user{number}", number + 1)[1] for number in range(5)]
    await turns()
    for inbox in inboxes:
        inbox.arrive()
    await turns()
    monkeypatch.setattr(TextInbox, "encode", counted)

    scene.room.edit("eve", {"codemirror": "print(1)"}, NOW)
    await turns()

    assert [inbox.texts() for inbox in inboxes] == [["", "print(1)"]] * 5
    assert encoded == ["receive-code"]


async def test_text_sender_serves_others_between_clients(
    scene: TextScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending to many clients takes several turns of the event loop.

    An edit that is made meanwhile also reaches all clients.
    """
    monkeypatch.setattr(text_sender, "_TURN_S", 0.0)
    inboxes = [scene.join(f"user{number}", number + 1)[1] for number in range(5)]
    for _ in range(5):
        await turns()
    for inbox in inboxes:
        inbox.arrive()
    for _ in range(5):
        await turns()

    scene.room.edit("eve", {"codemirror": "a"}, NOW)
    counts = list[int]()
    while len(counts) < 40 and not all(inbox.texts()[-1] == "ab" for inbox in inboxes):
        await asyncio.sleep(0)
        counts.append(sum("a" in inbox.texts() for inbox in inboxes))
        if counts[-1] == 2:
            scene.room.edit("eve", {"codemirror": "ab"}, NOW)
        for inbox in inboxes:
            inbox.arrive()

    assert all(inbox.texts()[-1] == "ab" for inbox in inboxes)
    assert all(after - before <= 1 for before, after in itertools.pairwise(counts))


async def test_text_sender_keeps_one_text_on_its_way(scene: TextScene) -> None:
    """A client that has not confirmed a text gets no other.

    After that it gets only the newest text.
    """
    _, inbox = scene.join("ada", 1)
    await turns()
    for text in ("a", "ab", "abc"):
        scene.room.edit("eve", {"codemirror": text}, NOW)
        await turns()
    assert inbox.texts() == [""]

    inbox.arrive()
    await turns()

    assert inbox.texts() == ["", "abc"]
