"""Tests that requests whose headers are over the bound get an answer."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tornado.iostream import IOStream
from tornado.web import Application

from handlers.listener import Listener
from tests.api import Api
from tests.waiting import PATIENCE_S, until


async def exchange(server, request: bytes) -> bytes:
    """Send bytes, and return all bytes of the answer until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return answer


def connected(port: int, count: int) -> list[socket.socket]:
    """Return new connections to a server, from one address."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for client in sockets:
        client.setblocking(False)
    return sockets


async def first_bytes(connection: socket.socket) -> bytes:
    received = asyncio.get_running_loop().sock_recv(connection, 1_000)
    return await asyncio.wait_for(received, PATIENCE_S)


@contextmanager
def counted_turns() -> Iterator[Callable[[], int]]:
    """Count the event loop's turns during a block; gives a function that returns the count."""
    turn, is_over = 0, False

    def count() -> None:
        nonlocal turn
        turn += 1
        if not is_over:
            asyncio.get_running_loop().call_soon(count)

    count()
    yield lambda: turn
    is_over = True


async def flood(writer: asyncio.StreamWriter) -> None:
    for _ in range(1_000):
        writer.write(b"x" * (64 << 10))
        await writer.drain()


def request(headers: bytes) -> bytes:
    return b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"


@pytest.mark.parametrize("size", [17 << 10, 66 << 10, 500 << 10])
@pytest.mark.parametrize("shape", ["one cookie", "many headers", "address", "no end"])
async def test_headers_over_bound_are_answered_431(server, size: int, shape: str) -> None:
    """Headers over the bound are answered with 431 and the reason, in any shape and size."""
    sent = {
        "one cookie": request(b"Cookie: a=" + b"x" * size + b"\r\n"),
        "many headers": request(
            b"".join(b"X-%d: %s\r\n" % (number, b"x" * 90) for number in range(size // 90))
        ),
        "address": b"GET /healthz?" + b"x" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "no end": b"x" * size,
    }[shape]

    answer = await exchange(server, sent)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert b"too large" in body


async def test_headers_within_bound_are_served(server) -> None:
    """Headers with a cookie of 15 KiB are accepted."""
    answer = await exchange(
        server, request(b"Connection: close\r\nCookie: a=" + b"x" * (15 << 10) + b"\r\n")
    )

    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_refused_connection_that_goes_on_sending_is_closed(server) -> None:
    """A refused connection that continues to send is closed, and its data is not kept.

    It is closed after a bound of bytes or seconds.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"x" * (20 << 10))
    assert await asyncio.wait_for(reader.read(), PATIENCE_S)

    await until(lambda: not server._http.lingering)
    with pytest.raises(OSError, match=r"Connection (reset|lost)|Broken pipe"):
        await flood(writer)


async def test_stop_closes_refused_connections(start_server) -> None:
    server = await start_server()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"x" * (20 << 10))
    await until(lambda: server._http.lingering)

    await server.stop()

    assert not server._http.lingering
    writer.close()


async def test_other_connections_are_served_meanwhile(server, api: Api) -> None:
    writers = []
    for _ in range(150):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"x" * (20 << 10))
        writers.append(writer)

    assert (await api.get("/healthz")).status == 200
    assert len(server._http.lingering) <= 100
    for writer in writers:
        writer.close()
    await until(lambda: not server._http.lingering)


async def test_connections_that_come_together_are_taken_over_several_turns(
    server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most four new connections are accepted in one turn of the event loop.

    All 40 requests are answered.
    """
    taken = list[int]()
    handle_stream = Listener.handle_stream

    with counted_turns() as turn:

        def noted(self: Listener, stream: IOStream, address: tuple[str, int]) -> None:
            taken.append(turn())
            handle_stream(self, stream, address)

        monkeypatch.setattr(Listener, "handle_stream", noted)
        sockets = connected(server.port, 40)
        for client in sockets:
            client.sendall(request(b"Connection: close\r\n"))
        answers = [await first_bytes(client) for client in sockets]

    assert max(Counter(taken).values()) <= 4
    assert all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers)
    for client in sockets:
        client.close()


async def test_requests_that_come_together_begin_over_several_turns(
    server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few sockets are read in one turn of the event loop, and at most four requests begin in it.

    While the server had no core, hundreds of connected clients sent a request.
    """
    begun, read = list[int](), list[int]()
    sockets = connected(server.port, 120)
    for client in sockets:
        client.sendall(request(b""))
        await first_bytes(client)
    find_handler, handle_read = Application.find_handler, IOStream._handle_read

    with counted_turns() as turn:

        def noted(self: Application, *arguments: Any, **options: Any) -> Any:
            begun.append(turn())
            return find_handler(self, *arguments, **options)

        def noted_read(self: IOStream) -> None:
            read.append(turn())
            handle_read(self)

        monkeypatch.setattr(Application, "find_handler", noted)
        monkeypatch.setattr(IOStream, "_handle_read", noted_read)
        for client in sockets:
            client.sendall(request(b""))
        answers = [await first_bytes(client) for client in sockets]

    assert len(begun) == len(read) == 120
    assert max(Counter(begun).values()) <= 4
    assert max(Counter(read).values()) <= 32
    assert all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers)
    for client in sockets:
        client.close()
