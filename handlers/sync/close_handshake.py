"""The end of a WebSocket (RFC 6455, section 7): each side sends a close frame, then the server ends the connection."""

from asyncio import AbstractEventLoop, Transport

from handlers.sync import frames
from handlers.sync.frames import CLOSE, Control, FrameError, Item

_PATIENCE_S = 5.0
"""For the client to answer our close frame, or to read what was queued before it."""


class CloseHandshake:
    """The close frames of one connection.

    client_code  what the client closed with, None if it sent no code
    """

    __slots__ = ("_loop", "_transport", "client_code")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.client_code: int | None = None
        self._loop = loop
        self._transport: Transport | None = None

    def open(self, transport: Transport) -> None:
        """Take the connection that is to be closed one day."""
        self._transport = transport

    def start(self, payload: bytes) -> None:
        """Send our close frame, and read on for the client's; cut the connection if none comes."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(frames.control(CLOSE, payload))
            self._transport.resume_reading()
            self._loop.call_later(_PATIENCE_S, self._transport.abort)

    def read(self, payload: bytes) -> bytes:
        """Return what to answer a client's close frame with: its code. Raises: FrameError."""
        self.client_code = frames.read_close(payload)
        return payload[:2]

    def finish(self) -> None:
        """End the connection: both close frames are there."""
        if self._transport:
            self._transport.close()

    def look_for_answer(self, items: list[Item]) -> None:
        """Look for the client's close frame behind our own; everything else is dropped."""
        for item in items:
            if isinstance(item, FrameError) or (isinstance(item, Control) and item.opcode == CLOSE):
                self.finish()
                return

    def end_output(self) -> None:
        """End our side only. The client's bytes must be read on: a reset would overtake the close frame."""
        if self._transport and not self._transport.is_closing():
            self._transport.write_eof()
