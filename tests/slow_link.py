"""A TCP proxy that forwards the server's data at the rate of a slow link."""

import asyncio
import contextlib

_TICK_S = 0.05
_BUFFERED_BYTES = 64 << 10
"""Bytes that a modem and the kernel buffer on the way."""


class SlowLink:
    """Forwards `bytes_per_s` bytes a second to the client of each connection.

    Data in the other direction is forwarded without a limit.
    """

    def __init__(self, port: int, bytes_per_s: int) -> None:
        """Prepare a link to the server that has this port on this machine."""
        self._target = port
        self._bytes_per_tick = int(bytes_per_s * _TICK_S)
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "SlowLink":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(
            "127.0.0.1", self._target, limit=_BUFFERED_BYTES
        )
        forward = asyncio.create_task(_pass_on(reader, to_server))
        try:
            with contextlib.suppress(OSError):
                while data := await from_server.read(self._bytes_per_tick):
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(_TICK_S * len(data) / self._bytes_per_tick)
        finally:
            forward.cancel()
            writer.close()
            to_server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
