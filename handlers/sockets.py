"""All open WebSockets of the process: how many there may be, and keeping them alive."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from crdt.protocol import KEEP_ALIVE
from handlers.limits import Counter

_TICK_S = 4.0
_QUIET_S = 10.0
"""Together below 15 s: y-websocket closes after 30 s without data, pings do not count (facts/yjs-protocol.md)."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bounds on WebSockets (defaults: facts/security.md)."""

    updates_per_s: float = 60
    updates_burst: float = 300
    bytes_per_s: float = 512 << 10
    sync_bytes: int = 4 << 20
    queued_bytes: int = 4 << 20
    per_user: int = 10
    per_address: int = 60
    per_session: int = 100
    in_all: int = 5_000
    refusal_hold_s: float = 3.0


class Socket(Protocol):
    """What is kept here."""

    sent_at: float

    def send(self, frame: bytes) -> None: ...


class Sockets:
    """The open sockets.

    slowed, too_fast, too_slow  how often a client was not read from, closed for flooding, closed for not reading
    """

    def __init__(self, limits: SocketLimits) -> None:
        self.limits = limits
        self.slowed = self.too_fast = self.too_slow = 0
        self._joined: set[Socket] = set()
        self._listening: dict[str, set[Socket]] = {}
        self._all = 0
        self._by_address = Counter(limits.per_address)
        self._by_session = Counter(limits.per_session)
        self._by_user = Counter(limits.per_user)
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep quiet connections alive; call inside the event loop."""
        self._ticking = asyncio.get_running_loop().create_task(self._tick_forever(), name="keep-alive")

    async def stop(self) -> None:
        if self._ticking:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    @property
    def open(self) -> int:
        return self._all

    def opened(self, address: str) -> bool:
        """Count a socket; return whether it is within the limits of its address and of the process."""
        fits = self._all < self.limits.in_all and self._by_address.has_room(address)
        self._all += 1
        self._by_address.add(address)
        return fits

    def closed(self, address: str) -> None:
        self._all -= 1
        self._by_address.remove(address)

    def has_room(self, session_id: str, user_id: str) -> bool:
        """Whether the user may have one more connection to the session."""
        return self._by_session.has_room(session_id) and self._by_user.has_room((session_id, user_id))

    def joined(self, socket: Socket, session_id: str, user_id: str) -> None:
        self._joined.add(socket)
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
        self._joined.discard(socket)
        listening = self._listening.get(session_id, set())
        listening.discard(socket)
        if not listening:
            self._listening.pop(session_id, None)
        self._by_session.remove(session_id)
        self._by_user.remove((session_id, user_id))

    async def _tick_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_S)
            quiet_since = loop.time() - _QUIET_S
            for socket in list(self._joined):
                if socket.sent_at < quiet_since:
                    socket.send(KEEP_ALIVE)
