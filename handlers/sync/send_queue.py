"""What is on its way to one client: all frames of one turn of the event loop leave in one write."""

from asyncio import AbstractEventLoop, Transport
from collections.abc import Sequence

from handlers.sync import frames

LARGE_FRAME_BYTES = 16 << 10
"""A larger frame is written immediately, and may be on its way whatever the bound on queued bytes."""


class SendQueue:
    """Frames of this turn, and the bound on what the transport has not sent yet.

    has_sent  whether anything went out since somebody looked and reset it
    """

    __slots__ = ("_frames", "_is_open", "_is_raised", "_is_scheduled", "_loop", "_max_bytes", "_transport", "has_sent")

    _transport: Transport

    def __init__(self, loop: AbstractEventLoop, max_bytes: int) -> None:
        """max_bytes: more than this unsent, and the transport calls `pause_writing` of its protocol."""
        self.has_sent = True
        self._loop = loop
        self._max_bytes = max_bytes
        self._frames: list[bytes] = []
        self._is_open = self._is_raised = self._is_scheduled = False

    def start(self, transport: Transport) -> None:
        """Take frames from now on. Frames sent before are dropped."""
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
        """Write the messages of one large answer immediately; the bound is raised for them as for one large frame."""
        if not self._is_open:
            return
        for part in parts:
            self._frames += (frames.header(len(part)), part)
        self._raise_limit(sum(map(len, parts)))
        self.flush()

    def send_framed(self, data: bytes) -> None:
        """Send frames that have their headers, at the end of a turn."""
        if not self._is_open:
            return
        if self._frames:
            self._frames.append(data)
            return
        self.has_sent = True
        self._transport.write(data)

    def flush(self) -> None:
        """Write what is queued."""
        if self._frames and self._is_open:
            self.has_sent = True
            queued, self._frames = self._frames, []
            self._transport.writelines(queued)

    def end(self) -> None:
        """Write what is queued, and take nothing more."""
        self.flush()
        self._is_open = False

    def drop(self) -> None:
        """Forget what is queued: the client does not read it, or is gone."""
        self._frames.clear()

    def reset_limit(self) -> None:
        """Take the exception for a large frame back once that has left."""
        if self._is_raised and not self._transport.get_write_buffer_size():
            self._is_raised = False
            self._transport.set_write_buffer_limits(high=self._max_bytes)

    def _raise_limit(self, size: int) -> None:
        """Let one large frame through: a whole document may always be on its way."""
        if not self._is_raised:
            self._is_raised = True
            self._transport.set_write_buffer_limits(high=self._max_bytes + size)

    def _flush_turn(self) -> None:
        self._is_scheduled = False
        self.flush()
