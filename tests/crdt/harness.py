"""Lists for sockets, and pycrdt documents that play the clients."""

from typing import Any

import pycrdt

from crdt.document.merging import EMPTY
from crdt.limits import RoomLimits
from crdt.log.restore import Restored
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire import y_protocol
from storage.records import Role

NOW = 1_700_000_000_000


class Inbox:
    """An Outbox that keeps what a client would receive."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    send_framed = send

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    def take(self) -> list[bytes]:
        """Return the frames since the last call."""
        frames, self.frames = self.frames, []
        return frames

    def updates(self) -> list[bytes]:
        """Return the updates among the frames since the last call."""
        return [frame for frame in self.take() if frame.startswith(b"\x00\x02")]


class Typist:
    """A Yjs client: a document, and the updates that its edits make."""

    def __init__(self, client_id: int, root: str = "codemirror") -> None:
        self.doc = pycrdt.Doc(client_id=client_id)
        self.made: list[bytes] = []
        self._is_own = False
        self._subscription = self.doc.observe(self._note)
        self.target = self.doc.get(root, type=pycrdt.Text)

    def _note(self, event: pycrdt.TransactionEvent) -> None:
        if self._is_own:
            self.made.append(event.update)

    def insert(self, at: int, text: str) -> bytes:
        """Insert at a byte offset; return the update."""
        return self._edit(lambda: self.target.insert(at, text))

    def delete(self, start: int, end: int) -> bytes:
        return self._edit(lambda: self.target.__delitem__(slice(start, end)))

    def replace(self, start: int, end: int, text: str) -> bytes:
        """Type over a selection."""

        def edit() -> None:
            with self.doc.transaction():
                del self.target[start:end]
                self.target.insert(start, text)

        return self._edit(edit)

    def _edit(self, edit: Any) -> bytes:
        self._is_own = True
        edit()
        self._is_own = False
        return self.made[-1]

    def hear(self, update: bytes) -> None:
        self.doc.apply_update(update)

    @property
    def text(self) -> str:
        return str(self.target)


def make_room(restored: Restored | None = None, limits: RoomLimits | None = None, **options: Any) -> Room:
    return Room(
        "session",
        restored or Restored(),
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
