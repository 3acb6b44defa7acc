"""One Socket.IO client that has signed in."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from crdt.room.closing import CloseReason
from handlers import settings
from handlers.close_codes import Close, CloseCode, close_for
from handlers.connections import Connections
from handlers.errors import ApiError
from handlers.socketio.server import SocketIOServer
from handlers.socketio.session.text_connection import TextConnection
from handlers.socketio.session.text_session import TextSession
from handlers.throttling.rates import Bucket
from storage.records import User

PACKET_COST = 0.25
"""How many events a packet or request without a change of text counts as."""
_WORK_PER_EVENT_S = 0.002
"""Seconds of work that count as one event.
Merging takes longer in a large document, and one client must not delay all others."""
_OVERHEAD_S = 0.001
"""Least seconds of work that are counted for an event. They count for the user,
together with the work of the user's other connections."""
_OVER_S = 10.0
_MAX_REST_S = 10.0


def failure(error: ApiError) -> dict[str, Any]:
    """Return the acknowledgement of an event that failed."""
    told: dict[str, object] = {"code": error.code, "message": error.message}
    if error.errors:
        told["errors"] = error.errors
    if error.limit:
        told["limit"] = error.limit
    return {"ok": False, "error": told}


class EventRate:
    """Limits how fast one connection may send.

    Events and bytes have the limits of `/sync`, and seconds of work are limited too.

    connections  counts how often clients had to wait
    """

    def __init__(self, connections: Connections) -> None:
        limits, now = connections.limits, asyncio.get_running_loop().time()
        self.connections = connections
        self._events = Bucket(limits.updates_per_s, limits.updates_burst, now)
        self._bytes = Bucket(limits.bytes_per_s, 4 * limits.bytes_per_s + limits.sync_bytes, now)
        self._work: Bucket | None = None
        self._over_since: float | None = None

    def count_work_of(self, user_id: str) -> None:
        """Count the seconds of work in the user's bucket, which all their connections share."""
        self._work = self.connections.work_of(user_id, asyncio.get_running_loop().time())

    def spend(self, cost: float, size: int = 0) -> float:
        """Count events and bytes; return for how many seconds to stop reading."""
        now, connections = asyncio.get_running_loop().time(), self.connections
        events_s, bytes_s = self._events.spend(cost, now), self._bytes.spend(size, now)
        work_s = min(self._work.spend(cost * _OVERHEAD_S, now), _MAX_REST_S) if self._work else 0.0
        wait_s = max(events_s, bytes_s, work_s)
        connections.limit_counters.count(settings.UPDATES_PER_S, bool(events_s))
        connections.limit_counters.count(settings.UPDATE_BYTES_PER_S, bool(bytes_s))
        connections.slowed += bool(wait_s)
        if wait_s and self._over_since is None:
            self._over_since = now
        return wait_s

    def worked(self, seconds: float) -> None:
        """Count the seconds that handling an event took."""
        now = asyncio.get_running_loop().time()
        self._events.spend(seconds / _WORK_PER_EVENT_S, now)
        if self._work:
            self._work.spend(seconds, now)

    def is_flooding(self, *, waits: bool) -> bool:
        """Whether the client has been too fast for ten seconds.

        It is true at most once in ten seconds.
        """
        now = asyncio.get_running_loop().time()
        if not waits:
            self._over_since = None
        if self._over_since is None or now - self._over_since <= _OVER_S:
            return False
        self._over_since = now
        return True


class Membership(Protocol):
    """Lets clients join and leave sessions."""

    def leave(self, client: "EventClient", *, is_lost: bool) -> None:
        """Take a client out of its session."""


class EventClient:
    """A client that has signed in.

    connection, session  the client's connection and session; None if it has joined no session
    is_gone              whether the client has left for good
    """

    def __init__(
        self,
        server: SocketIOServer,
        key: str,
        user: User,
        login_id: str,
        rate: EventRate,
        sessions: Membership,
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

    async def pay(self, cost: float) -> None:
        """Count an event of the client, and wait while the client is over its rate.

        If the client is over its rate for ten seconds, it gets an error message.
        """
        wait_s = self.rate.spend(cost)
        if self.rate.is_flooding(waits=bool(wait_s)):
            self.rate.connections.too_fast += 1
            self.fail(
                ApiError(429, "rate_limited", "Too many events: they are handled more slowly now.")
            )
        if wait_s:
            await asyncio.sleep(wait_s)

    # -- out --------------------------------------------------------------------------------------

    def encode(self, event: str, *arguments: object) -> str:
        """Return an event as a text that can be sent to any client."""
        return self._server.encode(event, *arguments)

    def emit(self, event: str, content: object) -> None:
        """Send an event with its content."""
        self._server.emit_encoded(self.key, self._server.encode(event, content))

    def emit_encoded(self, encoded: str) -> None:
        """Send an event that `encode` has returned."""
        self._server.emit_encoded(self.key, encoded)

    def confirm(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` once the client has received everything that was sent so far."""
        self._server.confirm(self.key, arrived)

    def fail(self, error: ApiError, event: str = "") -> dict[str, Any]:
        """Send the client an error; return the acknowledgement that goes with it."""
        answer = failure(error)
        self.emit("error-message", {**answer["error"], **({"event": event} if event else {})})
        return answer

    def left_room(self, reason: CloseReason, message: str) -> None:
        """Tell the client why the room closed its connection.

        See `crdt.room.exchange.Outbox.close`.
        """
        self._sessions.leave(self, is_lost=False)
        close = close_for(reason)
        if close is Close.RESTART:
            self._server.drop(self.key)
            return
        self.fail(ApiError(close.code, close.word, message or close.message))
        if close.code is CloseCode.NOT_SIGNED_IN:
            self._server.send_away(self.key)
