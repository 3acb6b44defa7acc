"""Tests an editor's connection between a fake transport and a real room."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from crdt.errors import RoomUnavailable
from crdt.room.connection import Connection
from crdt.wire import y_protocol
from handlers.connections import Connections
from handlers.sync.editor import EditorConnection
from storage.records import Role
from tests.crdt.harness import NOW, Typist, make_room
from tests.handlers.sync.fakes import ENDLESS, FakeTransport, turn
from tests.raw_frames import masked
from tests.waiting import until


class Scene:
    """One editor that has joined a room."""

    def __init__(self, role: Role = Role.EDITOR) -> None:
        self.room = make_room()
        self.connections = Connections(ENDLESS)
        rooms: Any = SimpleNamespace(clock=lambda: NOW)
        self.editor = EditorConnection(
            self.connections, rooms, asyncio.get_running_loop(), "address"
        )
        self.transport = FakeTransport()
        self.connections.add("address", self.editor.socket)
        self.connections.join("session", "ada")
        self.editor.socket.connection_made(self.transport)
        self.connection = Connection(
            {"id": "ada", "name": "Ada"}, "login", role, outbox=self.editor.outbox
        )
        self.editor.join(self.room, self.connection)


async def test_edit_changes_room_document() -> None:
    scene = Scene()

    scene.editor.socket.data_received(masked(y_protocol.sync_update(Typist(5).insert(0, "hi"))))

    assert scene.room.files() == {"codemirror": "hi"}


async def test_malformed_frame_closes_its_sender() -> None:
    scene = Scene()

    scene.editor.socket.data_received(masked(b"\x00\x02\x05abc"))
    await turn()

    assert scene.transport.take().endswith(
        b'\x11\x30{"code":"malformed","message":"byte string ends early"}'
    )
    assert not scene.room.members.connections


async def test_edit_without_memory_left_closes_sender_temporarily(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()

    def receive(*_: object) -> None:
        raise RoomUnavailable("too much is waiting to be saved")

    monkeypatch.setattr(type(scene.room), "receive", receive)
    scene.editor.socket.data_received(masked(y_protocol.sync_update(Typist(5).insert(0, "hi"))))

    assert b'\x11\x97{"code":"unavailable"' in scene.transport.take()


async def test_gone_removes_client_from_room_and_counts() -> None:
    scene = Scene()

    scene.editor.socket.connection_lost(None)

    assert not scene.room.members.connections
    assert (scene.connections.open, scene.connections._watched) == (0, {})


async def test_cost_of_whole_document_grows_with_size_and_repetition() -> None:
    scene = Scene()
    scene.room.receive(
        scene.connection, y_protocol.sync_update(Typist(5).insert(0, "x" * 10_000)), NOW
    )
    size = scene.room.document.size
    question = y_protocol.sync_step1({})

    assert scene.editor.cost(question) == 1 + size / 65_536
    assert scene.editor.cost(question) == 1 + size / 2_048
    assert scene.editor.cost(y_protocol.sync_step2(b"\x00\x00")) == 1
    assert scene.editor.cost(y_protocol.KEEP_ALIVE) == 0.25


@pytest.mark.parametrize("size", [2, 5_000], ids=["short", "large"])
async def test_unexpected_error_closes_sender_as_a_fault_of_the_server(
    size: int, expect_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log names the user whose message failed. Other editors in the room are not affected."""
    expect_log(
        "(a message of user ada in session session cannot be taken|the task .messages that waited. "
        "ended)"
    )
    scene = Scene()
    rooms: Any = scene.editor._rooms

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(scene.room), "receive", fail)
    monkeypatch.setattr(rooms, "receive_large", fail, raising=False)
    scene.editor.socket.data_received(
        masked(y_protocol.sync_update(Typist(5).insert(0, "x" * size)))
    )
    await until(lambda: scene.editor.socket.is_closing)

    assert b'\x03\xf3{"code":"internal"' in scene.transport.take()
