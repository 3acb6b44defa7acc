"""All Socket.IO connections by Engine.IO session id: how fast each may be, and the clients that signed in on them."""

import asyncio

from tornado.httputil import HTTPServerRequest

from handlers import settings
from handlers.http import network
from handlers.services import Services
from handlers.socketio.client import EventClient, EventRate, Membership
from handlers.socketio.server import SocketIOServer
from handlers.socketio.sign_in import access_token, signed_in

_SIGN_IN_BYTES = 16 << 10
"""Bytes that one message of a client may have that has not signed in: it has no reason to send more."""


class Clients:
    """The connections, and the client of each that has signed in."""

    def __init__(self, services: Services, server: SocketIOServer, sessions: Membership) -> None:
        self._services = services
        self._server = server
        self._sessions = sessions
        self._connections: dict[str, tuple[str, EventRate]] = {}
        self._clients: dict[str, EventClient] = {}

    def find(self, key: str) -> EventClient | None:
        """Return the client that signed in on a connection, if one has."""
        return self._clients.get(key)

    @property
    def counts(self) -> tuple[int, int]:
        """(open connections, signed-in clients)."""
        return len(self._connections), len(self._clients)

    def opened(self, key: str, request: HTTPServerRequest) -> bool:
        """Count a new connection; return whether it may stay."""
        address = network.rate_limit_key(request, self._services.settings.trusted_hops)
        self._connections[key] = address, EventRate(self._services.connections.limits)
        self._expect_sign_in(key)
        return self._services.connections.add(address)

    def closed(self, key: str) -> None:
        """Forget a connection that was opened."""
        self._services.connections.remove(self._connections.pop(key)[0])

    def incoming(self, key: str, size: int) -> float:
        """Count a message before anything reads it; return the seconds to wait before that.

        A client that sends more than `_SIGN_IN_BYTES` before it has signed in is dropped.
        """
        connection = self._connections.get(key)
        if connection is None:
            return 0.0
        is_signed_in = key in self._clients
        if not is_signed_in and size > _SIGN_IN_BYTES:
            self._server.drop(key)
            return 0.0
        wait_s = connection[1].spend(0 if is_signed_in else 1, size)
        self._services.connections.slowed += bool(wait_s)
        self._services.limit_counters.count(settings.UPDATE_BYTES_PER_S, bool(wait_s))
        return wait_s

    async def sign_in(self, key: str, request: HTTPServerRequest, auth: object) -> None:
        """Sign a client in.

        Raises: ApiError; StoreUnavailable, upon which the client is dropped and comes back.
        """
        claims = self._services.tokens.read_access_token(access_token(self._services, request, auth))
        user = await signed_in(self._services, claims.user_id, claims.login_id)
        if key in self._connections:
            rate = self._connections[key][1]
            self._clients[key] = EventClient(self._server, key, user, claims.login_id, rate, self._sessions)

    def gone(self, key: str, *, is_lost: bool) -> None:
        """Forget the client of a connection, which may stay open for another one; harmless if there is none."""
        client = self._clients.pop(key, None)
        if client:
            client.is_gone = True
            self._sessions.leave(client, is_lost=is_lost)
            self._expect_sign_in(key)

    def _expect_sign_in(self, key: str) -> None:
        delay_s = self._services.connections.limits.sign_in_s
        asyncio.get_running_loop().call_later(delay_s, self._drop_unless_signed_in, key)

    def _drop_unless_signed_in(self, key: str) -> None:
        if key in self._connections and key not in self._clients:
            self._services.limit_counters.count(settings.SIGN_IN_S)
            self._server.drop(key)
