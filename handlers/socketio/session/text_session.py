"""One session for its text clients: the text, and the users that join, leave and type."""

import asyncio
import json
from typing import Any

from crdt.changing.text_changes import TextChanges
from crdt.changing.text_clients import TextClient
from crdt.changing.text_feed import TextFeed
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire.y_protocol import AwarenessEntry
from handlers.socketio.session.lost_clients import LOST_S, LostClients
from handlers.socketio.session.text_connection import TextConnection
from handlers.socketio.session.text_sender import TextSender
from handlers.socketio.session.typing import TypingIndicator


class TextSession:
    """Observes a room that has text clients, and tells these clients about the room's events."""

    def __init__(self, room: Room, text_changes: TextChanges) -> None:
        """text_changes: compares texts that are too large for the event loop."""
        loop = asyncio.get_running_loop()
        self.room = room
        self.feed = TextFeed(room)
        self.connections: dict[TextConnection, None] = {}
        self.typing = TypingIndicator(self._typing_changed, loop)
        self._typing_states: dict[int, str] = {}
        self._lost = LostClients(loop.time)
        self._sender = TextSender(self.feed, self.connections, text_changes, loop)
        room.members.observe(self)

    def close(self) -> None:
        """Stop observing the room."""
        self._sender.close()
        self.typing.close()
        self.room.members.stop_observing(self)

    @property
    def is_used(self) -> bool:
        """Whether a client is connected, or may come back soon."""
        return bool(self.connections or self._lost)

    # -- text clients -----------------------------------------------------------------------------

    def add(self, connection: TextConnection, now: int) -> None:
        """Add a client; `now` is in milliseconds since 1970."""
        for earlier in self.lost(connection.user_id):
            connection.text.remember(earlier, now + int(LOST_S * 1000))
        self.connections[connection] = None
        self.edited()

    def remove(self, connection: TextConnection, *, is_lost: bool) -> None:
        """Remove a client.

        is_lost  whether its connection broke; it may then return with new text
        """
        if connection in self.connections:
            del self.connections[connection]
            self.typing.leaves(connection.client_id)
            if is_lost:
                self._lost.add(connection.user_id, connection.text)

    def lost(self, user_id: str) -> list[TextClient]:
        """Return the texts of a user's clients whose connections broke in the last half minute."""
        return self._lost.of_user(user_id)

    def tell(self, event: str, content: Any, *, but: object = None) -> None:
        """Send an event to every text client.

        but  a connection, or a user's id, that does not get the event
        """
        encoded = ""
        for connection in self.connections:
            if connection is not but and connection.user_id != but:
                encoded = encoded or connection.client.encode(event, content)
                connection.client.emit_encoded(encoded)

    # -- the room's observer ----------------------------------------------------------------------

    def edited(self) -> None:
        self._sender.send_soon()

    def joined(self, connection: Connection) -> None:
        self._came_or_went("user-joined", connection)

    def left(self, connection: Connection) -> None:
        self._came_or_went("user-left", connection)

    def heard(self, entries: list[AwarenessEntry]) -> None:
        """Find the Yjs editors that type, by `typing: true` in their presence."""
        own = {connection.client_id for connection in self.connections}
        for client_id, _, text in entries:
            if client_id in own:
                continue
            state = json.loads(text) if text and '"typing":true' in text else {}
            if state.get("typing") is not True:
                self._typing_states.pop(client_id, None)
                self.typing.stops(client_id)
            # An equal text only repeats the presence, so it is not news about typing.
            elif self._typing_states.get(client_id) != text:
                self._typing_states[client_id] = str(text)
                self.typing.types(client_id, str(state["user"]["id"]))

    def _came_or_went(self, event: str, connection: Connection) -> None:
        """Tell other users that a user came or left, unless the user has another connection."""
        user_id = connection.user_id
        if not any(
            other is not connection and other.user_id == user_id
            for other in self.room.members.connections
        ):
            self.tell(event, {"userId": user_id, "username": connection.user["name"]}, but=user_id)

    def _typing_changed(self, client_id: int, user_id: str, is_typing: bool) -> None:
        own = next(
            (connection for connection in self.connections if connection.client_id == client_id),
            None,
        )
        if own:
            own.show_typing(is_typing=is_typing)
        content = {"sessionId": self.room.session_id, "userId": user_id}
        for event in (
            ("typing", "user-typing") if is_typing else ("stop-typing", "user-stop-typing")
        ):
            self.tell(event, content, but=own)
