"""A transport and a receiver that keep lists, to test one socket without a real connection."""

import asyncio
from collections.abc import Callable
from typing import Any

from handlers.connections import Connections, SocketLimits
from handlers.sync.send_queue import SendQueue
from handlers.sync.websocket import WebSocket

ENDLESS = SocketLimits(updates_per_s=1e9, updates_burst=1e9, bytes_per_s=1 << 40)
USUAL = b"\x00\x02"


class FakeTransport(asyncio.Transport):
    """Keeps the written bytes, and the calls that the socket made."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.high = 0
        self.queued = 0
        self._is_reading = False
        self.is_aborted = self.has_ended = self.is_closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.written.append(b"".join(list_of_data))

    def write_eof(self) -> None:
        self.has_ended = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high or 0

    def get_write_buffer_size(self) -> int:
        return self.queued

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True

    def is_reading(self) -> bool:
        return self._is_reading

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = self.is_closed = True

    def take(self) -> bytes:
        """Return the bytes that were written since the last call."""
        written, self.written = b"".join(self.written), []
        return written


class FakeReceiver:
    """Keeps messages. A message that begins with `?` costs 10, and any other costs 0.25.

    work_s  the seconds that the receiver spends on a message, by the clock of `websocket`
    """

    usual_start = USUAL

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.large: list[bytes] = []
        self.gone_with: list[int | None] = []
        self.slowed_s: list[float] = []
        self.work_s = 0.0
        self.now = 0.0

    def cost(self, message: bytes) -> float:
        return 10 if message.startswith(b"?") else 0.25

    def receive(self, message: bytes) -> None:
        self.now += self.work_s
        self.received.append(message)

    async def receive_large(self, message: bytes, worked: Callable[[float], object]) -> None:
        await asyncio.sleep(0)
        self.large.append(message)
        worked(self.work_s)

    def slowed(self, seconds: float) -> None:
        self.slowed_s.append(seconds)

    def gone(self, code: int | None) -> None:
        self.gone_with.append(code)


class Scene:
    """One socket between a fake transport and a fake receiver. Make it inside the event loop."""

    def __init__(self, limits: SocketLimits = ENDLESS, *, is_open: bool = True) -> None:
        self.connections = Connections(limits)
        self.receiver = FakeReceiver()
        self.transport = FakeTransport()
        loop = asyncio.get_running_loop()
        queue = SendQueue(loop, limits.queued_bytes)
        self.socket = WebSocket(self.connections, loop, self.receiver, queue)
        self.socket.connection_made(self.transport)
        if is_open:
            self.socket.go_on()


async def turn() -> None:
    """Let the event loop run everything that needs no time."""
    for _ in range(10):
        await asyncio.sleep(0)
