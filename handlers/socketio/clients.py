"""Keeps all Socket.IO connections by Engine.IO session id, with their rates and clients."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from tornado.httputil import HTTPServerRequest

from handlers import errors, settings
from handlers.http import network
from handlers.services import Services
from handlers.socketio.client import PACKET_COST, EventClient, EventRate, Membership
from handlers.socketio.server import SocketIOServer
from handlers.socketio.sign_in import access_token, signed_in
from handlers.throttling.rates import Bucket

SIGN_IN_BYTES = 16 << 10
"""Size limit in bytes of a message from a client that has not signed in. Signing in takes less."""
_STRANGER_PER_S = 5.0
"""Requests and messages a second from a connection on which no client has signed in."""
_STRANGER_BURST = 10
"""The number of requests and messages that such a connection may send in a burst, faster than
`_STRANGER_PER_S`. Signing in takes four of them, or six with an upgrade to a WebSocket."""


@dataclass(frozen=True, slots=True)
class _Connection:
    """One connection; `requests` is the bucket for requests before a client signs in."""

    address: str
    rate: EventRate
    requests: Bucket


class Clients:
    """The connections, and their signed-in clients.

    _at_gate  {connection without a signed-in client: how many of its requests wait for their turn}
    _late     connections whose time for signing in ended while they waited for their turn;
              they get this time again
    """

    def __init__(self, services: Services, server: SocketIOServer, sessions: Membership) -> None:
        self._services = services
        self._server = server
        self._sessions = sessions
        self._connections: dict[str, _Connection] = {}
        self._clients: dict[str, EventClient] = {}
        self._at_gate: Counter[str] = Counter()
        self._late: set[str] = set()

    def find(self, key: str) -> EventClient | None:
        """Return the client that signed in on a connection, None if there is none."""
        return self._clients.get(key)

    @property
    def counts(self) -> tuple[int, int]:
        """The numbers of (open connections, signed-in clients)."""
        return len(self._connections), len(self._clients)

    def opened(self, key: str, request: HTTPServerRequest) -> str:
        """Count a new connection; return the name of the limit that it exceeds, "" for none."""
        address = network.rate_limit_key(request, self._services.settings.trusted_hops)
        requests = Bucket(_STRANGER_PER_S, _STRANGER_BURST, asyncio.get_running_loop().time())
        self._connections[key] = _Connection(
            address, EventRate(self._services.connections), requests
        )
        self._expect_sign_in(key)
        return self._services.connections.add(address)

    def closed(self, key: str) -> None:
        """Forget a connection that was opened."""
        self._services.connections.remove(self._connections.pop(key).address)

    async def admit(self, key: str, address: str, size: int, *, is_request: bool = True) -> None:
        """Count a request or a message before it is read, and wait until it may be handled.

        key         the key of its connection, "" for a request that opens a connection
        is_request  whether it is a whole HTTP request, which costs more than a message

        A client that has not signed in is dropped if it sends more than `SIGN_IN_BYTES`, or far too
        often. Raises ApiError 429 if too many requests of such clients wait already.
        """
        if client := self._clients.get(key):
            if wait_s := client.rate.spend(PACKET_COST if is_request else 0, size):
                await asyncio.sleep(wait_s)
            return
        if connection := self._connections.get(key):
            wait_s = connection.requests.spend(1, asyncio.get_running_loop().time())
            if size > SIGN_IN_BYTES or wait_s > self._services.connections.limits.sign_in_s:
                self.drop_stranger(key)
                return
            if wait_s:
                self._services.connections.slowed += 1
                await asyncio.sleep(wait_s)
        if not await self._passes_gate(key, address):
            raise errors.rate_limited(1, "Too many people are signing in.")

    async def _passes_gate(self, key: str, address: str) -> bool:
        self._at_gate[key] += 1
        try:
            return await self._services.strangers.passes(address)
        finally:
            self._at_gate[key] -= 1
            if not self._at_gate[key]:
                del self._at_gate[key]
                if key in self._late:
                    self._late.remove(key)
                    self._expect_sign_in(key)

    async def sign_in(self, key: str, request: HTTPServerRequest, auth: object) -> None:
        """Sign a client in.

        Raises: ApiError if the client may not sign in. StoreUnavailable if the store is away: the
        server then drops the client, and the client connects again.
        """
        claims = self._services.tokens.read_access_token(
            access_token(self._services, request, auth)
        )
        user = await signed_in(self._services, claims.user_id, claims.login_id)
        if key in self._connections:
            rate = self._connections[key].rate
            rate.count_work_of(user.id)
            self._clients[key] = EventClient(
                self._server, key, user, claims.login_id, rate, self._sessions
            )

    def gone(self, key: str, *, is_lost: bool) -> None:
        """Forget the client of a connection; no effect if there is none.

        The connection may stay open, and another client may sign in on it.
        """
        client = self._clients.pop(key, None)
        if client:
            client.is_gone = True
            self._sessions.leave(client, is_lost=is_lost)
            self._expect_sign_in(key)

    def _expect_sign_in(self, key: str) -> None:
        delay_s = self._services.connections.limits.sign_in_s
        asyncio.get_running_loop().call_later(delay_s, self._drop_unless_signed_in, key)

    def _drop_unless_signed_in(self, key: str) -> None:
        if key in self._at_gate:  # the client is not late: its requests still wait for their turn
            self._late.add(key)
        elif self.drop_stranger(key):
            self._services.limit_counters.count(settings.SIGN_IN_S)

    def drop_stranger(self, key: str) -> bool:
        """Close a connection if no client has signed in on it; return whether it was closed."""
        is_stranger = key in self._connections and key not in self._clients
        if is_stranger:
            self._server.drop(key)
        return is_stranger
