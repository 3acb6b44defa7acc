"""The connection of a text client to a session.
For the room it is like any other one, but it gets no Yjs frames.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.room.text_clients import TextClient, TextFeed
from crdt.wire.y_protocol import AwarenessEntry
from handlers.http.views import people
from storage.records import Role, User

_CLOCK_MS = 10
"""Milliseconds for each step of the presence clock."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that joins, the login and the role;
    `client_id` identifies the presence for Yjs editors.
    """

    user: User
    login_id: str
    role: Role
    client_id: int


class Client(Protocol):
    """The client that a connection belongs to."""

    def encode(self, event: str, *arguments: object) -> str:
        """Return an event as a text that any client may be sent."""

    def emit(self, event: str, content: object) -> None:
        """Send an event with its content."""

    def emit_encoded(self, encoded: str) -> None:
        """Send an event that `encode` has returned."""

    def confirm(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` once the client has received all that was sent so far."""

    def unseated(self, reason: CloseReason, message: str) -> None:
        """Learn that the room has closed the connection, and why."""


class Session(Protocol):
    """The session that a connection belongs to."""

    @property
    def room(self) -> Room:
        """The room of the session, which is loaded."""

    @property
    def feed(self) -> TextFeed:
        """The text of the room as its text clients get it."""

    def edited(self) -> None:
        """Learn that the connection has changed the text."""


class EncodedText:
    """The encoded event with a text, kept for the next client:
    most get an equal one, and a megabyte takes 2 ms.
    """

    __slots__ = ("_event", "_text")

    def __init__(self) -> None:
        self._text = self._event = ""

    def event(self, client: Client, text: str) -> str:
        """Return the event with a text, encoded by a client;
        if it is the text that was encoded last, reuse that.
        """
        if text != self._text or not self._event:
            self._text, self._event = text, client.encode("receive-code", text)
        return self._event


class TextConnection:
    """One text client in one session."""

    def __init__(
        self, client: Client, session: Session, identity: Identity, clock: Callable[[], int]
    ) -> None:
        """clock: milliseconds since 1970."""
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
        """Send nothing: text clients get events through `TextSession`."""

    send_framed = send

    def send_parts(self, frames: Sequence[bytes]) -> None:
        """Send nothing: a text client asks for no document."""

    def close(self, reason: CloseReason, message: str = "") -> None:
        self._is_closed = True
        self.client.unseated(reason, message)

    @property
    def may_write(self) -> bool:
        """Whether text that the client has sent may be written;
        also if it has left since, unless it was sent away.
        """
        return not self._is_closed and self._session.room.members.takes_late_edits(self.connection)

    # -- text and presence ------------------------------------------------------------------------

    def offer(self, encoded: EncodedText) -> int:
        """Send the text if the client is ready for one and has another text;
        return how many characters are sent.
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
        """Set in the presence whether the client types."""
        if is_typing != self._is_typing:
            self._is_typing = is_typing
            self.announce()

    def announce(self) -> None:
        """Announce the client's presence to Yjs editors,
        which forget it after 30 s without news (y-protocols).

        The presence clock runs with the time,
        so that it stays ahead of the steps that the room adds for a new name.
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
