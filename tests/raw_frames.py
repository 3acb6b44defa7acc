"""A WebSocket client that sends given bytes, even frames that no stock client sends."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.api import Api
from tests.waiting import PATIENCE_S

BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


def masked(payload: bytes, opcode: int = BINARY, *, is_final: bool = True, flags: int = 0) -> bytes:
    """Return a frame in the form that a client sends."""
    mask = b"\x37\xfa\x21\x3d"
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else (
        b"\xfe" + size.to_bytes(2, "big") if size < 1 << 16 else b"\xff" + size.to_bytes(8, "big")
    )  # fmt: skip
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes((0x80 * is_final | flags | opcode,)) + length + mask + body


class Raw:
    """A client that sends the given bytes unchanged."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *frames: bytes) -> None:
        self._writer.write(b"".join(frames))

    async def frame(self) -> tuple[int, bytes]:
        """Return (opcode, payload) of the next frame."""
        async with asyncio.timeout(PATIENCE_S):
            first, length = await self._reader.readexactly(2)
            assert first & 0x70 == 0
            assert length < 128, "a server does not mask"
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self._reader.readexactly(8), "big")
            return first & 15, await self._reader.readexactly(length)

    async def control(self, opcode: int) -> bytes:
        """Return the payload of the next control frame of a kind.

        Binary frames before it are skipped.
        """
        while True:
            kind, payload = await self.frame()
            if kind == opcode:
                return payload
            assert kind == 2, kind

    async def closed_with(self) -> int:
        """Return the code of the server's close frame. Assert that no data follows it."""
        code = int.from_bytes((await self.control(CLOSE))[:2], "big")
        self.send(masked(code.to_bytes(2, "big"), CLOSE))
        async with asyncio.timeout(PATIENCE_S):
            assert await self._reader.read() == b""
        return code

    async def ended(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self._reader.read(4_096):
                pass

    def half_close(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()


def handshake(session_id: str, token: str | None) -> bytes:
    """Return the request by which a client opens a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /sync/{session_id}?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: "
        "websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


@asynccontextmanager
async def connected(api: Api, session_id: str, *early: bytes) -> AsyncIterator[Raw]:
    """Shake hands, and send more frames after the request in the same packet."""
    port = int(api.socket_url.rpartition(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(handshake(session_id, api.token) + b"".join(early))
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        yield Raw(reader, writer)
    finally:
        writer.close()


async def open_connections(server) -> int:
    """Return the number of connections that a server counts."""
    return server.parts.services.connections.open
