"""A text client's connection to a session: a connection of the room like any other, without Yjs frames."""

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
    """Who joins, by which login and with which role; `client_id` is the one its presence has for Yjs editors."""

    user: User
    login_id: str
    role: Role
    client_id: int


class Client(Protocol):
    """Whose connection it is."""

    def encode(self, event: str, *arguments: object) -> str: ...

    def emit(self, event: str, content: object) -> None: ...

    def emit_encoded(self, encoded: str) -> None: ...

    def confirm(self, arrived: Callable[[], None]) -> None: ...

    def unseated(self, reason: CloseReason, message: str) -> None: ...


class Session(Protocol):
    """What it is connected to."""

    @property
    def room(self) -> Room: ...

    @property
    def feed(self) -> TextFeed: ...

    def edited(self) -> None: ...


class EncodedText:
    """The event that brings a text. Most clients get the same one, and encoding a megabyte takes 2 ms."""

    __slots__ = ("_event", "_text")

    def __init__(self) -> None:
        self._text = self._event = ""

    def event(self, client: Client, text: str) -> str:
        """Return the event as a client encodes it: what any client of the same server encoded last, if it can be."""
        if text != self._text or not self._event:
            self._text, self._event = text, client.encode("receive-code", text)
        return self._event


class TextConnection:
    """One text client in one session."""

    def __init__(self, client: Client, session: Session, identity: Identity, clock: Callable[[], int]) -> None:
        """clock: milliseconds since 1970."""
        user = identity.user
        self.client = client
        self.user_id = user.id
        self.client_id = identity.client_id
        self.text = TextClient(session.feed, user.id)
        self.connection = Connection(
            user=people.participant(user), login_id=identity.login_id, role=identity.role, outbox=self
        )
        self._session = session
        self._clock = clock
        self._began = clock()
        self._presence_clock = 0
        self._is_closed = False
        self._is_typing = False

    # -- the Outbox of crdt.room.connection, and a Socket of handlers.connections ------------------

    def send(self, frame: bytes) -> None:
        """Send nothing: what happens reaches text clients through `TextSession`."""

    send_framed = send

    def send_parts(self, frames: Sequence[bytes]) -> None:
        """Send nothing: a text client asks for no document."""

    def close(self, reason: CloseReason, message: str = "") -> None:
        self._is_closed = True
        self.client.unseated(reason, message)

    @property
    def may_write(self) -> bool:
        """Whether what the client has sent may be written: also if it has left since, unless it was sent away."""
        return not self._is_closed and self._session.room.members.takes_late_edits(self.connection)

    # -- text and presence ------------------------------------------------------------------------

    def offer(self, encoded: EncodedText) -> int:
        """Send the text if the client can take one and has another; return how many characters are sent."""
        text = self.text.to_send()
        if text is not None:
            self.client.emit_encoded(encoded.event(self.client, text))
            self.client.confirm(self._received)
        return len(text or "")

    def _received(self) -> None:
        self.text.received(self._clock())
        self._session.edited()

    def show_typing(self, *, is_typing: bool) -> None:
        """Show in the presence whether the client types."""
        if is_typing != self._is_typing:
            self._is_typing = is_typing
            self.announce()

    def announce(self) -> None:
        """Put the client into the presence of Yjs editors, who forget it after 30 s without news (y-protocols).

        Its clock runs with the time, ahead of those that the room itself adds for a new name.
        """
        room = self._session.room
        if self.connection in room.members.connections:
            now = self._clock()
            self._presence_clock = max(self._presence_clock + 1, (now - self._began) // _CLOCK_MS + 1)
            state = json.dumps({"typing": self._is_typing})
            room.members.presence.hear(
                self.connection, [AwarenessEntry(self.client_id, self._presence_clock, state)], now
            )
