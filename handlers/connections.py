"""Keeps the client connections of the process alive, and limits their number."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from crdt.limits import MAX_SYNC_BYTES, LimitCounters
from crdt.wire.y_protocol import KEEP_ALIVE
from handlers import settings
from handlers.throttling.join_queue import JoinQueue
from handlers.throttling.rates import Bucket, SlotCounter
from handlers.throttling.work_debts import WorkDebts
from storage.background import end_task, start_task

_TICK_S = 4.0
_QUIET_S = 8.0
"""Seconds of silence after which a data frame is sent. y-websocket closes a connection after 30 s
without a data frame, and pings do not count. With two ticks, the silence stays below 16 s."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Limits of WebSockets; the names of the fields have the units."""

    updates_per_s: float = settings.UPDATES_PER_S.field()
    updates_burst: float = settings.UPDATES_BURST.field()
    bytes_per_s: float = settings.UPDATE_BYTES_PER_S.field()
    sync_bytes: int = MAX_SYNC_BYTES.field()
    queued_bytes: int = settings.MAX_QUEUED_BYTES.field()
    per_user: int = settings.CONNECTIONS_PER_USER.field()
    per_address: int = settings.CONNECTIONS_PER_ADDRESS.field()
    per_session: int = settings.CONNECTIONS_PER_SESSION.field()
    in_all: int = settings.CONNECTIONS.field()
    refusal_hold_s: float = settings.REFUSAL_HOLD_S.field()
    sign_in_s: float = settings.SIGN_IN_S.field()
    ping_s: float = settings.PING_S.field()
    pong_s: float = settings.PONG_S.field()
    work_per_s: float = 0.1
    work_burst_s: float = 1.0
    """Seconds of the event loop's time that one user's messages may take: `work_per_s` in each
    second, and `work_burst_s` together after a quiet time. Typing takes about 0.001 s in a second.
    Without this limit, each edit could take 0.1 s and stay within all other limits."""


class Listener(Protocol):
    """A connection that learns of events in its session other than edits of the document."""

    def send(self, frame: bytes) -> None:
        """Send a frame to the client."""


class Watched(Protocol):
    """A socket that `Connections` keeps alive; see `handlers.sync.websocket`."""

    def poll(self) -> tuple[bool, bool]:
        """Return whether anything went out, and whether anything came in, since the last call."""

    def send(self, frame: bytes) -> None:
        """Send a frame to the client."""

    def ping(self) -> None:
        """Ask the client for a sign of life."""

    def abort(self) -> None:
        """End the connection immediately, without a close handshake."""


@dataclass(slots=True)
class _Silence:
    """Seconds since the last sent frame (`out_s`), and since the last received frame (`in_s`)."""

    out_s: float = 0.0
    in_s: float = 0.0


class Connections:
    """The open connections.

    slowed          how often the server paused reading from a client
    too_fast        how often a client was closed because it sent too fast
    too_slow        how often a client was closed because it read too slowly
    closes          how often clients were closed, by close code
    join_queue      lets clients that connect together join one after another
    limit_counters  how often each limit was reached
    """

    def __init__(self, limits: SocketLimits, limit_counters: LimitCounters | None = None) -> None:
        self.limits = limits
        self.limit_counters = LimitCounters() if limit_counters is None else limit_counters
        self.closes: Counter[int] = Counter()
        self.slowed = self.too_fast = self.too_slow = 0
        self.join_queue = JoinQueue()
        self._watched: dict[Watched, _Silence] = {}
        self._listening: dict[str, dict[Listener, str]] = {}
        self._slots = _Slots(limits)
        self._work = WorkDebts(limits.work_per_s, limits.work_burst_s)
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep quiet connections alive; call inside the event loop."""
        self._ticking = start_task(self._tick_forever(), "keep-alive")

    async def stop(self) -> None:
        """Stop keeping connections alive, and cut all open connections."""
        await end_task(self._ticking)
        for socket in tuple(self._watched):
            socket.abort()

    # -- open connections -------------------------------------------------------------------------

    @property
    def open(self) -> int:
        """How many connections are open, including connections over a limit."""
        return self._slots.in_all

    def add(self, address: str, socket: Watched | None = None) -> str:
        """Count a connection; return the name of the limit that it exceeds, "" for none.

        Call `remove` in both cases. A connection over a limit is counted too,
        until its client has got the error and the connection is closed.

        socket  kept alive until `remove`, and cut if its client no longer answers
        """
        if socket:
            self._watched[socket] = _Silence()
        slots = self._slots
        fits_all, fits_address = (
            slots.in_all < self.limits.in_all,
            slots.by_address.has_capacity(address),
        )
        self.limit_counters.count(settings.CONNECTIONS, not fits_all)
        self.limit_counters.count(settings.CONNECTIONS_PER_ADDRESS, not fits_address)
        slots.in_all += 1
        slots.by_address.add(address)
        if not fits_all:
            return settings.CONNECTIONS.name
        return "" if fits_address else settings.CONNECTIONS_PER_ADDRESS.name

    def remove(self, address: str, socket: Watched | None = None) -> None:
        """Stop counting a connection that `add` has counted."""
        if socket:
            self._watched.pop(socket, None)
        self._slots.in_all -= 1
        self._slots.by_address.remove(address)

    # -- connections to a session -----------------------------------------------------------------

    def join(self, session_id: str, user_id: str, listener: Listener | None = None) -> str:
        """Count a user's connection to a session and return "".

        If this would exceed a limit, count nothing and return the name of the limit.

        listener  gets the session's events, except edits, until `leave`
        """
        slots = self._slots
        fits_session = slots.by_session.has_capacity(session_id)
        fits_user = slots.by_user.has_capacity((session_id, user_id))
        self.limit_counters.count(settings.CONNECTIONS_PER_SESSION, not fits_session)
        self.limit_counters.count(settings.CONNECTIONS_PER_USER, not fits_user)
        if not fits_session:
            return settings.CONNECTIONS_PER_SESSION.name
        if not fits_user:
            return settings.CONNECTIONS_PER_USER.name
        slots.by_session.add(session_id)
        slots.by_user.add((session_id, user_id))
        if listener:
            self._listening.setdefault(session_id, {})[listener] = user_id
        return ""

    def work_of(self, user_id: str, now: float) -> Bucket:
        """Return the bucket of seconds of work that all connections of a user share."""
        return self._work.of(user_id, now)

    def leave(self, session_id: str, user_id: str, listener: Listener | None = None) -> None:
        """Stop counting a connection to a session.

        listener  gets no more events; it may be a listener that was never passed to `join`
        """
        listening = self._listening.get(session_id, {})
        if listener:
            listening.pop(listener, None)
        if not listening:
            self._listening.pop(session_id, None)
        self._slots.by_session.remove(session_id)
        self._slots.by_user.remove((session_id, user_id))

    def is_listening(self, session_id: str, listener: Listener) -> bool:
        """Whether a connection learns of events in its session."""
        return listener in self._listening.get(session_id, ())

    def tell(self, session_id: str, frame: bytes) -> None:
        """Send a frame to all listeners of a session."""
        for listener in tuple(self._listening.get(session_id, ())):
            listener.send(frame)

    def tell_users(self, session_id: str, user_ids: frozenset[str], frame: bytes) -> None:
        """Send a frame to the listeners of a session that belong to these users."""
        for listener, user_id in tuple(self._listening.get(session_id, {}).items()):
            if user_id in user_ids:
                listener.send(frame)

    # -- keeping alive ----------------------------------------------------------------------------

    async def _tick_forever(self) -> None:
        """Check all connections again and again, with one timer for all of them.

        For an idle connection, a timer or a task of its own would be the largest cost.
        """
        tick_s = min(_TICK_S, self.limits.pong_s)
        while True:
            await asyncio.sleep(tick_s)
            for socket, silence in tuple(self._watched.items()):
                try:
                    self._check(socket, silence, tick_s)
                except Exception:  # the other connections must still be kept alive
                    _log.exception("a connection cannot be kept alive")

    def _check(self, socket: Watched, silence: _Silence, tick_s: float) -> None:
        """Keep a quiet connection alive.

        A client that sends nothing gets a ping. If it does not answer, its connection is cut.
        """
        has_sent, has_received = socket.poll()
        silence.out_s = 0 if has_sent else silence.out_s + tick_s
        before_s = silence.in_s
        silence.in_s = 0 if has_received else before_s + tick_s
        if silence.in_s >= self.limits.ping_s + self.limits.pong_s:
            self.limit_counters.count(settings.PONG_S)
            socket.abort()
        elif before_s < self.limits.ping_s <= silence.in_s:
            socket.ping()
        if silence.out_s >= _QUIET_S:
            socket.send(KEEP_ALIVE)


class _Slots:
    """Counts connections: in all, by address, by session, and by user in a session."""

    __slots__ = ("by_address", "by_session", "by_user", "in_all")

    def __init__(self, limits: SocketLimits) -> None:
        self.in_all = 0
        self.by_address = SlotCounter(limits.per_address)
        self.by_session = SlotCounter(limits.per_session)
        self.by_user = SlotCounter(limits.per_user)
