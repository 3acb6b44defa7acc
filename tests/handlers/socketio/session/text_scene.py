"""A text session of a real room, with lists for its clients' sockets."""

import json
from collections.abc import Callable

from crdt.changing.text_changes import TextChanges
from crdt.workers import Workers
from handlers.socketio.session.text_connection import Identity, TextConnection
from handlers.socketio.session.text_session import TextSession
from storage.records import Role, User
from tests.crdt.harness import NOW, make_room, room_steps


class TextInbox:
    """A client that keeps everything that is sent to it.

    `arrive` plays the answers to the pings that follow each text.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []
        self.closed: list[tuple[object, ...]] = []
        self._unconfirmed: list[Callable[[], None]] = []

    def encode(self, event: str, *arguments: object) -> str:
        return json.dumps([event, *arguments])

    def emit(self, event: str, content: object) -> None:
        self.events.append((event, content))

    def emit_encoded(self, encoded: str) -> None:
        event, content = json.loads(encoded)
        self.events.append((event, content))

    def confirm(self, arrived: Callable[[], None]) -> None:
        self._unconfirmed.append(arrived)

    def left_room(self, *reason: object) -> None:
        self.closed.append(reason)

    def arrive(self) -> None:
        """Confirm everything that is on its way to the client."""
        arrived, self._unconfirmed = self._unconfirmed, []
        for call in arrived:
            call()

    def texts(self) -> list[object]:
        """Return the texts that were sent so far."""
        return [content for event, content in self.events if event == "receive-code"]

    def names(self) -> list[str]:
        """Return the names of the events so far."""
        return [event for event, _ in self.events]


class TextScene:
    """One session. Its clock changes only when a test sets `now`."""

    def __init__(self) -> None:
        self.now = NOW
        self.room = make_room()
        self.workers = Workers()
        self.session = TextSession(
            self.room, TextChanges(self.workers, lambda: self.now, float, room_steps(), 1 << 20)
        )

    def join(
        self, name: str, client_id: int, role: Role = Role.EDITOR
    ) -> tuple[TextConnection, TextInbox]:
        """Connect a client in the same way as `TextSessions`."""
        inbox = TextInbox()
        user = User(name, name, f"{name}@example.com", "", name.title(), None, False, NOW)
        connection = TextConnection(
            inbox, self.session, Identity(user, f"login-{name}", role, client_id), lambda: self.now
        )
        self.room.members.join(connection.connection)
        self.session.add(connection, self.now)
        connection.announce()
        return connection, inbox

    def leave(self, connection: TextConnection, *, is_lost: bool) -> None:
        """Disconnect a client."""
        self.session.remove(connection, is_lost=is_lost)
        self.room.members.leave(connection.connection)
