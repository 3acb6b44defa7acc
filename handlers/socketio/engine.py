"""One connection of Engine.IO, with bounds that the class of engineio does not have.

Each packet is counted before it is handled. Other tasks run between two packets of one request.

Only this module, `server` and `transport` know `engineio`. `tests/handlers/socketio/` and the
version range in pyproject.toml guard the methods that are overridden.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import engineio
from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError
from engineio.packet import CLOSE, MESSAGE, NOOP, PING, PONG, UPGRADE, Packet
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

MAX_PACKETS = 64
"""Most packets in one request of the polling transport.
A client has fewer packets to send between two requests."""
_SEPARATOR = "\x1e"
_MAX_OTHER = 16
"""Most characters of a packet that is not a message.
The longest such packet is the `probe` of a client that upgrades."""
_MESSAGES = tuple(f"{MESSAGE}{kind}" for kind in range(7))
"""Beginnings of packets that are messages.
Each message holds a packet of Socket.IO, which has one of seven kinds."""
_OTHERS = tuple(str(kind) for kind in (CLOSE, PING, PONG, UPGRADE, NOOP))
_BASE64 = "b"
_BEAT_S = 10.0
"""Seconds between two pings to a client whose message takes long.
The library sends no ping before the last one is answered, and a client that gets no ping for 45 s
hangs up."""
_GOODBYE = str(CLOSE)
"""The last packet of a client that leaves. It comes in the same request as the packet that
disconnects the client from Socket.IO. After that packet, no client is signed in."""


def check(packet: str) -> None:
    """Raise EngineIOError if no client may send this packet.

    It is called before the library parses the packet.
    """
    is_message = packet.startswith((*_MESSAGES, _BASE64))
    if not is_message and (len(packet) > _MAX_OTHER or not packet.startswith(_OTHERS)):
        raise EngineIOError("not a packet")


def decode(packet: str) -> Packet:
    """Return a packet of the polling transport.

    A binary packet is returned empty, because this server uses none.

    Raises: EngineIOError.
    """
    check(packet)
    if packet.startswith(_BASE64):
        return Packet(MESSAGE, data=b"")
    return Packet(int(packet[0]), data=packet[1:])


class EngineWebSocket:
    """A WebSocket with the interface that engineio needs.

    Writes wait, so the server notices a client that does not read.
    """

    def __init__(
        self, run: Callable[["EngineWebSocket"], Coroutine[Any, Any, Any]], _server: object
    ) -> None:
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
        """Return the next message.

        Raises OSError if the socket is closed, or if the message is not a packet.
        """
        message: str | bytes | None = await self._handler.next_message()
        if message is None:
            raise OSError("closed")
        if isinstance(message, bytes):
            return b""
        try:
            check(message)
        except EngineIOError as error:
            raise OSError(str(error)) from None
        return message

    async def close(self) -> None:
        """Close the socket. It is a coroutine because engineio awaits it."""
        self._handler.close()


def _nothing() -> None:
    """Do nothing when the answer to a ping comes."""


class EngineSocket(AsyncSocket):  # type: ignore[misc]
    """One connection, by polling or WebSocket.

    Answers to pings are counted, so that `confirm` can call a function when an answer comes.

    While a packet waits or is handled, the client's next packets wait, and so do its answers to
    pings. So its silence says nothing then: it is not closed, and gets more pings.
    """

    _arrivals: deque[Callable[[], None] | None]
    """An entry for each ping that is not answered yet.
    It is the function to call after the answer, or None for the library's heartbeat."""
    _is_posting: bool
    _unread: int
    """How many packets wait or are handled."""
    _beat: asyncio.TimerHandle | None
    """The next ping to a client whose packet takes long."""
    last_ping: float | None
    """Unix time of the ping that is not answered yet, set by the library too."""

    @classmethod
    def adopt(cls, socket: AsyncSocket) -> "EngineSocket":
        """Turn a connection that the library has just created into one of this class.

        The library names its own class in its code, and has no parameter for another class.
        """
        socket.__class__ = cls
        adopted: EngineSocket = socket
        adopted._arrivals, adopted._is_posting = deque(), False
        adopted._unread, adopted._beat = 0, None
        return adopted

    def queue_message(self, encoded: str) -> None:
        """Queue an encoded Socket.IO packet."""
        self.queue.put_nowait(Packet(MESSAGE, data=encoded))

    def confirm(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` when the client has received everything that was queued for it before.

        This sends a ping of Engine.IO. Each client answers pings in order. So the answer to this
        ping comes before any packet that the client sends after it has read the queue.
        """
        self._arrivals.append(arrived)
        self.queue.put_nowait(Packet(PING))

    async def send(self, pkt: Packet) -> None:
        if pkt.packet_type == PING:
            self._arrivals.append(None)
        await super().send(pkt)

    async def receive(self, pkt: Packet) -> None:
        # Answers to our pings do not count as packets, because each ping has one answer.
        if pkt.packet_type == PONG and self._arrivals:
            if arrived := self._arrivals.popleft():
                arrived()
            else:
                await super().receive(pkt)
            return
        with self.unread():
            await self.server.count(self.sid, pkt.data)
            if pkt.packet_type != PONG and not self.closed:
                await super().receive(pkt)

    @contextmanager
    def unread(self) -> Iterator[None]:
        """Expect no answers to pings inside the context, because a packet waits or is handled."""
        self._unread += 1
        if self._unread == 1:
            self._beat_later()
        try:
            yield
        finally:
            self._unread -= 1
            if not self._unread:
                self._stop_beats()

    def _beat_later(self) -> None:
        self._beat = asyncio.get_running_loop().call_later(_BEAT_S, self._send_beat)

    def _send_beat(self) -> None:
        if not self.closed:
            self.confirm(_nothing)
            self._beat_later()

    def _stop_beats(self) -> None:
        """Stop sending pings; from now on, the client has the usual time for an answer."""
        if self._beat:
            self._beat.cancel()
        self._beat = None
        if self.last_ping:
            self.last_ping = time.time()

    async def check_ping_timeout(self) -> bool:
        if self._unread and not self.closed:
            return True
        is_there: bool = await super().check_ping_timeout()
        return is_there

    async def handle_post_request(self, environ: Mapping[str, Any]) -> None:
        """Handle the packets of one request.

        Raises EngineIOError, which the library answers with 400. It is raised for content that is
        not a packet, for too many packets, for more than one packet before the client has signed
        in, and for a request while another request of the connection is handled.
        """
        if self._is_posting:
            raise EngineIOError("two requests that send something")
        self._is_posting = True
        try:
            await self._take_packets(environ["tornado.handler"].request.body.decode())
        except Exception as error:
            if not self.closed:  # for a closed connection, the library fails on this error
                raise EngineIOError from error
        finally:
            self._is_posting = False

    async def _take_packets(self, payload: str) -> None:
        packets = payload.split(_SEPARATOR, MAX_PACKETS) if payload else []
        if len(packets) > MAX_PACKETS:
            raise EngineIOError("too many packets")
        for at, packet in enumerate(packets):
            if at:
                await asyncio.sleep(0)  # other tasks run between two packets
                if self.closed:
                    return
                if packet != _GOODBYE and not self.server.may_send_many(self.sid):
                    raise EngineIOError("more than one packet before signing in")
            await self.receive(decode(packet))

    async def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None
    ) -> None:
        # With `wait`, the library would wait until its queue is sent. If a polling client sends
        # no more requests, this never happens.
        await super().close(wait=False, abort=abort, reason=reason)


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO on Tornado with our WebSocket.

    count          called with a connection's id and the content of a packet,
                   before it is handled; may wait
    may_send_many  whether a connection may send more than one packet in a request
    """

    def __init__(
        self,
        *,
        count: Callable[[str, object], Awaitable[None]],
        may_send_many: Callable[[str], bool],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.count = count
        self.may_send_many = may_send_many
        # copied, because the library's own table is shared by its whole module
        self._async = {**self._async, "websocket": EngineWebSocket}  # type: ignore[has-type]
