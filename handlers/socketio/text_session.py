"""One session as its text clients see it: the text, and who joins, leaves and types."""

import asyncio
import json
import logging
import time
from typing import Any

from crdt.changing.text_changes import TextChanges
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.room.text_clients import TextClient, TextFeed
from crdt.wire.y_protocol import AwarenessEntry
from handlers.socketio.text_connection import TextConnection
from handlers.socketio.typing import TypingIndicator
from storage.background import start_task

_INTERVAL_S = 0.05
"""Seconds between two texts to the same client: 20 texts a second at most."""
_REST = 4
"""After sending texts for t seconds, none are sent for at least this many times t: others need the event loop."""
_TURN_S = 0.005
_TURN_CHARACTERS = 1 << 19
"""What sending texts may take of one turn of the event loop, which writes them to the sockets in the turn after that;
the remaining clients get theirs in the next one."""
_LOST_S = 30.0
"""Seconds that a client whose connection broke is remembered: rooms that nobody uses are closed about then."""
_MAX_LOST = 16
"""Clients that are remembered after their connection broke."""

_clock = time.perf_counter
"""Not the loop's: that of uvloop stands still during a turn."""

_log = logging.getLogger(__name__)


class TextSession:
    """The observer of a room in which there are text clients."""

    def __init__(self, room: Room, text_changes: TextChanges) -> None:
        """text_changes: compares what is too large for the event loop."""
        self.room = room
        self._text_changes = text_changes
        self._catching_up: asyncio.Task[None] | None = None
        self.feed = TextFeed(room)
        self.connections: dict[TextConnection, None] = {}
        self._loop = asyncio.get_running_loop()
        self.typing = TypingIndicator(self._typing_changed, self._loop)
        self._typing_states: dict[int, str] = {}
        self._lost: list[tuple[str, TextClient, float]] = []
        self._is_scheduled = False
        self._flushed_at = self._spent_s = 0.0
        self._to_offer: list[TextConnection] = []
        self._is_stale = False
        self._encoded_text = self._encoded = ""
        room.members.observe(self)

    def close(self) -> None:
        """Stop observing the room."""
        if self._catching_up:
            self._catching_up.cancel()
        self.typing.close()
        self.room.members.stop_observing(self)

    @property
    def is_used(self) -> bool:
        """Whether a client is connected, or may come back soon."""
        now = self._loop.time()
        self._lost = [entry for entry in self._lost if entry[2] > now]
        return bool(self.connections or self._lost)

    # -- text clients -----------------------------------------------------------------------------

    def add(self, connection: TextConnection, now: int) -> None:
        """Add a client; `now` is in milliseconds since 1970."""
        for earlier in self.lost(connection.user_id):
            connection.text.remember(earlier, now + int(_LOST_S * 1000))
        self.connections[connection] = None
        self.edited()

    def remove(self, connection: TextConnection, *, is_lost: bool) -> None:
        """Remove a client; one that `is_lost` may come back with what it wrote meanwhile."""
        if connection in self.connections:
            del self.connections[connection]
            self.typing.leaves(connection.client_id)
            if is_lost:
                entry = (connection.user_id, connection.text, self._loop.time() + _LOST_S)
                self._lost = [*self._lost[1 - _MAX_LOST :], entry]

    def lost(self, user_id: str) -> list[TextClient]:
        """Return the texts of a user's clients whose connections broke less than half a minute ago."""
        now = self._loop.time()
        return [text for user, text, until in self._lost if user == user_id and until > now]

    def tell(self, event: str, content: Any, *, but: object = None) -> None:
        """Send an event to every text client except those of `but`: a connection, or the id of a user."""
        encoded = ""
        for connection in self.connections:
            if connection is not but and connection.user_id != but:
                encoded = encoded or connection.client.encode(event, content)
                connection.client.emit_encoded(encoded)

    def encode_text(self, connection: TextConnection, text: str) -> str:
        """Return the event that brings a text. Most clients get the same one, and encoding a megabyte takes 2 ms."""
        if text != self._encoded_text or not self._encoded:
            self._encoded_text, self._encoded = text, connection.client.encode("receive-code", text)
        return self._encoded

    # -- the room's observer ----------------------------------------------------------------------

    def edited(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            delay_s = max(0.0, self._flushed_at + _INTERVAL_S - self._loop.time())
            self._loop.call_later(delay_s, self._flush)
        elif self._to_offer:
            self._is_stale = True

    def joined(self, connection: Connection) -> None:
        self._came_or_went("user-joined", connection)

    def left(self, connection: Connection) -> None:
        self._came_or_went("user-left", connection)

    def heard(self, entries: list[AwarenessEntry]) -> None:
        """Notice which Yjs editors type: they have `typing: true` in their presence."""
        own = {connection.client_id for connection in self.connections}
        for client_id, _, text in entries:
            if client_id in own:
                continue
            state = json.loads(text) if text and '"typing":true' in text else {}
            if state.get("typing") is not True:
                self._typing_states.pop(client_id, None)
                self.typing.stops(client_id)
            elif self._typing_states.get(client_id) != text:  # else it is only announced again
                self._typing_states[client_id] = str(text)
                self.typing.types(client_id, str(state["user"]["id"]))

    def _came_or_went(self, event: str, connection: Connection) -> None:
        """Tell the others, unless the user is here with another connection."""
        user_id = connection.user_id
        if not any(other is not connection and other.user_id == user_id for other in self.room.members.connections):
            self.tell(event, {"userId": user_id, "username": connection.user["name"]}, but=user_id)

    def _typing_changed(self, client_id: int, user_id: str, is_typing: bool) -> None:
        own = next((connection for connection in self.connections if connection.client_id == client_id), None)
        if own:
            own.show_typing(is_typing=is_typing)
        content = {"sessionId": self.room.session_id, "userId": user_id}
        for event in ("typing", "user-typing") if is_typing else ("stop-typing", "user-stop-typing"):
            self.tell(event, content, but=own)

    def _flush(self) -> None:
        """Send the text to all clients that can take it, some of them in this turn of the event loop."""
        if not self.connections or self._catching_up:
            self._is_scheduled = False
            self._to_offer.clear()
            return
        began = _clock()
        try:
            if self.room.document.needs_load or self.feed.behind() is not None:
                self._is_scheduled = False
                self._to_offer.clear()
                self._catching_up = start_task(self._catch_up(), "socket.io text")
                return
            self._offer(began)
        except Exception:  # it is sent again with the next edit
            _log.exception("the text of session %s cannot be sent", self.room.session_id)
        self._spent_s += _clock() - began
        if self._to_offer:
            self._loop.call_soon(self._flush)
            return
        self._is_scheduled = False
        self._encoded_text = self._encoded = ""
        self._flushed_at = self._loop.time() + _REST * self._spent_s
        self._spent_s = 0.0
        if self._is_stale:  # somebody got, or had, what was the newest text some turns ago
            self._is_stale = False
            self.edited()

    def _offer(self, began: float) -> None:
        """Offer the text to one client after another, as far as this turn of the event loop, which began then, goes."""
        waiting = self._to_offer = self._to_offer or [*reversed(self.connections)]
        sent = 0
        while waiting:
            connection = waiting.pop()
            if connection in self.connections:
                sent += connection.offer()
            if sent >= _TURN_CHARACTERS or _clock() > began + _TURN_S:
                return

    async def _catch_up(self) -> None:
        """Take in a change that is too large to be compared by the event loop, and send the text then."""
        try:
            await self._text_changes.refresh(self.feed, self.room.quota.owner_id)
        except Exception:
            _log.exception("the text of session %s cannot be sent", self.room.session_id)
        else:
            self.edited()
        finally:
            self._catching_up = None
