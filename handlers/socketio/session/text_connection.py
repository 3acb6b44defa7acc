"""The connection of a text client to a session.

For the room it is a connection like any other, but it gets no Yjs frames.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crdt.changing.text_clients import TextClient
from crdt.changing.text_feed import TextFeed
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire.y_protocol import AwarenessEntry
from handlers.http.views import people
from storage.records import Role, User

_CLOCK_MS = 10
"""Milliseconds for each step of the presence clock."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that joins, with the login and the role.

    `client_id` identifies the user's presence for Yjs editors.
    """

    user: User
    login_id: str
    role: Role
    client_id: int


class Client(Protocol):
    """The client that a connection belongs to."""

    def encode(self, event: str, *arguments: object) -> str:
        """Return an event as a text that can be sent to any client."""

    def emit(self, event: str, content: object) -> None:
        """Send an event with its content."""

    def emit_encoded(self, encoded: str) -> None:
        """Send an event that `encode` has returned."""

    def confirm(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` once the client has received everything that was sent so far."""

    def left_room(self, reason: CloseReason, message: str) -> None:
        """Note that the room has closed the connection for this reason."""


class Session(Protocol):
    """The session that a connection belongs to."""

    @property
    def room(self) -> Room:
        """The loaded room of the session."""

    @property
    def feed(self) -> TextFeed:
        """The text of the room in the form for text clients."""

    def edited(self) -> None:
        """Note that the connection has changed the text."""


class EncodedText:
    """Keeps the encoded event with a text, because the next client mostly gets an equal text.

    Encoding a megabyte takes 2 ms.
    """

    __slots__ = ("_event", "_text")

    def __init__(self) -> None:
        self._text = self._event = ""

    def event(self, client: Client, text: str) -> str:
        """Return the encoded event with a text; reuse the last event if the text is equal."""
        if text != self._text or not self._event:
            self._text, self._event = text, client.encode("receive-code", text)
        return self._event


class TextConnection:
    """One text client in one session."""

    def __init__(
        self, client: Client, session: Session, identity: Identity, clock: Callable[[], int]
    ) -> None:
        """clock: a function that returns milliseconds since 1970."""
        user = identity.user
        self.client = client
        self.user_id = user.id
        self.client_id = identity.client_id
        self.text = TextClient(session.feed, user.id)
        self.connection = Connection(
            user=people.participant(user),
            login_id=identity.login_id,
            role=identity.role,
            outbox=self,
        )
        self._session = session
        self._clock = clock
        self._began = clock()
        self._presence_clock = 0
        self._is_closed = False
        self._is_typing = False

    # -- the Outbox of crdt.room.connection, and a Socket of handlers.connections ------------------

    def send(self, frame: bytes) -> None:
        """Send nothing, because text clients get events through `TextSession`."""

    send_framed = send

    def send_parts(self, frames: Sequence[bytes]) -> None:
        """Send nothing, because a text client never requests the document."""

    def close(self, reason: CloseReason, message: str = "") -> None:
        self._is_closed = True
        self.client.left_room(reason, message)

    @property
    def may_write(self) -> bool:
        """Whether text that the client has sent may be written.

        It may be written even if the client has left since then, unless the server closed it.
        """
        return not self._is_closed and self._session.room.members.takes_late_edits(self.connection)

    # -- text and presence ------------------------------------------------------------------------

    def offer(self, encoded: EncodedText) -> int:
        """Send the text if the client is ready and has a different text.

        Returns how many characters were sent.
        """
        text = self.text.to_send()
        if text is not None:
            self.client.emit_encoded(encoded.event(self.client, text))
            self.client.confirm(self._received)
        return len(text or "")

    def _received(self) -> None:
        self.text.received(self._clock())
        self._session.edited()

    def show_typing(self, *, is_typing: bool) -> None:
        """Note in the client's presence whether its user types."""
        if is_typing != self._is_typing:
            self._is_typing = is_typing
            self.announce()

    def announce(self) -> None:
        """Announce the client's presence to Yjs editors.

        The editors forget a presence after 30 s without an announcement (y-protocols). The presence
        clock grows with the time, so it stays ahead of steps that the room adds for a new name.
        """
        room = self._session.room
        if self.connection in room.members.connections:
            now = self._clock()
            self._presence_clock = max(
                self._presence_clock + 1, (now - self._began) // _CLOCK_MS + 1
            )
            state = json.dumps({"typing": self._is_typing})
            room.members.presence.hear(
                self.connection, [AwarenessEntry(self.client_id, self._presence_clock, state)], now
            )
