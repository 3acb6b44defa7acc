"""All open WebSockets of the process: how many there may be, and keeping them alive."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from crdt.limits import MAX_SYNC_BYTES
from crdt.wire.y_protocol import KEEP_ALIVE
from handlers import settings
from handlers.join_queue import Doorway
from handlers.limits import Places

_TICK_S = 4.0
_QUIET_S = 8.0
"""With two ticks below 16 s: y-websocket closes after 30 s without data, pings do not count (facts/yjs-protocol.md)."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bounds on WebSockets. Seconds, bytes and counts as named."""

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


class Socket(Protocol):
    """What listens here."""

    def send(self, frame: bytes) -> None: ...


class Watched(Socket, Protocol):
    """What is kept alive here; see `handlers.sync.websocket`."""

    has_sent: bool
    is_heard: bool
    quiet_s: float
    unheard_s: float

    def ping(self) -> None: ...
    def abort(self) -> None: ...
    def settle(self) -> None: ...


class Sockets:
    """The open sockets.

    slowed, too_fast, too_slow  how often a client was not read from, closed for flooding, closed for not reading
    closes   how often a client was closed, by code
    doorway  where those who come at the same time go in one after another
    reached  counts, by the name of a setting, how often it kept somebody from something
    """

    def __init__(self, limits: SocketLimits, reached: Counter[str] | None = None) -> None:
        self.limits = limits
        self.reached: Counter[str] = Counter() if reached is None else reached
        self.closes: Counter[int] = Counter()
        self.slowed = self.too_fast = self.too_slow = 0
        self.doorway = Doorway()
        self._watched: set[Watched] = set()
        self._all = 0
        self._listening: dict[str, set[Socket]] = {}
        self._by_address = Places(limits.per_address)
        self._by_session = Places(limits.per_session)
        self._by_user = Places(limits.per_user)
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep quiet connections alive; call inside the event loop."""
        self._ticking = asyncio.get_running_loop().create_task(self._tick_forever(), name="keep-alive")

    async def stop(self) -> None:
        if self._ticking:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        for socket in tuple(self._watched):
            socket.abort()

    @property
    def open(self) -> int:
        return self._all

    def opened(self, address: str) -> bool:
        """Count a socket; return whether it is within the limits of its address and of the process."""
        fits_all, fits_address = self._all < self.limits.in_all, self._by_address.has_room(address)
        self.reached[settings.CONNECTIONS.name] += not fits_all
        self.reached[settings.CONNECTIONS_PER_ADDRESS.name] += not fits_address
        self._all += 1
        self._by_address.add(address)
        return fits_all and fits_address

    def closed(self, address: str) -> None:
        self._all -= 1
        self._by_address.remove(address)

    def watch(self, socket: Watched) -> None:
        """Keep a socket alive until `forget`, and cut it when its client is gone."""
        self._watched.add(socket)

    def forget(self, socket: Watched) -> None:
        self._watched.discard(socket)

    def has_room(self, session_id: str, user_id: str) -> bool:
        """Whether the user may have one more connection to the session."""
        fits_session = self._by_session.has_room(session_id)
        fits_user = self._by_user.has_room((session_id, user_id))
        self.reached[settings.CONNECTIONS_PER_SESSION.name] += not fits_session
        self.reached[settings.CONNECTIONS_PER_USER.name] += not fits_user
        return fits_session and fits_user

    def joined(self, session_id: str, user_id: str) -> None:
        self._by_session.add(session_id)
        self._by_user.add((session_id, user_id))

    def listen(self, socket: Socket, session_id: str) -> None:
        """Tell the socket, until it leaves, what happens in the session beside the document."""
        self._listening.setdefault(session_id, set()).add(socket)

    def tell(self, session_id: str, frame: bytes) -> None:
        """Send a frame to who listens to a session."""
        for socket in tuple(self._listening.get(session_id, ())):
            socket.send(frame)

    def left(self, socket: Socket, session_id: str, user_id: str) -> None:
        listening = self._listening.get(session_id, set())
        listening.discard(socket)
        if not listening:
            self._listening.pop(session_id, None)
        self._by_session.remove(session_id)
        self._by_user.remove((session_id, user_id))

    async def _tick_forever(self) -> None:
        """One timer for all: a task or timer each would cost more than the rest of an idle connection."""
        tick_s = min(_TICK_S, self.limits.pong_s)
        while True:
            await asyncio.sleep(tick_s)
            for socket in tuple(self._watched):
                self._look_at(socket, tick_s)

    def _look_at(self, socket: Watched, tick_s: float) -> None:
        """Keep a quiet connection alive, ask one that says nothing, cut one that does not answer."""
        socket.quiet_s = 0 if socket.has_sent else socket.quiet_s + tick_s
        before = socket.unheard_s
        socket.unheard_s = 0 if socket.is_heard else before + tick_s
        socket.has_sent = socket.is_heard = False
        socket.settle()
        if socket.unheard_s >= self.limits.ping_s + self.limits.pong_s:
            self.reached[settings.PONG_S.name] += 1
            socket.abort()
        elif before < self.limits.ping_s <= socket.unheard_s:
            socket.ping()
        if socket.quiet_s >= _QUIET_S:
            socket.send(KEEP_ALIVE)
