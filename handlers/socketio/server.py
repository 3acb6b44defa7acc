"""Adapts python-socketio: adds bounds, handles events in order, and does not trust clients.

Only this module knows `socketio`. Where the library has no hook, it overrides methods. A new
version of the library could change these methods. So pyproject.toml allows only one minor version,
and the tests in `tests/handlers/socketio/` check the methods.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

import socketio
from engineio.exceptions import EngineIOError
from socketio import packet
from socketio.exceptions import ConnectionRefusedError as Refused
from tornado.httputil import HTTPServerRequest

from handlers.errors import ApiError
from handlers.http import large_json
from handlers.socketio.engine import EngineServer, EngineSocket
from storage.background import start_task

_MAX_QUEUED = 500
"""Most packets that wait for one client. A client with more does not read, so it is dropped."""
_EVENT = str(packet.EVENT)
_BINARY = ("5", "6")
"""First characters of Socket.IO packets with binary attachments (events, acknowledgements)."""

_log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.CRITICAL + 1)
_quiet.propagate = False


class Callbacks(Protocol):
    """Functions that the server calls. `key` is always a client's Engine.IO session id."""

    def opened(self, key: str, request: HTTPServerRequest) -> str:
        """Count a new connection; return the name of the limit that it exceeds, "" for none."""

    def closed(self, key: str) -> None:
        """Forget a connection, which is gone."""

    async def connect(self, key: str, request: HTTPServerRequest, auth: object) -> None:
        """Sign a client in; raises ApiError."""

    def gone(self, key: str, *, is_lost: bool) -> None:
        """Forget a signed-in client, which is gone; a second call has no effect.

        is_lost  whether the client's connection broke
        """

    async def event(self, key: str, name: object, arguments: list[Any]) -> dict[str, Any]:
        """Handle an event and return the acknowledgement; never raises."""

    def too_slow(self) -> None:
        """Count that a client is dropped because it does not read."""

    def refused(self, key: str, error: ApiError) -> None:
        """Tell a client that its packet is not a valid event."""

    async def packet(self, key: str) -> None:
        """Count a packet other than an event, before it is handled; wait if there were too many."""

    def worked(self, key: str, seconds: float) -> None:
        """Count the time that parsing an event took."""

    def is_signed_in(self, key: str) -> bool:
        """Whether a client has signed in on a connection."""


class _Json:
    """The functions that the library uses as its JSON module for packets."""

    loads = staticmethod(large_json.loads)
    dumps = staticmethod(json.dumps)


class EventPacket(packet.Packet):  # type: ignore[misc]
    """A packet of Socket.IO whose content is parsed within bounds."""

    json = _Json


class SocketIOServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO on Tornado, with the namespace "/" only."""

    def __init__(self, callbacks: Callbacks, max_bytes: int) -> None:
        """max_bytes: most bytes of one message, or of one request of the polling transport."""
        super().__init__(
            async_mode="tornado",
            serializer=EventPacket,
            async_handlers=False,  # events of one client must be handled one after another
            cors_allowed_origins=[],  # `transport` checks origins
            max_http_buffer_size=max_bytes,
            http_compression=False,
            logger=_quiet,
            engineio_logger=_quiet,
            count=self._count,  # the library passes options on that it does not know
            may_send_many=callbacks.is_signed_in,
        )
        self._callbacks = callbacks
        self._counted: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def _socket(self, key: str) -> EngineSocket | None:
        """Return a connection if it is open, else None."""
        socket: EngineSocket | None = self.eio.sockets.get(key)
        return None if socket is None or socket.closed else socket

    def unread(self, key: str) -> contextlib.AbstractContextManager[None]:
        """Return the context in which a packet of a client waits; see `EngineSocket.unread`."""
        socket = self._socket(key)
        return socket.unread() if isinstance(socket, EngineSocket) else contextlib.nullcontext()

    # -- out --------------------------------------------------------------------------------------

    def encode(self, event: str, *arguments: Any) -> str:
        """Return an encoded event, which can be sent to any number of clients."""
        return str(
            self.packet_class(packet.EVENT, data=[event, *arguments], namespace="/").encode()
        )

    def emit_encoded(self, key: str, encoded: str) -> None:
        """Queue an event; drop the client if it has too many queued packets."""
        if socket := self._socket(key):
            socket.queue_message(encoded)
            self._check_queue(key)

    def _check_queue(self, key: str) -> None:
        socket = self.eio.sockets.get(key)
        if socket is not None and socket.queue.qsize() > _MAX_QUEUED:
            _log.info("a Socket.IO client does not read")
            self._callbacks.too_slow()
            self.drop(key)

    def confirm(self, key: str, arrived: Callable[[], None]) -> None:
        """Call `arrived` when the client has received everything that was queued for it before."""
        if socket := self._socket(key):
            socket.confirm(arrived)

    def drop(self, key: str) -> None:
        """Close a connection; standard clients connect again by themselves."""
        self._spawn(self._drop(key))

    def send_away(self, key: str) -> None:
        """Disconnect a client in such a way that it does not connect again by itself."""
        self._spawn(self._send_away(key))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = start_task(work, "socket.io")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self, key: str) -> None:
        socket = self.eio.sockets.pop(key, None)
        if socket is not None:
            with contextlib.suppress(EngineIOError):
                await socket.close(wait=False)
            socket.queue.put_nowait(None)

    async def _send_away(self, key: str) -> None:
        await self._send_packet(key, self.packet_class(packet.DISCONNECT, namespace="/"))
        await self._handle_disconnect(key, "/", self.reason.SERVER_DISCONNECT)

    async def stop(self) -> None:
        """Close everything."""
        for key in list(self.eio.sockets):
            await self._drop(key)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.shutdown()

    # -- in: what engineio calls ------------------------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> str | None:
        handler = environ["tornado.handler"]
        handler.key = eio_sid
        if limit := self._callbacks.opened(eio_sid, handler.request):
            self._callbacks.closed(eio_sid)
            return f"Too many connections ({limit})."
        EngineSocket.adopt(self.eio.sockets[eio_sid])
        self._counted.add(eio_sid)
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    async def _count(self, key: str, content: object) -> None:
        """Count a packet unless it is an event, whose cost `handlers.socketio.events` counts."""
        if not (isinstance(content, str) and content.startswith(_EVENT)):
            await self._callbacks.packet(key)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        if isinstance(data, bytes):
            return
        if data.startswith(_BINARY):
            self._refuse(eio_sid, "There are no events with binary content here.")
            return
        try:
            await self._take(eio_sid, self._parse(eio_sid, data))
        except large_json.TooMuchStructure:
            self._refuse(
                eio_sid,
                f"An event may have at most {large_json.MAX_STRUCTURE} characters besides long "
                "texts.",
            )
        except Exception as error:
            _log.info("a Socket.IO client is dropped: %s", type(error).__name__)
            self.drop(eio_sid)

    def _refuse(self, key: str, message: str) -> None:
        self._callbacks.refused(key, ApiError(422, "invalid", message))

    def _parse(self, key: str, data: str) -> EventPacket:
        begun = time.perf_counter()
        try:
            return EventPacket(encoded_packet=data)
        finally:
            self._callbacks.worked(key, time.perf_counter() - begun)

    async def _take(self, key: str, taken: EventPacket) -> None:
        """Handle a packet like the library, but without attachments.

        Acknowledgements are ignored, because no code of this server waits for them.
        """
        kind, namespace = taken.packet_type, taken.namespace or "/"
        if kind == packet.CONNECT:
            await self._handle_connect(key, taken.namespace, taken.data)
        elif kind == packet.DISCONNECT:
            await self._handle_disconnect(key, taken.namespace, self.reason.CLIENT_DISCONNECT)
        elif kind == packet.EVENT and namespace == "/":
            await self._handle_event(key, namespace, taken.id, taken.data)
        elif kind != packet.ACK:
            raise ValueError("a packet for clients, or an event of another namespace")

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        self._callbacks.gone(eio_sid, is_lost=True)
        if eio_sid in self._counted:
            self._counted.remove(eio_sid)
            self._callbacks.closed(eio_sid)

    # -- in: what socketio calls ------------------------------------------------------------------

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, namespace or "/"):
            raise ValueError("connected twice")
        await super()._handle_connect(eio_sid, namespace, data)

    async def _trigger_event(self, event: str, _namespace: str, *arguments: Any) -> Any:
        """Handle the event `connect`, with (sid, environ, auth).

        `_handle_event` handles all other events.
        """
        if event != "connect":
            return self.not_handled
        sid, environ, auth = arguments
        key = self.manager.eio_sid_from_sid(sid, "/")
        try:
            return await self._callbacks.connect(key, environ["tornado.handler"].request, auth)
        except ApiError as error:
            raise Refused(error.message, {"code": error.code, "message": error.message}) from None

    async def _handle_event(
        self,
        eio_sid: str,
        namespace: str | None,
        id: int | None,  # noqa: A002
        data: list[Any],
    ) -> None:
        name, *arguments = data
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if not self.manager.is_connected(sid, namespace or "/"):
            return
        answer = await self._callbacks.event(eio_sid, name, arguments)
        if id is not None:
            await self._send_packet(
                eio_sid, self.packet_class(packet.ACK, namespace=namespace, id=id, data=[answer])
            )
            self._check_queue(eio_sid)

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str | None, reason: str | None = None
    ) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        on_purpose = (self.reason.CLIENT_DISCONNECT, self.reason.SERVER_DISCONNECT)
        self._callbacks.gone(eio_sid, is_lost=reason not in on_purpose)
