"""One session as text clients see it: its text, who comes, goes and types."""

import asyncio
import json
import logging
from typing import Any

from crdt.connection import Connection
from crdt.errors import CrdtError
from crdt.protocol import AwarenessEntry
from crdt.room import Room
from crdt.textfeed import TextClient, TextFeed
from handlers.events.seat import Seat
from handlers.events.typists import Typists

_INTERVAL_S = 0.05
"""At most 20 texts a second to each client."""
_LOST_S = 60.0
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
        self._lost: dict[str, tuple[TextClient, float]] = {}
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
        self._lost = {user: kept for user, kept in self._lost.items() if kept[1] > now}
        return bool(self.seats or self._lost)

    # -- text clients -----------------------------------------------------------------------------

    def add(self, seat: Seat, now: int) -> None:
        """Take a client in; now in milliseconds since 1970."""
        before = self.lost(seat.user_id)
        if before:
            del self._lost[seat.user_id]
            seat.text.remember(before, now + int(_LOST_S * 1000))
        self.seats[seat] = None
        self.edited()

    def remove(self, seat: Seat, *, is_lost: bool) -> None:
        """Let a client go; one that was lost may come back with what it wrote meanwhile."""
        if seat in self.seats:
            del self.seats[seat]
            self.typists.leaves(seat.client_id)
            if is_lost:
                self._lost[seat.user_id] = (seat.text, self._loop.time() + _LOST_S)
                if len(self._lost) > _MAX_LOST:
                    del self._lost[next(iter(self._lost))]

    def lost(self, user_id: str) -> TextClient | None:
        """Return what a user had whose connection broke less than a minute ago."""
        kept = self._lost.get(user_id)
        return kept[0] if kept and kept[1] > self._loop.time() else None

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
        self._flushed_at = self._loop.time()
        try:
            self.feed.refresh()
        except CrdtError:
            _log.exception("the text of session %s cannot be sent", self.room.session_id)
            return
        for seat in list(self.seats):
            seat.offer()
