"""A TCP proxy in front of a MongoDB-protocol server that fails on purpose."""

import asyncio
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

WRITES = {b"insert", b"update", b"delete", b"findAndModify"}
_HEADER_BYTES = 16
_NAME_AT = _HEADER_BYTES + 4 + 1 + 4 + 1
"""Flags, kind of section, length of the document, type of its first element:
then the command's name."""


class Proxy:
    """Passes messages on, until told otherwise.

    writes       how many write commands came through so far
    cut_at       the write command from which on everything is cut off
    is_late      that command still reaches the server, only its reply is lost
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
        """Stop listening and drop all connections.

        The port stays bound: a test that runs at the same time could take a free one,
        and `again` would fail.
        """
        if self._server:
            self._server.close()
            self._server = None
            self._held = _bound(self.port)
        self.cut()

    async def again(self) -> None:
        """Listen where it did before, and pass everything on."""
        self.cut_at, self.delay_s = None, 0.0
        self._passing.set()
        await self.listen()

    def hang(self, *, is_hanging: bool = True) -> None:
        """Let connections be, and pass nothing on."""
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
            if not self.is_cut and not self._held:  # accepted before `refuse`, begun after it
                await self._link(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._links.discard(task)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._port, limit=64 << 20)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, back, writer))
                both.create_task(self._backward(there, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            back.transport.abort()
            await asyncio.sleep(0)  # sockets close in the next turn

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
                        await asyncio.sleep(0.05)  # it is the server's reply that is lost
                    writer.transport.abort()
                    raise ConnectionAbortedError
            await self._pause()
            await _send(back, message)

    async def _backward(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            message = self.on_reply(await _message(there))
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
    """Return a socket that has the port (0: any) and does not listen: connections are refused."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", port))
    return place


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "little") - 4)


async def _send(writer: asyncio.StreamWriter, message: bytes) -> None:
    if writer.transport.is_closing():  # uvloop raises RuntimeError if one writes nevertheless
        raise ConnectionAbortedError
    writer.write(message)
    await writer.drain()
