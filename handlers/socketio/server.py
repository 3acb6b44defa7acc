"""python-socketio with what it lacks: bounds, order, one confirmation a text, and no trust in clients.

With this package's `transport` the only place that knows `socketio` and `engineio`. The library's
own methods are overridden where it has no hook; `tests/interop/test_events_hostile.py` and the
version range in setup.cfg guard that.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

import socketio
from engineio import packet as engine_packet
from engineio.exceptions import EngineIOError
from engineio.payload import Payload
from socketio import packet
from socketio.exceptions import ConnectionRefusedError as Refused
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from handlers.errors import ApiError

_MAX_QUEUED = 500
_BINARY = ("5", "6")

Payload.max_decode_packets = 10_000  # more than 16 in one request would be dropped; bytes are bounded anyway

_log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.CRITICAL + 1)
_quiet.propagate = False


class Callbacks(Protocol):
    """What is done with clients; each is called `key`, its Engine.IO session id."""

    def opened(self, key: str, request: HTTPServerRequest) -> bool:
        """Count a new connection; return whether it may stay."""

    def closed(self, key: str) -> None:
        """The connection is gone."""

    async def connect(self, key: str, request: HTTPServerRequest, auth: object) -> None:
        """Sign somebody in; raises ApiError."""

    def gone(self, key: str, *, is_lost: bool) -> None:
        """Whoever signed in is gone, on purpose or because his connection broke; harmless more than once."""

    async def event(self, key: str, name: object, arguments: list[Any]) -> dict[str, Any]:
        """Handle an event, never raise, return what to acknowledge."""

    def too_slow(self) -> None:
        """Somebody is dropped for not reading."""

    def refused_binary(self, key: str) -> None:
        """A client sent what no event here has."""


class Wire:
    """A WebSocket as engineio sees it: writes wait for the socket, so that slow clients are noticed."""

    def __init__(self, run: Callable[["Wire"], Coroutine[Any, Any, Any]], _server: object) -> None:
        self._run = run
        self._handler: Any = None

    async def __call__(self, environ: Mapping[str, Any]) -> Any:
        self._handler = environ["tornado.handler"]
        return await self._run(self)

    async def send(self, message: str | bytes) -> None:
        try:
            await self._handler.write_message(message, binary=isinstance(message, bytes))
        except (WebSocketClosedError, StreamClosedError):
            raise EngineIOError from None

    async def wait(self) -> str | bytes:
        message: str | bytes | None = await self._handler.next_message()
        if message is None:
            raise OSError("closed")
        return message

    async def close(self) -> None:
        self._handler.close()


class EventServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO on Tornado; everything in the namespace "/"."""

    def __init__(self, callbacks: Callbacks, max_bytes: int) -> None:
        """max_bytes: most that one message, or one request of the polling transport, may have."""
        super().__init__(
            async_mode="tornado",
            async_handlers=False,  # one client's events are handled one after the other
            cors_allowed_origins=[],  # origins are `transport`'s business
            max_http_buffer_size=max_bytes,
            http_compression=False,
            logger=_quiet,
            engineio_logger=_quiet,
        )
        self.eio._async = {**self.eio._async, "websocket": Wire}
        self._callbacks = callbacks
        self._marks: dict[str, deque[Callable[[], None] | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- out --------------------------------------------------------------------------------------

    def encode(self, event: str, *arguments: Any) -> str:
        """Return an event as it is sent, to be used for any number of clients."""
        return str(self.packet_class(packet.EVENT, data=[event, *arguments], namespace="/").encode())

    def emit_encoded(self, key: str, encoded: str) -> None:
        """Queue an event; a client for whom too much is queued is dropped."""
        socket = self.eio.sockets.get(key)
        if socket is None or socket.closed:
            return
        socket.queue.put_nowait(engine_packet.Packet(engine_packet.MESSAGE, data=encoded))
        self._check_queue(key)

    def _check_queue(self, key: str) -> None:
        socket = self.eio.sockets.get(key)
        if socket is not None and socket.queue.qsize() > _MAX_QUEUED:
            _log.info("a Socket.IO client does not read")
            self._callbacks.too_slow()
            self.drop(key)

    def confirm(self, key: str, arrived: Callable[[], None]) -> None:
        """Call back when the client has got all that was queued for it before.

        By a ping of Engine.IO, which every client answers, in order: its answer comes before
        anything that the client sends later.
        """
        socket = self.eio.sockets.get(key)
        if socket is not None and not socket.closed:
            self._marks[key].append(arrived)
            socket.queue.put_nowait(engine_packet.Packet(engine_packet.PING))

    def drop(self, key: str) -> None:
        """Close a connection; stock clients come back by themselves."""
        self._spawn(self._drop(key))

    def send_away(self, key: str) -> None:
        """Disconnect a client that shall not come back by itself."""
        self._spawn(self._send_away(key))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="socket.io")
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
        if not self._callbacks.opened(eio_sid, handler.request):
            self._callbacks.closed(eio_sid)
            return "Too many connections."
        self._watch(eio_sid)
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    def _watch(self, key: str) -> None:
        """Count pings and their answers; do not let bad packets pass for good ones."""
        socket, marks = self.eio.sockets[key], deque[Callable[[], None] | None]()
        send, receive, post, close = socket.send, socket.receive, socket.handle_post_request, socket.close
        self._marks[key] = marks

        async def send_and_count(message: engine_packet.Packet) -> None:
            if message.packet_type == engine_packet.PING:
                marks.append(None)
            await send(message)

        async def receive_and_count(message: engine_packet.Packet) -> None:
            if message.packet_type == engine_packet.PONG:
                if not marks:
                    return
                if arrived := marks.popleft():
                    arrived()
                    return
            await receive(message)

        async def post_or_fail(environ: Mapping[str, Any]) -> None:
            try:
                await post(environ)
            except EngineIOError:
                raise
            except Exception as error:
                raise EngineIOError from error

        async def close_without_waiting(wait: bool = True, **options: Any) -> None:
            await close(wait=False, **options)  # it would wait for a client that may never ask again

        socket.send, socket.receive = send_and_count, receive_and_count
        socket.handle_post_request, socket.close = post_or_fail, close_without_waiting

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        if isinstance(data, bytes):
            return
        if data.startswith(_BINARY):
            self._callbacks.refused_binary(eio_sid)
            return
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:
            _log.info("a Socket.IO client is dropped: %s", type(error).__name__)
            self.drop(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        self._callbacks.gone(eio_sid, is_lost=True)
        if self._marks.pop(eio_sid, None) is not None:
            self._callbacks.closed(eio_sid)

    # -- in: what socketio calls ------------------------------------------------------------------

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, namespace or "/"):
            raise ValueError("connected twice")
        await super()._handle_connect(eio_sid, namespace, data)

    async def _trigger_event(self, event: str, _namespace: str, *arguments: Any) -> Any:
        """Only `connect` comes here, with (sid, environ, auth): events are handled in `_handle_event`."""
        if event != "connect":
            return self.not_handled
        sid, environ, auth = arguments
        key = self.manager.eio_sid_from_sid(sid, "/")
        try:
            return await self._callbacks.connect(key, environ["tornado.handler"].request, auth)
        except ApiError as error:
            raise Refused(error.message, {"code": error.code, "message": error.message}) from None

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: list[Any]) -> None:  # noqa: A002
        name, *arguments = data
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if not self.manager.is_connected(sid, namespace or "/"):
            return
        answer = await self._callbacks.event(eio_sid, name, arguments)
        if id is not None:
            await self._send_packet(eio_sid, self.packet_class(packet.ACK, namespace=namespace, id=id, data=[answer]))
            self._check_queue(eio_sid)

    async def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        on_purpose = (self.reason.CLIENT_DISCONNECT, self.reason.SERVER_DISCONNECT)
        self._callbacks.gone(eio_sid, is_lost=reason not in on_purpose)
