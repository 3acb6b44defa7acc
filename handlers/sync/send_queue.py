"""Sends frames to one client. All frames of one turn of the event loop are one write."""

from asyncio import AbstractEventLoop, Transport
from collections.abc import Sequence

from handlers.sync import frames

LARGE_FRAME_BYTES = 16 << 10
"""A larger frame is written immediately. It raises the bound on unsent bytes until it is sent."""


class SendQueue:
    """The frames of this turn, and the bound on bytes that the transport has not sent yet.

    A system call and a TCP segment for each frame would cost more than the frame itself, so frames
    wait for the end of the turn. The bound protects the server's memory from a client that does not
    read. If more bytes are unsent, the connection is closed.

    The invariant: frames leave in the order of the calls, whichever method sent them. So a large
    frame is written together with all queued frames before it. If frames are queued, `send_framed`
    queues its frames too.

    A document may be larger than the bound, but the client must still get it. An example with a
    bound of 1 MiB: a frame of 5 MiB raises the bound to 6 MiB until the whole frame is sent. A
    second large frame during this time does not raise the bound again, so a client that does not
    read is closed at 6 MiB.

    has_sent  whether any bytes were sent since the last check; the reader resets it
    """

    __slots__ = (
        "_frames",
        "_is_open",
        "_is_raised",
        "_is_scheduled",
        "_loop",
        "_max_bytes",
        "_transport",
        "has_sent",
    )

    _transport: Transport

    def __init__(self, loop: AbstractEventLoop, max_bytes: int) -> None:
        """max_bytes: with more unsent bytes, the transport calls the protocol's `pause_writing`."""
        self.has_sent = True
        self._loop = loop
        self._max_bytes = max_bytes
        self._frames: list[bytes] = []
        self._is_open = self._is_raised = self._is_scheduled = False

    def start(self, transport: Transport) -> None:
        """Accept frames from now on. Frames before this call were dropped."""
        self._transport = transport
        self._is_open = True
        transport.set_write_buffer_limits(high=self._max_bytes)

    def send(self, frame: bytes) -> None:
        """Queue one message for the end of this turn."""
        if not self._is_open:
            return
        size = len(frame)
        self._frames += (frames.header(size), frame)
        if size > LARGE_FRAME_BYTES:
            self._raise_limit(size)
            self.flush()
        elif not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush_turn)

    def send_parts(self, parts: Sequence[bytes]) -> None:
        """Write the messages of one large answer immediately.

        They raise the bound like one large frame.
        """
        if not self._is_open:
            return
        for part in parts:
            self._frames += (frames.header(len(part)), part)
        self._raise_limit(sum(map(len, parts)))
        self.flush()

    def send_framed(self, data: bytes) -> None:
        """Send frames that already have headers.

        It is called at the end of a turn, so the frames are written directly.
        """
        if not self._is_open:
            return
        if self._is_scheduled:
            self._frames.append(data)
            return
        self.has_sent = True
        self._transport.write(data)

    def flush(self) -> None:
        """Write all queued frames."""
        if self._frames and self._is_open:
            self.has_sent = True
            queued, self._frames = self._frames, []
            self._transport.writelines(queued)

    def end(self) -> None:
        """Write all queued frames, and accept no more frames."""
        self.flush()
        self._is_open = False

    def drop(self) -> None:
        """Drop all queued frames, because the client does not read or is gone."""
        self._frames.clear()

    def reset_limit(self) -> None:
        """Lower the bound again if the large frame that raised it is sent."""
        if self._is_raised and not self._transport.get_write_buffer_size():
            self._is_raised = False
            self._transport.set_write_buffer_limits(high=self._max_bytes)

    def _raise_limit(self, size: int) -> None:
        """Raise the bound by the size of one large frame, unless it is raised already."""
        if not self._is_raised:
            self._is_raised = True
            self._transport.set_write_buffer_limits(high=self._max_bytes + size)

    def _flush_turn(self) -> None:
        self._is_scheduled = False
        self.flush()
