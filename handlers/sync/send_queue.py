"""Frames on their way to one client: all frames of one turn of the event loop are one write."""

from asyncio import AbstractEventLoop, Transport
from collections.abc import Sequence

from handlers.sync import frames

LARGE_FRAME_BYTES = 16 << 10
"""A larger frame is written immediately, and raises the bound on queued bytes until it has left."""


class SendQueue:
    """The frames of this turn, and the bound on bytes that the transport has not sent yet.

    A system call and a TCP segment for each frame would cost more than the frame itself, so frames
    wait for the end of the turn. The bound protects the server's memory from a client that does not
    read: beyond it, the connection ends.

    The invariant: frames leave in the order in which they were sent, whichever method sent them. So
    a large frame takes the frames before it along, and frames of `send_framed` go after those that
    are queued.

    A document may be larger than the bound, and yet the client must get it. An example with a bound
    of 1 MiB: a frame of 5 MiB raises the bound to 6 MiB until all of it has left. A second large
    frame meanwhile raises it no further, so a client that does not read is closed at 6 MiB.

    has_sent  whether anything went out since the last look; the reader resets it
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
        """max_bytes: the transport calls `pause_writing` of its protocol if more are unsent."""
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
        """Write the messages of one large answer immediately;
        the bound is raised for them as for one large frame.
        """
        if not self._is_open:
            return
        for part in parts:
            self._frames += (frames.header(len(part)), part)
        self._raise_limit(sum(map(len, parts)))
        self.flush()

    def send_framed(self, data: bytes) -> None:
        """Send frames that have their headers already;
        called at the end of a turn, so they are written directly.
        """
        if not self._is_open:
            return
        if self._is_scheduled:
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
        """Lower the bound again once a large frame has left."""
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
