"""A WebSocket client that sends any frames, also invalid ones."""

import asyncio
import contextlib
import weakref

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError

_PATIENCE_S = 60.0
"""Seconds to wait for a message that is expected, also on a busy machine."""
SYNC_STEP1 = b"\x00\x00"
"""The first bytes of a message in which the server asks for the client's structs."""


def close_with(owner: object, socket: WebSocketClientConnection) -> None:
    """Close a socket and its stream once its owner is garbage-collected."""
    protocol = socket.protocol
    assert protocol is not None
    assert protocol.stream is not None
    weakref.finalize(owner, _close, socket, protocol.stream)


def _close(socket: WebSocketClientConnection, stream: IOStream) -> None:
    """Close a socket without waiting for the answer, which a client that does not read never sees.

    The socket of a failed test may be closed after its event loop.
    """
    with contextlib.suppress(RuntimeError, StreamClosedError, WebSocketClosedError):
        socket.close()
        stream.close()


class Wire:
    """A WebSocket without a Yjs client, for frames that no real client sends."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self.seen: list[bytes] = []
        close_with(self, socket)

    async def send(self, frame: bytes) -> None:
        await self._socket.write_message(frame, binary=True)

    async def send_text(self, text: str) -> None:
        await self._socket.write_message(text)

    async def receive(self, timeout_s: float = _PATIENCE_S) -> bytes | None:
        """Return the next message; None once the socket is closed."""
        async with asyncio.timeout(timeout_s):
            message = await self._socket.read_message()
        if message is None:
            return None
        self.seen.append(message if isinstance(message, bytes) else message.encode())
        return self.seen[-1]

    async def receive_until(self, prefix: bytes, timeout_s: float = _PATIENCE_S) -> bytes:
        """Return the next message that begins with `prefix`."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.receive(timeout_s)
                assert message is not None, (
                    f"closed with {self.close_code} while waiting for {prefix!r}"
                )
                if message.startswith(prefix):
                    return message

    async def until_closed(self, timeout_s: float = _PATIENCE_S) -> tuple[int | None, str]:
        """Read until the socket is closed; return (close code, reason)."""
        async with asyncio.timeout(timeout_s):
            while await self.receive(timeout_s) is not None:
                pass
        return self._socket.close_code, self._socket.close_reason or ""

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    def close(self) -> None:
        self._socket.close()
