"""Accepts connections, before there is a request:
refuses those over a rate, and requests with too large headers.
"""

import asyncio
import contextlib
import socket
from collections import deque
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, UnsatisfiableReadError

from handlers.throttling.rates import RateLimiter
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
"""Bytes of a refused request that are read and dropped, so that the client sees the answer,
not a broken connection."""
_LINGERING = 100
"""Refused connections that are read to their end at the same time.
Further ones are closed immediately."""


_IN_ONE_TURN = 4
"""Connections that are taken in one turn of the event loop.
Each costs a millisecond, including its first request."""
_MAX_ACCEPTED = 1_024
"""Accepted connections that wait for their turn.
If this many wait, a further one is taken immediately."""


class Listener(HTTPServer):
    """The HTTP server. It closes connections of an address that opens too many,
    before anything is read from them.

    It must be that early:
    a handshake costs most of a millisecond before its headers can be counted.

    limiter  rate by address; None behind proxies, because all clients then
             have the address of a proxy
    """

    limiter: RateLimiter | None = None

    def initialize(self, *arguments: Any, **options: Any) -> None:
        """Take Tornado's arguments; called instead of a constructor."""
        super().initialize(*arguments, **options)
        self.lingering: set[_Lingering] = set()
        self._accepted: deque[tuple[socket.socket, tuple[str, int]]] = deque()

    def _handle_connection(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Queue a connection that was accepted just now, if its address may open one.

        Tornado accepts up to 128 connections in one turn of the event loop. Clients that come
        together also send their first requests together, so without the queue all of them would be
        served in one turn.
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
        """Take some of the accepted connections, and more in the next turn of the event loop."""
        for _ in range(min(_IN_ONE_TURN, len(self._accepted))):
            super()._handle_connection(*self._accepted.popleft())
        if self._accepted:
            asyncio.get_running_loop().call_soon(self._take_some)

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        super().handle_stream(_Stream(stream, self.lingering), address)

    def stop(self) -> None:
        super().stop()
        while self._accepted:
            self._accepted.popleft()[0].close()

    async def close_all_connections(self) -> None:
        for one in list(self.lingering):
            one.end()
        await super().close_all_connections()


class _Stream(IOStream):
    """Tornado's stream, but it answers a request whose headers are too large before it closes."""

    def __init__(self, plain: IOStream, lingering: set["_Lingering"]) -> None:
        """plain: the stream that Tornado made; nothing was read from it yet."""
        super().__init__(
            plain.socket,
            max_buffer_size=plain.max_buffer_size,
            read_chunk_size=plain.read_chunk_size,
        )
        self._lingering = lingering

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

    Closing a socket with bytes unread sends a reset, and a client that gets one may never see the
    answer before it. So our side is closed for writing only, until the client has closed its side,
    sent too much, or taken too long.
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
        """Close the connection; harmless more than once."""
        self._timer.cancel()
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection)
            self._connection.close()
        self._others.discard(self)
