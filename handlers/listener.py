"""Accepts connections, and refuses addresses that open too many and requests with large headers."""

import asyncio
import contextlib
import socket
from collections import deque
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, UnsatisfiableReadError

from handlers.throttling.rates import RateLimiter
from handlers.throttling.request_turns import RequestTurns
from handlers.throttling.subscribers import subscriber

_REFUSAL_BODY = (
    b"The headers of this request are too large. Cookies count too: delete those of this site.\n"
)
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=UTF-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_REFUSAL_BODY), _REFUSAL_BODY)
)
_LINGER_S = 2.0
_LINGER_BYTES = 1 << 20
"""Most bytes of a refused request that are read and dropped. Without this, the client could see
a broken connection instead of the answer."""
_LINGERING = 100
"""Most refused connections that are read to their end at the same time.
Further connections are closed immediately."""


_IN_ONE_TURN = 4
"""Connections that are handled in one turn of the event loop.
Each takes a millisecond, including its first request."""
_MAX_ACCEPTED = 1_024
"""Most accepted connections that wait for their turn.
If this many wait, a new connection is handled immediately."""


class Listener(HTTPServer):
    """The HTTP server. It closes connections of an address that opens too many of them.

    It closes them before it reads from them,
    because reading the headers of a handshake takes almost a millisecond.

    limiter  the rate for each address; None behind a proxy,
             because all clients then have the proxy's address
    """

    limiter: RateLimiter | None = None

    def initialize(self, *arguments: Any, **options: Any) -> None:
        """Set up the server; Tornado calls this method instead of a constructor."""
        super().initialize(*arguments, **options)
        self.lingering: set[_Lingering] = set()
        self._turns = RequestTurns()
        self._accepted: deque[tuple[socket.socket, tuple[str, int]]] = deque()

    def _handle_connection(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Queue an accepted connection, if its address may open one more.

        Tornado accepts up to 128 connections in one turn of the event loop. Clients that connect
        together also send their first requests together. Without the queue, one turn would serve
        all these requests.
        """
        if self.limiter and self.limiter.wait_s(subscriber(address[0])):
            connection.close()
            return
        if len(self._accepted) >= _MAX_ACCEPTED:
            super()._handle_connection(connection, address)
            return
        self._accepted.append((connection, address))
        if len(self._accepted) == 1:
            asyncio.get_running_loop().call_soon(self._take_some)

    def _take_some(self) -> None:
        """Handle some of the queued connections, and more in the next turn of the event loop."""
        for _ in range(min(_IN_ONE_TURN, len(self._accepted))):
            super()._handle_connection(*self._accepted.popleft())
        if self._accepted:
            asyncio.get_running_loop().call_soon(self._take_some)

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        super().handle_stream(_Stream(stream, self.lingering, self._turns), address)

    def stop(self) -> None:
        super().stop()
        while self._accepted:
            self._accepted.popleft()[0].close()

    async def close_all_connections(self) -> None:
        for connection in list(self.lingering):
            connection.end()
        await super().close_all_connections()


class _Stream(IOStream):
    """Tornado's stream. A request on it waits for its turn after its headers have arrived.

    Before it closes, it also answers a request with too large headers.
    """

    def __init__(self, plain: IOStream, lingering: set["_Lingering"], turns: RequestTurns) -> None:
        """plain: the stream that Tornado made, before anything was read from it."""
        super().__init__(
            plain.socket,
            max_buffer_size=plain.max_buffer_size,
            read_chunk_size=plain.read_chunk_size,
        )
        self._lingering = lingering
        self._turns = turns

    async def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> bytes:
        """Return the headers of a request; Tornado calls this once for each request."""
        headers = await super().read_until_regex(regex, max_bytes)
        await self._turns.begin()
        return headers

    def _handle_events(self, fd: Any, events: int) -> None:
        # The event loop calls this in each of its turns until the bytes are read.
        if events != IOLoop.READ or self._turns.may_read():
            super()._handle_events(fd, events)

    def close(self, exc_info: Any = False) -> None:
        if (
            isinstance(exc_info, UnsatisfiableReadError)
            and not self.closed()
            and not self.writing()
        ):
            self._refuse()
        super().close(exc_info)

    def _refuse(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.send(_REFUSAL)
            if len(self._lingering) < _LINGERING:
                self._lingering.add(_Lingering(self.socket.dup(), self._lingering))


class _Lingering:
    """A refused connection whose request is read to its end and dropped.

    Closing a socket with unread bytes sends a reset, and a client that gets a reset may never see
    the answer before it. So only our sending side is closed at first. The connection closes when
    the client has closed its side, sent too much, or taken too long.
    """

    def __init__(self, connection: socket.socket, others: set["_Lingering"]) -> None:
        self._connection = connection
        self._others = others
        self._left = _LINGER_BYTES
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_LINGER_S, self.end)
        connection.setblocking(False)
        connection.shutdown(socket.SHUT_WR)
        self._loop.add_reader(connection, self._read)

    def _read(self) -> None:
        try:
            count = len(self._connection.recv(1 << 16))
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self._left -= count
        if not count or self._left < 0:
            self.end()

    def end(self) -> None:
        """Close the connection; a second call has no effect."""
        self._timer.cancel()
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection)
            self._connection.close()
        self._others.discard(self)
