"""Tests a text session, with lists for sockets: its events, and clients that may come back."""

import pytest

from crdt.wire.y_protocol import AwarenessEntry
from tests.crdt.harness import NOW, join
from tests.handlers.socketio.session.text_scene import TextScene


@pytest.fixture
async def scene() -> TextScene:
    """A session without clients. It must be made inside the event loop, which its timers need."""
    return TextScene()


async def test_text_session_tells_others_who_joins_and_leaves(scene: TextScene) -> None:
    _, ada = scene.join("ada", 1)
    connection, bob = scene.join("bob", 2)

    scene.leave(connection, is_lost=False)

    assert [name for name in ada.names() if name.startswith("user-")] == [
        "user-joined",
        "user-left",
    ]
    assert [name for name in bob.names() if name.startswith("user-")] == []


async def test_second_connection_of_user_is_not_announced(scene: TextScene) -> None:
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
