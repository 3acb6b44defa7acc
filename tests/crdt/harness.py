"""Rooms with lists for sockets; `Typist`, a pycrdt document that plays a client, comes with them."""

from typing import Any

from crdt.closing import CloseReason
from crdt.document.merging import EMPTY
from crdt.limits import RoomLimits
from crdt.log.restore import RestoredDocument
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire import y_protocol
from harness.typist import Typist
from storage.records import Role

NOW = 1_700_000_000_000


class Inbox:
    """An Outbox that keeps what a client would receive."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[CloseReason, str] | None = None

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    send_framed = send

    def close(self, reason: CloseReason, message: str = "") -> None:
        self.closed = self.closed or (reason, message)

    def take(self) -> list[bytes]:
        """Return the frames since the last call."""
        frames, self.frames = self.frames, []
        return frames

    def updates(self) -> list[bytes]:
        """Return the updates among the frames since the last call."""
        return [frame for frame in self.take() if frame.startswith(b"\x00\x02")]


def make_room(restored: RestoredDocument | None = None, limits: RoomLimits | None = None, **options: Any) -> Room:
    return Room(
        "session",
        restored or RestoredDocument(),
        limits or RoomLimits(),
        random_below=options.pop("random_below", lambda n: 77),
        **options,
    )


def join(room: Room, user_id: str = "ada", role: Role = Role.EDITOR, **options: Any) -> tuple[Connection, Inbox]:
    """Let somebody in; returns his connection and what he receives from then on."""
    inbox = Inbox()
    user = {"id": user_id, "name": user_id.title(), "color": "#000", "colorLight": "#0003", "avatar": None}
    connection = Connection(user=user, login_id=f"login-{user_id}", role=role, outbox=inbox, **options)
    room.join(connection)
    return connection, inbox


def send(room: Room, connection: Connection, update: bytes, now: int = NOW) -> None:
    room.receive(connection, y_protocol.sync_update(update), now)


def save(room: Room, now: int = NOW) -> list[Any]:
    """Play the store: take and commit everything; returns the chunks."""
    chunks = []
    while chunk := room.take_unsaved(now):
        chunks.append(chunk)
        room.saved()
    return chunks


__all__ = ["EMPTY", "NOW", "Inbox", "Typist", "join", "make_room", "save", "send"]
