"""One Socket.IO client that has signed in."""

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from handlers.connections import SocketLimits
from handlers.errors import ApiError
from handlers.limits import Bucket
from handlers.socketio.server import EventServer
from handlers.socketio.text_connection import Seat
from storage.records import User

if TYPE_CHECKING:
    from handlers.socketio.text_session import Live

_RESTART = 1012
_NOT_SIGNED_IN = 4401
_OVER_S = 10.0
_MESSAGES = {
    "not_signed_in": "This login has ended.",
    "removed": "The owner removed you from this session.",
    "session_deleted": "The session was deleted.",
}


class Rates:
    """How fast one connection may be: as on `/sync`."""

    def __init__(self, limits: SocketLimits) -> None:
        now = asyncio.get_running_loop().time()
        self._events = Bucket(limits.updates_per_s, limits.updates_burst, now)
        self._bytes = Bucket(limits.bytes_per_s, 4 * limits.bytes_per_s + limits.sync_bytes, now)
        self._over_since: float | None = None

    def spend(self, cost: float, size: int = 0) -> float:
        """Count events and bytes; return for how long nothing more is to be taken."""
        now = asyncio.get_running_loop().time()
        wait_s = max(self._events.spend(cost, now), self._bytes.spend(size, now))
        if wait_s and self._over_since is None:
            self._over_since = now
        return wait_s

    def is_flooding(self, *, waits: bool) -> bool:
        """Whether it has been too fast for ten seconds; True once in ten."""
        now = asyncio.get_running_loop().time()
        if not waits:
            self._over_since = None
        if self._over_since is None or now - self._over_since <= _OVER_S:
            return False
        self._over_since = now
        return True


class EventClient:
    """What is known of a client.

    seat, live  where it is, None while it has joined nothing
    is_gone     it has left for good
    """

    def __init__(self, server: EventServer, key: str, user: User, login_id: str, rates: Rates) -> None:
        self.key = key
        self.user = user
        self.login_id = login_id
        self.seat: Seat | None = None
        self.live: Live | None = None
        self.is_gone = False
        self.on_unseated: Callable[[], None] = lambda: None
        self.rates = rates
        self._server = server

    # -- out --------------------------------------------------------------------------------------

    def encode(self, event: str, *arguments: object) -> str:
        return self._server.encode(event, *arguments)

    def emit(self, event: str, content: object) -> None:
        self._server.emit_encoded(self.key, self._server.encode(event, content))

    def emit_encoded(self, encoded: str) -> None:
        self._server.emit_encoded(self.key, encoded)

    def confirm(self, arrived: Callable[[], None]) -> None:
        self._server.confirm(self.key, arrived)

    def fail(self, error: ApiError, event: str = "") -> dict[str, object]:
        """Tell the client what went wrong; return what to acknowledge."""
        told: dict[str, object] = {"code": error.code, "message": error.message}
        if error.errors:
            told["errors"] = error.errors
        self.emit("error-message", {**told, **({"event": event} if event else {})})
        return {"ok": False, "error": told}

    def unseated(self, code: int, reason: str) -> None:
        """The room has let go of this client (crdt.room.connection.Outbox.close): say why."""
        self.on_unseated()
        if code == _RESTART:
            self._server.drop(self.key)
            return
        told = json.loads(reason)
        word = str(told["code"])
        self.fail(ApiError(code, word, told.get("message") or _MESSAGES.get(word, word)))
        if code == _NOT_SIGNED_IN:
            self._server.send_away(self.key)
