"""A TCP proxy in front of a MongoDB-protocol server. Tests make it fail on purpose."""

import asyncio
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

WRITES = {b"insert", b"update", b"delete", b"findAndModify"}
_HEADER_BYTES = 16
_NAME_AT = _HEADER_BYTES + 4 + 1 + 4 + 1
"""The offset of the command's name. It follows the flags, the kind of section,
the length of the document, and the type of its first element."""


class Proxy:
    """Forwards messages until a test tells it to fail.

    writes    number of write commands that have arrived so far cut_at number of the write command
              at which the proxy begins to cut all connections
    is_late   whether that command still reaches the server, so that only its reply is lost
    """

    def __init__(self, target: str) -> None:
        place = urlsplit(target)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 27_017
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.writes = 0
        self.cut_at: int | None = None
        self.is_late = False
        self._passing = asyncio.Event()
        self._passing.set()
        self.delay_s = 0.0
        self.on_reply: Callable[[bytes], bytes | None] = lambda reply: reply

    @classmethod
    async def start(cls, target: str) -> "Proxy":
        proxy = cls(target)
        await proxy.listen()
        return proxy

    async def listen(self) -> None:
        place = self._held or _bound(0)
        self._held = None
        self.port = place.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=place)

    async def refuse(self) -> None:
        """Stop listening, and drop all connections.

        The port stays bound. Otherwise another test could take it, and `again` would fail.
        """
        if self._server:
            self._server.close()
            self._server = None
            self._held = _bound(self.port)
        self.cut()

    async def again(self) -> None:
        """Listen on the same port again, and forward everything."""
        self.cut_at, self.delay_s = None, 0.0
        self._passing.set()
        await self.listen()

    def hang(self, *, is_hanging: bool = True) -> None:
        """Keep the connections open, but forward nothing."""
        if is_hanging:
            self._passing.clear()
        else:
            self._passing.set()

    def cut(self) -> None:
        """Drop all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        self._passing.set()
        await self.refuse()
        if self._held:
            self._held.close()
        while self._links:
            await asyncio.wait(self._links)

    @property
    def is_cut(self) -> bool:
        return self.cut_at is not None and self.writes >= self.cut_at

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._links.add(task)
        self._writers.add(writer)
        try:
            if not self.is_cut and not self._held:  # `refuse` may have been called meanwhile
                await self._link(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._links.discard(task)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, back = await asyncio.open_connection(self._host, self._port, limit=64 << 20)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, back, writer))
                both.create_task(self._backward(upstream, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            back.transport.abort()
            await asyncio.sleep(0)  # sockets close in the next turn of the event loop

    async def _forward(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            message = await _message(reader)
            if message[_NAME_AT:].split(b"\0", 1)[0] in WRITES:
                self.writes += 1
                if self.is_cut:
                    if self.is_late and self.writes == self.cut_at:
                        await _send(back, message)
                        await asyncio.sleep(0.05)  # only the server's reply is lost
                    writer.transport.abort()
                    raise ConnectionAbortedError
            await self._pause()
            await _send(back, message)

    async def _backward(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            message = self.on_reply(await _message(upstream))
            if self.is_cut or message is None:
                writer.transport.abort()
                raise ConnectionAbortedError
            await self._pause()
            await _send(writer, message)

    async def _pause(self) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        await self._passing.wait()


def _bound(port: int) -> socket.socket:
    """Return a socket that is bound to the port (0: any) but does not listen.

    Connections to it are refused.
    """
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", port))
    return place


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "little") - 4)


async def _send(writer: asyncio.StreamWriter, message: bytes) -> None:
    if writer.transport.is_closing():  # uvloop would raise RuntimeError
        raise ConnectionAbortedError
    writer.write(message)
    await writer.drain()
