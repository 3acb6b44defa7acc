"""Builds the Socket.IO endpoint from its parts: the server, clients, sessions and events."""

from typing import Any

from tornado.httputil import HTTPServerRequest

from handlers import errors, settings
from handlers.http.views.times import rfc3339
from handlers.services import Services
from handlers.socketio.client import PACKET_COST
from handlers.socketio.clients import Clients
from handlers.socketio.events import Events
from handlers.socketio.server import SocketIOServer
from handlers.socketio.text_sessions import TextSessions
from storage.records import Message, User


class SocketIOEndpoint:
    """Passes each call of `server` (`server.Callbacks`) on to one of the endpoint's parts."""

    def __init__(self, services: Services, max_bytes: int) -> None:
        """max_bytes: most bytes of one message."""
        self.services = services
        self.server = SocketIOServer(self, max_bytes)
        self.sessions = TextSessions(services)
        self.clients = Clients(services, self.server, self.sessions)
        self.events = Events(services, self.sessions)
        # The endpoint cannot be an argument of `Services`, because it is built from them.
        services.message_listeners.append(self.announce)

    def start(self) -> None:
        """Begin to keep presence alive; call inside the event loop."""
        self.sessions.start()

    async def stop(self) -> None:
        """Close all connections."""
        await self.sessions.stop()
        await self.server.stop()
        self.sessions.close()

    def announce(self, message: Message, sender: User) -> None:
        """Send a stored chat message to all clients in its session."""
        if session := self.sessions.find(message.session_id):
            session.tell(
                "receive-message",
                {
                    "id": message.id,
                    "message": message.text,
                    "sender": sender.username,
                    "senderId": sender.id,
                    "timestamp": rfc3339(message.created_at),
                },
            )

    # -- Callbacks of `server` --------------------------------------------------------------------

    def opened(self, key: str, request: HTTPServerRequest) -> str:
        return self.clients.opened(key, request)

    def closed(self, key: str) -> None:
        self.clients.closed(key)

    async def connect(self, key: str, request: HTTPServerRequest, auth: object) -> None:
        await self.clients.sign_in(key, request, auth)

    def gone(self, key: str, *, is_lost: bool) -> None:
        self.clients.gone(key, is_lost=is_lost)

    async def event(self, key: str, name: object, arguments: list[Any]) -> dict[str, Any]:
        return await self.events.handle(self.clients.find(key), name, arguments)

    def too_slow(self) -> None:
        self.services.connections.too_slow += 1
        self.services.limit_counters.count(settings.MAX_QUEUED_BYTES)

    def refused(self, key: str, error: errors.ApiError) -> None:
        if client := self.clients.find(key):
            client.fail(error)

    async def packet(self, key: str) -> None:
        if client := self.clients.find(key):
            await client.pay(PACKET_COST)

    def worked(self, key: str, seconds: float) -> None:
        if client := self.clients.find(key):
            client.rate.worked(seconds)

    def is_signed_in(self, key: str) -> bool:
        return self.clients.find(key) is not None
