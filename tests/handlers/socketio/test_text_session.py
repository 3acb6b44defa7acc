"""A text session with lists for sockets: who is told what, and which texts are sent when."""

import asyncio
import itertools

import pytest

import handlers.socketio.text_session
from crdt.wire.y_protocol import AwarenessEntry
from tests.crdt.harness import NOW, Typist, join, send
from tests.handlers.socketio.text_scene import TextInbox, TextScene


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> TextScene:
    """A session that sends texts in the next turn of the event loop."""
    monkeypatch.setattr(handlers.socketio.text_session, "_INTERVAL_S", 0.0)
    monkeypatch.setattr(handlers.socketio.text_session, "_REST", 0)
    return TextScene()


async def turns() -> None:
    """Let the event loop make the calls that are due."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_text_session_sends_new_client_the_text(scene: TextScene) -> None:
    scene.room.edit("eve", {"codemirror": "print(1)"}, NOW)
    _, inbox = scene.join("ada", 1)

    await turns()

    assert inbox.texts() == ["print(1)"]


async def test_text_session_sends_edit_of_yjs_client(scene: TextScene) -> None:
    _, inbox = scene.join("ada", 1)
    await turns()
    inbox.arrive()
    editor, _ = join(scene.room, "bob")

    send(scene.room, editor, Typist(7).insert(0, "typed"))
    await turns()

    assert inbox.texts() == ["", "typed"]


async def test_text_session_encodes_a_text_one_time_for_all(scene: TextScene, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_text_session_serves_others_between_clients(scene: TextScene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending to many takes several turns of the event loop; an edit in between reaches all of them as well."""
    monkeypatch.setattr(handlers.socketio.text_session, "_TURN_S", 0.0)
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


async def test_text_session_keeps_one_text_on_its_way(scene: TextScene) -> None:
    """While a client has not answered, it gets no more; then the newest text, not each between."""
    _, inbox = scene.join("ada", 1)
    await turns()
    for text in ("a", "ab", "abc"):
        scene.room.edit("eve", {"codemirror": text}, NOW)
        await turns()
    assert inbox.texts() == [""]

    inbox.arrive()
    await turns()

    assert inbox.texts() == ["", "abc"]


async def test_text_session_tells_others_who_joins_and_leaves(scene: TextScene) -> None:
    _, ada = scene.join("ada", 1)
    connection, bob = scene.join("bob", 2)

    scene.leave(connection, is_lost=False)

    assert [name for name in ada.names() if name.startswith("user-")] == ["user-joined", "user-left"]
    assert [name for name in bob.names() if name.startswith("user-")] == []


async def test_text_session_with_second_connection_of_user_tells_nothing(scene: TextScene) -> None:
    _, ada = scene.join("ada", 1)
    scene.join("bob", 2)
    second, _ = scene.join("bob", 3)
    scene.leave(second, is_lost=False)

    assert [name for name in ada.names() if name.startswith("user-")] == ["user-joined"]


async def test_text_session_shows_typing_of_yjs_editor(scene: TextScene) -> None:
    _, ada = scene.join("ada", 1)
    editor, _ = join(scene.room, "bob")

    scene.room.members.presence.hear(editor, [AwarenessEntry(9, 1, '{"typing": true}')], NOW)
    scene.room.members.presence.hear(editor, [AwarenessEntry(9, 2, "{}")], NOW + 1_000)
    scene.session.close()

    assert [name for name in ada.names() if "typing" in name][:2] == ["typing", "user-typing"]


async def test_text_session_keeps_lost_client_for_a_while(scene: TextScene) -> None:
    connection, _ = scene.join("ada", 1)

    scene.leave(connection, is_lost=True)

    assert scene.session.is_used
    assert scene.session.lost("ada") == [connection.text]
    assert scene.session.lost("bob") == []


async def test_text_session_forgets_client_that_left_on_purpose(scene: TextScene) -> None:
    connection, _ = scene.join("ada", 1)

    scene.leave(connection, is_lost=False)

    assert not scene.session.is_used
    assert scene.session.lost("ada") == []
