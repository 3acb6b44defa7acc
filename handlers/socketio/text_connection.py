"""A text client's place in a session: a connection of the room like any other, without Yjs frames."""

import json
from collections.abc import Callable
from typing import Protocol

from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.room.text_clients import TextClient, TextFeed
from crdt.wire.y_protocol import AwarenessEntry
from handlers.http import views
from storage.records import Role, User

_CLOCK_MS = 10


class Client(Protocol):
    """Whose seat it is."""

    def encode(self, event: str, *arguments: object) -> str: ...

    def emit(self, event: str, content: object) -> None: ...

    def emit_encoded(self, encoded: str) -> None: ...

    def confirm(self, arrived: Callable[[], None]) -> None: ...

    def unseated(self, code: int, reason: str) -> None: ...


class Seat:
    """One text client in one session.

    client_id  under which its presence is announced to Yjs editors
    """

    def __init__(
        self, client: Client, room: Room, feed: TextFeed, user: User, login_id: str, role: Role,
        client_id: int, clock: Callable[[], int], on_received: Callable[[], None],
    ) -> None:  # fmt: skip
        self.client = client
        self.user_id = user.id
        self.client_id = client_id
        self.room = room
        self.text = TextClient(feed, user.id)
        self.connection = Connection(user=views.participant(user), login_id=login_id, role=role, outbox=self)
        self._clock = clock
        self._on_received = on_received
        self._began = clock()
        self._presence_clock = 0
        self._is_typing = False

    # -- the Outbox of crdt.connection, and a Socket of handlers.sockets ---------------------------

    def send(self, frame: bytes) -> None:
        """Nothing: what happens reaches text clients by `Live`."""

    send_framed = send

    def close(self, code: int, reason: str) -> None:
        self.client.unseated(code, reason)

    # -- text and presence ------------------------------------------------------------------------

    def offer(self) -> None:
        """Send the text if the client can take one and has another."""
        text = self.text.to_send()
        if text is not None:
            self.client.emit("receive-code", text)
            self.client.confirm(self._received)

    def _received(self) -> None:
        self.text.received(self._clock())
        self._on_received()

    def show_typing(self, *, is_typing: bool) -> None:
        if is_typing != self._is_typing:
            self._is_typing = is_typing
            self.announce()

    def announce(self) -> None:
        """Put the client into the presence of Yjs editors, who forget it after 30 s without news (y-protocols).

        Its clock runs with the time, ahead of those that the room itself adds for a new name.
        """
        if self.connection in self.room.connections:
            now = self._clock()
            self._presence_clock = max(self._presence_clock + 1, (now - self._began) // _CLOCK_MS + 1)
            state = json.dumps({"typing": self._is_typing})
            self.room.presence.hear(self.connection, [AwarenessEntry(self.client_id, self._presence_clock, state)], now)
