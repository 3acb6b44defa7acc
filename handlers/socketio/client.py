"""One Socket.IO client that has signed in."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from crdt.room.closing import CloseReason
from handlers.close_codes import Close, CloseCode, close_for
from handlers.connections import SocketLimits
from handlers.errors import ApiError
from handlers.rates import Bucket
from handlers.socketio.server import SocketIOServer
from storage.records import User

if TYPE_CHECKING:
    from handlers.socketio.text_connection import TextConnection
    from handlers.socketio.text_session import TextSession

_OVER_S = 10.0


class EventRate:
    """How fast one connection may send: events and bytes, with the limits that `/sync` has."""

    def __init__(self, limits: SocketLimits) -> None:
        now = asyncio.get_running_loop().time()
        self._events = Bucket(limits.updates_per_s, limits.updates_burst, now)
        self._bytes = Bucket(limits.bytes_per_s, 4 * limits.bytes_per_s + limits.sync_bytes, now)
        self._over_since: float | None = None

    def spend(self, cost: float, size: int = 0) -> float:
        """Count events and bytes; return the seconds for which nothing more may be read."""
        now = asyncio.get_running_loop().time()
        wait_s = max(self._events.spend(cost, now), self._bytes.spend(size, now))
        if wait_s and self._over_since is None:
            self._over_since = now
        return wait_s

    def is_flooding(self, *, waits: bool) -> bool:
        """Whether it has been too fast for ten seconds; True once in ten seconds."""
        now = asyncio.get_running_loop().time()
        if not waits:
            self._over_since = None
        if self._over_since is None or now - self._over_since <= _OVER_S:
            return False
        self._over_since = now
        return True


class Membership(Protocol):
    """The sessions that clients join."""

    def leave(self, client: "EventClient", *, is_lost: bool) -> None: ...


class EventClient:
    """A client that has signed in.

    connection, session  where it has joined; None while it has joined nothing
    is_gone              it has left for good
    """

    def __init__(
        self, server: SocketIOServer, key: str, user: User, login_id: str, rate: EventRate, sessions: Membership
    ) -> None:
        self.key = key
        self.user = user
        self.login_id = login_id
        self.rate = rate
        self.connection: TextConnection | None = None
        self.session: TextSession | None = None
        self.is_gone = False
        self._server = server
        self._sessions = sessions

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

    def unseated(self, reason: CloseReason, message: str) -> None:
        """The room has closed this client's connection (`crdt.room.connection.Outbox.close`): say why."""
        self._sessions.leave(self, is_lost=False)
        close = close_for(reason)
        if close is Close.RESTART:
            self._server.drop(self.key)
            return
        self.fail(ApiError(close.code, close.word, message or close.message))
        if close.code is CloseCode.NOT_SIGNED_IN:
            self._server.send_away(self.key)
