"""One session as text clients see it: its text, who comes, goes and types."""

import asyncio
import json
import logging
from typing import Any

from crdt.errors import CrdtError
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.room.text_clients import TextClient, TextFeed
from crdt.wire.y_protocol import AwarenessEntry
from handlers.socketio.text_connection import Seat
from handlers.socketio.typing import Typists

_INTERVAL_S = 0.05
"""At most 20 texts a second to each client."""
_REST = 4
"""So many times as long as sending texts took, others have the event loop."""
_LOST_S = 30.0
"""Rooms that nobody uses are closed about then."""
_MAX_LOST = 16

_log = logging.getLogger(__name__)


class Live:
    """The observer of a room in which there are text clients."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.feed = TextFeed(room)
        self.seats: dict[Seat, None] = {}
        self._loop = asyncio.get_running_loop()
        self.typists = Typists(self._typing_changed, self._loop)
        self._typing_states: dict[int, str] = {}
        self._lost: list[tuple[str, TextClient, float]] = []
        self._is_scheduled = False
        self._flushed_at = 0.0
        room.observe(self)

    def close(self) -> None:
        """Look no longer."""
        self.typists.close()
        self.room.observe(None)

    @property
    def is_used(self) -> bool:
        """Whether somebody is here, or may come back soon."""
        now = self._loop.time()
        self._lost = [kept for kept in self._lost if kept[2] > now]
        return bool(self.seats or self._lost)

    # -- text clients -----------------------------------------------------------------------------

    def add(self, seat: Seat, now: int) -> None:
        """Take a client in; now in milliseconds since 1970."""
        for before in self.lost(seat.user_id):
            seat.text.remember(before, now + int(_LOST_S * 1000))
        self.seats[seat] = None
        self.edited()

    def remove(self, seat: Seat, *, is_lost: bool) -> None:
        """Let a client go; one that was lost may come back with what it wrote meanwhile."""
        if seat in self.seats:
            del self.seats[seat]
            self.typists.leaves(seat.client_id)
            if is_lost:
                self._lost = [*self._lost[1 - _MAX_LOST :], (seat.user_id, seat.text, self._loop.time() + _LOST_S)]

    def lost(self, user_id: str) -> list[TextClient]:
        """Return what a user's clients had whose connections broke less than half a minute ago."""
        now = self._loop.time()
        return [text for user, text, until in self._lost if user == user_id and until > now]

    def tell(self, event: str, content: Any, *, but: object = None) -> None:
        """Send an event to every text client but one, or but a user's."""
        encoded = ""
        for seat in self.seats:
            if seat is not but and seat.user_id != but:
                encoded = encoded or seat.client.encode(event, content)
                seat.client.emit_encoded(encoded)

    # -- the room's observer ----------------------------------------------------------------------

    def edited(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            delay_s = max(0.0, self._flushed_at + _INTERVAL_S - self._loop.time())
            self._loop.call_later(delay_s, self._flush)

    def joined(self, connection: Connection) -> None:
        self._came_or_went("user-joined", connection)

    def left(self, connection: Connection) -> None:
        self._came_or_went("user-left", connection)

    def heard(self, entries: list[AwarenessEntry]) -> None:
        """Notice who types in a Yjs editor: `typing: true` in his presence."""
        own = {seat.client_id for seat in self.seats}
        for client_id, _, text in entries:
            if client_id in own:
                continue
            state = json.loads(text) if text and '"typing":true' in text else {}
            if state.get("typing") is not True:
                self._typing_states.pop(client_id, None)
                self.typists.stops(client_id)
            elif self._typing_states.get(client_id) != text:  # else it is only announced again
                self._typing_states[client_id] = str(text)
                self.typists.types(client_id, str(state["user"]["id"]))

    def _came_or_went(self, event: str, connection: Connection) -> None:
        """Tell the others, unless the user is here with another connection."""
        user_id = connection.user_id
        if not any(other is not connection and other.user_id == user_id for other in self.room.connections):
            self.tell(event, {"userId": user_id, "username": connection.user["name"]}, but=user_id)

    def _typing_changed(self, client_id: int, user_id: str, is_typing: bool) -> None:
        own = next((seat for seat in self.seats if seat.client_id == client_id), None)
        if own:
            own.show_typing(is_typing=is_typing)
        content = {"sessionId": self.room.session_id, "userId": user_id}
        for event in ("typing", "user-typing") if is_typing else ("stop-typing", "user-stop-typing"):
            self.tell(event, content, but=own)

    def _flush(self) -> None:
        self._is_scheduled = False
        if not self.seats:
            return
        began = self._loop.time()
        try:
            self.feed.refresh()
            for seat in list(self.seats):
                seat.offer()
        except CrdtError:
            _log.exception("the text of session %s cannot be sent", self.room.session_id)
        now = self._loop.time()
        self._flushed_at = now + _REST * (now - began)
