"""Rooms for tests, with lists instead of sockets.

Tests also import `Typist` from here, a pycrdt document that plays a client.
"""

from collections.abc import Sequence
from typing import Any

from crdt.changing.text_clients import TextClient
from crdt.crashmark import CrashMark
from crdt.document.merging import EMPTY
from crdt.errors import RoomDamaged
from crdt.lifecycle.stepwise.room_steps import RoomSteps
from crdt.limits import RoomLimits
from crdt.log.restore import RestoredDocument
from crdt.room.broadcast import Broadcast
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.context import LogSource, RoomContext
from crdt.room.presence import Presence
from crdt.room.room import Room
from crdt.structs.fast_path import SimpleEdit
from crdt.text.byte_edits import edits_between
from crdt.wire import y_protocol
from harness.typist import Typist
from storage.records import Role

NOW = 1_700_000_000_000


class Inbox:
    """An Outbox that keeps the frames that a client would receive."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[CloseReason, str] | None = None

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    send_framed = send

    def send_parts(self, frames: Sequence[bytes]) -> None:
        self.frames += frames

    def close(self, reason: CloseReason, message: str = "") -> None:
        self.closed = self.closed or (reason, message)

    def take(self) -> list[bytes]:
        """Return the frames since the last call."""
        frames, self.frames = self.frames, []
        return frames

    def updates(self) -> list[bytes]:
        """Return the updates among the frames since the last call."""
        return [frame for frame in self.take() if frame.startswith(b"\x00\x02")]


class Sink:
    """A LogSink that records the sizes of which rooms tell it."""

    def __init__(self) -> None:
        self.capacity = 1 << 40
        self.sizes: list[int] = []

    def has_capacity(self, size: int) -> bool:
        return size <= self.capacity

    def wrote(self, _source: LogSource, size: int) -> None:
        self.sizes.append(size)


class Immediately:
    """A PresenceScheduler that acts immediately, but leaves late presence to the test."""

    def __init__(self) -> None:
        self.late: list[Presence] = []

    def flush_soon(self, broadcast: Broadcast) -> None:
        broadcast.flush()

    def publish_soon(self, presence: Presence) -> None:
        presence.publish()

    def tick_later(self, presence: Presence) -> None:
        self.late.append(presence)


class Later(Immediately):
    """A PresenceScheduler that counts requests; the test flushes and publishes itself."""

    def __init__(self) -> None:
        super().__init__()
        self.flushes = 0
        self.publications = 0

    def flush_soon(self, _broadcast: Broadcast) -> None:
        self.flushes += 1

    def publish_soon(self, _presence: Presence) -> None:
        self.publications += 1


def keystroke(update: bytes) -> SimpleEdit:
    """Return an update as a `Keystroke` that is not joined with other keystrokes."""
    return SimpleEdit(0, 0, 0, update)


def make_room(
    restored: RestoredDocument | None = None,
    limits: RoomLimits | None = None,
    *,
    is_open: bool = True,
    **context: Any,
) -> Room:
    """Return a room with simple parts around it.

    `context` replaces some of them (`RoomContext`).
    """
    surroundings: dict[str, Any] = {
        "limits": limits or RoomLimits(),
        "sink": Sink(),
        "scheduler": Immediately(),
        "random_below": lambda _: 77,
        **context,
    }
    return Room(
        "session", restored or RestoredDocument(), RoomContext(**surroundings), is_open=is_open
    )


def room_steps() -> RoomSteps:
    """Return the steps that do long work on the rooms of these tests."""
    return RoomSteps(float, lambda: NOW, CrashMark())


def join(
    room: Room, user_id: str = "ada", role: Role = Role.EDITOR, **options: Any
) -> tuple[Connection, Inbox]:
    """Let a user join; return the connection, and the inbox of its frames from then on."""
    inbox = Inbox()
    user = {
        "id": user_id,
        "name": user_id.title(),
        "color": "#000",
        "colorLight": "#0003",
        "avatar": None,
    }
    connection = Connection(
        user=user, login_id=f"login-{user_id}", role=role, outbox=inbox, **options
    )
    room.members.join(connection)
    return connection, inbox


def send(room: Room, connection: Connection, update: bytes, now: int = NOW) -> None:
    room.receive(connection, y_protocol.sync_update(update), now)


def announce(room: Room, connection: Connection, client_id: int) -> None:
    """Let a client announce a client id. It may announce another one immediately."""
    entry = y_protocol.AwarenessEntry(client_id, 1, "{}")
    room.receive(connection, y_protocol.awareness_update([entry]), NOW)
    connection.announced.taken_at = 0


def save(room: Room, now: int = NOW) -> list[Any]:
    """Play the store: take and commit all waiting updates, and return their chunks."""
    chunks = []
    while chunk := room.next_chunk(now):
        chunks.append(chunk)
        room.saved()
    return chunks


__all__ = [
    "EMPTY", "NOW", "Immediately", "Inbox", "Later", "Sink", "Typist", "announce", "join",
    "make_room",
    "room_steps",
    "save", "send",
]  # fmt: skip


def presence_in(frame: bytes) -> tuple[y_protocol.AwarenessEntry, ...]:
    """Return the entries of an awareness frame."""
    message = y_protocol.decode(frame)
    assert isinstance(message, y_protocol.AwarenessUpdate)
    return message.entries


def change(client: TextClient, text: str, now: int) -> None:
    """Merge the text that a client sends, as `TextChanges` does with a small text."""
    client.feed.refresh()
    begun = client.begin(text, now)
    client.finish(begun, edits_between(begun.base.text, begun.plain), now)


def raise_damaged(*_: object) -> None:
    """Raise the error of a damaged room. It replaces a call that would find damage."""
    raise RoomDamaged("made up")
