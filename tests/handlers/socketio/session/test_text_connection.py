"""Tests the offered texts, the presence and the closing of a text client's connection.
A list stands for the client's socket.
"""

import json

from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessUpdate
from handlers.socketio.session.text_connection import EncodedText, TextConnection
from storage.records import Role
from tests.crdt.harness import NOW, change, join
from tests.handlers.socketio.session.text_scene import TextScene


def states(scene: TextScene) -> dict[int, dict[str, object]]:
    """Return the presence that a Yjs editor receives, by client id."""
    editor, inbox = join(scene.room, "eve")
    scene.room.members.presence.answer(editor)
    messages = [y_protocol.decode(frame) for frame in inbox.take()]
    entries = [
        entry
        for message in messages
        if isinstance(message, AwarenessUpdate)
        for entry in message.entries
    ]
    return {entry.client_id: json.loads(entry.state) for entry in entries if entry.state}


async def test_text_connection_offers_text_until_it_arrived() -> None:
    scene = TextScene()
    connection, inbox = scene.join("ada", 1)

    connection.offer(EncodedText())
    connection.offer(EncodedText())
    assert inbox.texts() == [""]
    inbox.arrive()
    connection.offer(EncodedText())

    assert inbox.texts() == [""]


async def test_text_connection_merges_text_as_edit_of_its_last_text() -> None:
    scene = TextScene()
    connection, inbox = scene.join("ada", 1)
    connection.offer(EncodedText())
    inbox.arrive()

    change(connection.text, "def f():\n    pass\n", NOW)

    assert scene.room.files() == {"codemirror": "def f():\n    pass\n"}


async def test_text_connection_shows_typing_in_presence() -> None:
    scene = TextScene()
    connection, _ = scene.join("ada", 7)
    assert states(scene)[7]["typing"] is False

    scene.now += 1_000
    connection.show_typing(is_typing=True)

    assert states(scene)[7]["typing"] is True


async def test_text_connection_that_left_announces_nothing() -> None:
    scene = TextScene()
    connection, _ = scene.join("ada", 7)
    scene.leave(connection, is_lost=False)

    connection.announce()

    assert states(scene) == {}


async def test_text_connection_that_left_may_write_while_its_user_may() -> None:
    """A user who left may still write, because a worker may still compare the user's last text.

    This ends when the user loses the right to write.
    """
    scene = TextScene()
    members = scene.room.members
    connection, _ = scene.join("ada", 7)
    scene.leave(connection, is_lost=True)
    seen = [connection.may_write]

    members.set_role("ada", Role.VIEWER)
    seen.append(connection.may_write)
    members.set_role("ada", Role.EDITOR)
    seen.append(connection.may_write)
    members.remove("ada", CloseReason.MEMBER_REMOVED)
    seen.append(connection.may_write)
    again, _ = scene.join("ada", 8)

    assert seen == [True, False, True, False]
    assert (connection.may_write, again.may_write) == (True, True)


async def test_text_connection_closed_by_room_tells_its_client() -> None:
    scene = TextScene()
    connection, inbox = scene.join("ada", 7)

    connection.close(CloseReason.MEMBER_REMOVED, '{"code": "removed"}')

    assert inbox.closed == [(CloseReason.MEMBER_REMOVED, '{"code": "removed"}')]
    assert isinstance(connection, TextConnection)
