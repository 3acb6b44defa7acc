"""Does the closing handshake of a WebSocket (RFC 6455, section 7).

Each side sends a close frame, and then the server ends the connection. All other bytes that the
client sends meanwhile are dropped.
"""

from asyncio import AbstractEventLoop, Transport

from handlers.sync import frames
from handlers.sync.frames import CLOSE

_PATIENCE_S = 5.0
"""Seconds in which a client must read all queued bytes and answer our close frame.
Otherwise the connection is cut."""
_MASKED = 0x80
_MAX_START_BYTES = 14 + 125
"""Most bytes of a close frame: the longest head of a frame, and the longest payload."""


class CloseFinder:
    """Finds a client's close frame in arriving bytes, and keeps only the start of one frame.

    It reads only the heads of frames, and skips their payloads, even if a payload comes in several
    reads. So a client that still sends a large document costs no memory while it is closed.
    """

    __slots__ = ("_rest", "_skip")

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0

    def finds(self, data: bytes) -> bool:
        """Take arriving bytes; return whether to stop looking.

        That is if there is a close frame, or bytes that no client may send.
        """
        data = self._rest + data
        at, size = self._skip, len(data)
        while at + 2 <= size:
            if data[at + 1] < _MASKED:
                return True
            length, start = frames.length_at(data, at)
            is_close = data[at] & 15 == CLOSE
            if start > size or (is_close and start + length > size):
                break
            if is_close:
                return True
            at = start + length
        self._skip = max(0, at - size)
        self._rest = data[at:][:_MAX_START_BYTES]
        return False


class CloseHandshake:
    """The close frames of one connection.

    client_code  the client's close code, None if it sent no code
    """

    __slots__ = ("_finder", "_loop", "_transport", "client_code")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.client_code: int | None = None
        self._finder: CloseFinder | None = None
        self._loop = loop
        self._transport: Transport | None = None

    def open(self, transport: Transport) -> None:
        """Note the transport of the connection that this object is going to close."""
        self._transport = transport

    def start(self, payload: bytes) -> None:
        """Send our close frame, and wait for the client's; cut the connection if none comes."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(frames.control(CLOSE, payload))
            self._transport.resume_reading()
            self._loop.call_later(_PATIENCE_S, self._transport.abort)

    def read(self, payload: bytes) -> bytes:
        """Read a client's close frame; return the payload for our answer, which is its code.

        Raises: FrameError.
        """
        self.client_code = frames.read_close(payload)
        return payload[:2]

    def finish(self) -> None:
        """End the connection, because both close frames were sent."""
        if self._transport:
            self._transport.close()

    def look_for_answer(self, data: bytes) -> None:
        """Look for the client's close frame in bytes that arrive after ours; drop all others."""
        if self._finder is None:
            self._finder = CloseFinder()
        if self._finder.finds(data):
            self.finish()

    def end_output(self) -> None:
        """End only our side, and continue reading.

        Closing with unread bytes sends a reset, which may reach the client before our frame.
        """
        if self._transport and not self._transport.is_closing():
            self._transport.write_eof()
