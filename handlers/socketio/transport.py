"""`/socket.io/`: Engine.IO's two transports, polling and WebSocket, as a Tornado handler.

engineio's own handler is not used. It always compresses answers, does not bound the messages that
wait unread, leaves refused WebSockets open, and reads bodies of any size.
"""

import asyncio
import json
import logging
from typing import Any

from tornado.web import HTTPError, stream_request_body
from tornado.websocket import WebSocketHandler

from handlers import errors, ids
from handlers.http import headers, network
from handlers.http.body import Body
from handlers.http.views import problems
from handlers.services import Services
from handlers.socketio.clients import SIGN_IN_BYTES
from handlers.socketio.endpoint import SocketIOEndpoint
from storage.background import start_task

_ENGINE_IO = "4"
"""The version of the Engine.IO protocol that clients of Socket.IO 3 and 4 use."""
_TRANSPORTS = ("polling", "websocket")

_log = logging.getLogger(__name__)


@stream_request_body
class SocketIOHandler(WebSocketHandler):
    """One request of the polling transport, or one WebSocket.

    key  the Engine.IO session id, "" until the connection has one
    """

    services: Services

    def initialize(self, services: Services) -> None:
        """Set up the state of a request or a socket, on which no client has signed in yet."""
        self.services = services
        self.key = ""
        self.body = Body(0, services.bodies)
        self.request_id = ids.new_id(services.random_bytes)
        self._engine = self._endpoint.server.eio
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._address = network.rate_limit_key(self.request, services.settings.trusted_hops)

    @property
    def _endpoint(self) -> SocketIOEndpoint:
        endpoint: SocketIOEndpoint = self.settings["socketio"]
        return endpoint

    @property
    def ping_interval(self) -> float | None:
        """None, so that Tornado sends no pings, because Engine.IO has its own heartbeat."""
        return None

    # -- requests ---------------------------------------------------------------------------------

    def set_default_headers(self) -> None:
        headers.set_defaults(self)
        self.set_header("Vary", "Origin")
        origin = self.request.headers.get("Origin", "").lower()
        if origin in self._endpoint.services.settings.origins:
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Allow-Credentials", "true")

    def prepare(self) -> None:
        self.set_header("X-Request-Id", self.request_id)
        if self.services.is_draining():
            raise errors.unavailable("The server is stopping.")
        self.key = self.get_query_argument("sid", "")
        self._make_body()
        self.body.declared(self.request.headers.get("Content-Length", "0"))
        # This is engineio's JSONP, which a page of any site could read as a script.
        if self.get_query_argument("j", ""):
            raise errors.ApiError(400, "bad_request", "There is no JSONP here.")
        if self.request.method in ("GET", "POST") and (refusal := self._refusal()):
            self._refuse(*refusal)

    def _make_body(self) -> None:
        """Make a body whose limit is the largest message that this client may send."""
        is_signed_in = self._endpoint.is_signed_in(self.key)
        self.body = Body(
            self._engine.max_http_buffer_size if is_signed_in else SIGN_IN_BYTES,
            self.services.bodies,
        )
        self.body.payer = self._address

    def _refusal(self) -> tuple[int, str] | None:
        """Return (code, message) if Engine.IO cannot serve this request, else None.

        Codes and messages are those of Socket.IO's own server.
        """
        if self.get_query_argument("transport", "polling") not in _TRANSPORTS:
            return 0, "Transport unknown"
        if self.key:
            return None if self.key in self._engine.sockets else (1, "Session ID unknown")
        if self.request.method != "GET":
            return 2, "Bad handshake method"
        version = self.get_query_argument("EIO", "")
        if version == _ENGINE_IO:
            return None
        _log.info(
            "refused: Engine.IO %.8s; clients must be socket.io-client 3 or 4",
            version or "without a version",
        )
        return 5, "Unsupported protocol version"

    def _refuse(self, code: int, message: str) -> None:
        """Answer like Socket.IO's own server, even before an upgrade: clients show the reason."""
        self.services.problems["bad_request"] += 1
        self.set_status(400)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"code": code, "message": message}, separators=(",", ":")))

    def data_received(self, chunk: bytes) -> None:
        if self._finished:
            return
        try:
            self.body.add(chunk)
        except errors.ApiError as error:
            self.send_error(error.status, exc_info=(type(error), error, None))

    async def get(self, *_: str) -> None:
        await self._endpoint.clients.admit(self.key, self._address, 0)
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await super().get()
        else:
            await self._engine.handle_request(self)

    async def post(self) -> None:
        try:
            self.request.body = self.body.bytes()
        except errors.ApiError:
            self._endpoint.clients.drop_stranger(self.key)
            raise
        with self._endpoint.server.unread(self.key):
            await self._endpoint.clients.admit(self.key, self._address, len(self.request.body))
        await self._engine.handle_request(self)

    def options(self) -> None:
        self.set_status(204)
        if self._headers.get("Access-Control-Allow-Origin"):
            self.set_header("Access-Control-Allow-Methods", "GET, POST")
            self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
            self.set_header("Access-Control-Max-Age", "600")
        self.finish()

    def on_finish(self) -> None:
        self.body.release()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.body.release()

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        answer = errors.to_api_error(error) if error else None
        super().send_error(answer.status if answer else status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        answer = (errors.to_api_error(error) if error else None) or errors.ApiError(
            status_code, "internal" if status_code >= 500 else "bad_request", f"{self._reason}."
        )
        self.services.problems[answer.code] += 1
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(problems.problem(answer, self._reason, self.request_id)))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log an error without the URL, which Tornado would log and which has the session id."""
        if isinstance(value, asyncio.CancelledError):  # the server stopped while a client waited
            return
        if not isinstance(value, HTTPError) and (
            value is None or errors.to_api_error(value) is None
        ):
            _log.error("request %s failed", self.request_id, exc_info=(typ, value, tb))  # type: ignore[arg-type]

    # -- WebSockets -------------------------------------------------------------------------------

    def check_origin(self, origin: str) -> bool:
        return True  # `sign_in` checks the origin if a cookie is the token

    def get_compression_options(self) -> dict[str, Any] | None:
        return None

    def open(self, *_: str) -> None:
        """Serve the socket in a task, which ends with the connection."""
        self.set_nodelay(True)
        self._running = start_task(self._run(), "socket.io")

    async def _run(self) -> None:
        """Serve the connection until it ends, and then close the socket in any case."""
        try:
            await self._engine.handle_request(self)
        except Exception as error:
            _log.info("a Socket.IO connection ended: %s", type(error).__name__)
            self._endpoint.server.drop(self.key)
        finally:
            self.close()

    async def on_message(self, message: str | bytes) -> None:
        """Keep one message until `next_message` takes it. Only then the next message is read."""
        try:
            with self._endpoint.server.unread(self.key):
                await self._endpoint.clients.admit(
                    self.key, self._address, len(message), is_request=False
                )
        except errors.ApiError:
            self._endpoint.server.drop(self.key)
        self._messages.put_nowait(message)
        await self._messages.join()

    async def next_message(self) -> str | bytes | None:
        """Return the next message, None if the socket is closed."""
        message = await self._messages.get()
        self._messages.task_done()
        return message

    def on_close(self) -> None:
        while not self._messages.empty():
            self._messages.get_nowait()
            self._messages.task_done()
        self._messages.put_nowait(None)
