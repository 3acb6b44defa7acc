"""One connection of Engine.IO, bounded: what engineio's own session class lacks.

With `server` and `transport` the only place that knows `engineio`. `tests/handlers/socketio/`
and the version range in setup.cfg guard what is overridden.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import engineio
from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError
from engineio.packet import MESSAGE, PING, PONG, Packet
from engineio.payload import Payload
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

Payload.max_decode_packets = 10_000
"""Packets in one request. The library has no parameter for it and drops a request with more than 16; the bytes of a
request are bounded by `transport` before it is decoded."""


class EngineWebSocket:
    """A WebSocket as engineio sees it: a write waits for the socket, so that a client that does not read is noticed."""

    def __init__(self, run: Callable[["EngineWebSocket"], Coroutine[Any, Any, Any]], _server: object) -> None:
        self._run = run
        self._handler: Any = None

    async def __call__(self, environ: Mapping[str, Any]) -> Any:
        self._handler = environ["tornado.handler"]
        return await self._run(self)

    async def send(self, message: str | bytes) -> None:
        """Write one message; raises EngineIOError once the socket is closed."""
        try:
            await self._handler.write_message(message, binary=isinstance(message, bytes))
        except (WebSocketClosedError, StreamClosedError):
            raise EngineIOError from None

    async def wait(self) -> str | bytes:
        """Return the next message; raises OSError once the socket is closed."""
        message: str | bytes | None = await self._handler.next_message()
        if message is None:
            raise OSError("closed")
        return message

    async def close(self) -> None:
        self._handler.close()


class EngineSocket(AsyncSocket):  # type: ignore[misc]
    """One connection, by polling or WebSocket.

    Answers to pings are counted: a ping can be followed by a call when its answer comes (`confirm`).
    """

    _arrivals: deque[Callable[[], None] | None]
    """One for each ping that is not answered yet: what to call then, None for the library's own heartbeat."""

    @classmethod
    def adopt(cls, socket: AsyncSocket) -> "EngineSocket":
        """Make a connection that the library has just created one of this class.

        The library names its class where it creates it and has no parameter for another one.
        """
        socket.__class__ = cls
        socket._arrivals = deque()  # noqa: SLF001  # it is of this class since the line above
        adopted: EngineSocket = socket
        return adopted

    def queue_message(self, encoded: str) -> None:
        """Queue an encoded Socket.IO packet."""
        self.queue.put_nowait(Packet(MESSAGE, data=encoded))

    def confirm(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` when the client has received all that was queued for it before.

        A ping of Engine.IO does it. Every client answers pings in order, so the answer comes before anything that
        the client sends later.
        """
        self._arrivals.append(arrived)
        self.queue.put_nowait(Packet(PING))

    async def send(self, pkt: Packet) -> None:
        if pkt.packet_type == PING:
            self._arrivals.append(None)
        await super().send(pkt)

    async def receive(self, pkt: Packet) -> None:
        if pkt.packet_type == PONG:
            if not self._arrivals:
                return
            if arrived := self._arrivals.popleft():
                arrived()
                return
        await super().receive(pkt)

    async def handle_post_request(self, environ: Mapping[str, Any]) -> None:
        """Take the packets of one request; raises EngineIOError for a bad one, which the library answers with 400."""
        try:
            await super().handle_post_request(environ)
        except EngineIOError:
            raise
        except Exception as error:
            raise EngineIOError from error

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        # The library would wait for its queue to be sent: for ever if a polling client never asks again.
        await super().close(wait=False, abort=abort, reason=reason)


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO on Tornado with our WebSocket."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # a copy: the library's own table belongs to its module
        self._async = {**self._async, "websocket": EngineWebSocket}  # type: ignore[has-type]
