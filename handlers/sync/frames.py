"""Reads all WebSocket frames of a buffer, and makes frames to send (RFC 6455, section 5).

A client's frame is a head of 2 bytes, up to 8 more for a long length, 4 bytes of mask, and the
payload. Each byte of the payload was XORed with the next byte of the mask in turn. So no proxy
mistakes the payload for HTTP. An example, in hexadecimal:

    82            FIN (80) and binary (02): the whole message is in this frame
    83            masked (80), and 3 bytes of payload
    37 fa 21 3d   the mask
    37 fb 23      the payload, here 00 01 02: 37^37, fa^fb, 21^23

A message is one such frame or several frames, and control frames may come between these. All frames
of one read are parsed in one loop without calls, because a call in Python takes 50 ns or more.
Calls for each part of a frame would take longer than all other work for a message.
"""

from typing import NamedTuple

from tornado.util import _websocket_mask as unmask

from handlers.close_codes import MAX_REASON_BYTES, Close

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

_FINAL_BINARY = 0x82
_MASKED = 0x80
_MAX_CONTROL_BYTES = 125
_LEAST = {6: 0, 8: 126, 14: 1 << 16}
"""{bytes of a head with its mask: the shortest payload for such a head}.
Section 5.2 requires the shortest possible head."""
_CLOSE_CODES = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))
_SHORT = [bytes((_FINAL_BINARY, size)) for size in range(126)]


class FrameError(Exception):
    """The client broke the protocol; `close` is the reason for closing its connection."""

    def __init__(self, close: Close, message: str) -> None:
        super().__init__(message)
        self.close = close


class Control(NamedTuple):
    """A control frame or a text message. Editors send their data in binary messages."""

    opcode: int
    payload: bytes


Item = bytes | Control | FrameError


class FrameReader:
    """Turns arriving bytes into messages.

    The invariant: `_rest` has the pieces of one incomplete frame, and `_have` is their number of
    bytes. `_need` is the number of bytes that are needed to continue. The pieces are joined only
    when `_have` has reached `_need`. Joining them at each read would be slow: a frame of 1 MiB
    arrives in reads of 16 KiB, so it would be copied 64 times.

    fragments  frames so far that were only a part of a message; the caller resets it to 0
    """

    __slots__ = (
        "_fragments",
        "_have",
        "_max_bytes",
        "_need",
        "_parts",
        "_rest",
        "_size",
        "fragments",
    )

    def __init__(self, max_bytes: int) -> None:
        """max_bytes: most bytes of a whole message, which may come in several frames."""
        self.fragments = 0
        self._max_bytes = max_bytes
        self._rest: list[bytes] = []
        self._have = self._need = 0
        self._parts: list[bytes] | None = None
        self._size = 0

    def feed(self, data: bytes) -> list[Item]:
        """Return the messages and control frames that are complete now.

        After a FrameError, nothing follows.
        """
        if self._need:
            self._rest.append(data)
            self._have += len(data)
            if self._have < self._need:
                return []
            data = b"".join(self._rest)
            self._rest.clear()
        items: list[Item] = []
        at, size = 0, len(data)
        self._need = 0
        try:
            while size - at >= 2:
                length = data[at + 1] - _MASKED
                # The usual frame, a whole short message, is read here without a call. For a frame
                # without a mask, `length` is negative, and `_other` refuses the frame.
                if data[at] == _FINAL_BINARY and 0 <= length < 126 and self._parts is None:
                    start = at + 6
                    end = start + length
                    if end > size:
                        self._need = end - at
                        break
                    items.append(unmask(data[start - 4 : start], data[start:end]))
                else:
                    end = self._other(data, at, size, items)
                    if not end:
                        break
                at = end
        except FrameError as error:
            items.append(error)
            return items
        if at < size:
            self._rest.append(data[at:] if at else data)
            self._have = size - at
            # If the length itself is incomplete, at least one more byte is needed.
            self._need = max(self._need, self._have + 1)
        return items

    def release(self) -> bytes:
        """Forget everything, and return the bytes of the incomplete frame."""
        rest = b"".join(self._rest)
        self._rest.clear()
        self._have = self._need = self._size = 0
        self._parts = None
        return rest

    def _other(self, data: bytes, at: int, size: int, items: list[Item]) -> int:
        """Read a frame that is not a short whole message.

        Returns the position of its end, 0 if the frame is not complete yet.
        """
        opcode, is_final = data[at] & 15, data[at] >= 0x80
        self._check_head(data, at, opcode, is_final=is_final)
        length, start = length_at(data, at)
        self._need = max(start - at, 6)
        if start - 4 > size:
            return 0
        if opcode < CLOSE and length + self._size > self._max_bytes:
            raise FrameError(Close.TOO_BIG, "message too large")
        if length < _LEAST[start - at]:
            raise FrameError(Close.PROTOCOL_ERROR, "length in more bytes than it needs")
        end = start + length
        self._need = end - at
        if end > size:
            return 0
        self._need = 0
        payload = unmask(data[start - 4 : start], data[start:end])
        if opcode >= CLOSE or opcode == TEXT:
            items.append(Control(opcode, payload))
        elif is_final and self._parts is None:
            items.append(payload)
        else:
            self._gather(payload, items, is_final=is_final)
        return end

    def _check_head(self, data: bytes, at: int, opcode: int, *, is_final: bool) -> None:
        if data[at] & 0x70:
            raise FrameError(Close.PROTOCOL_ERROR, "reserved bits are set")
        if data[at + 1] < _MASKED:
            raise FrameError(Close.PROTOCOL_ERROR, "frame without a mask")
        if opcode >= CLOSE:
            if opcode > PONG or not is_final or data[at + 1] - _MASKED > _MAX_CONTROL_BYTES:
                raise FrameError(
                    Close.PROTOCOL_ERROR, "control frame that is unknown, too long or in parts"
                )
        elif opcode > BINARY:
            raise FrameError(Close.PROTOCOL_ERROR, "unknown kind of frame")
        elif (opcode == 0) == (self._parts is None):
            raise FrameError(Close.PROTOCOL_ERROR, "parts of messages out of order")

    def _gather(self, payload: bytes, items: list[Item], *, is_final: bool) -> None:
        self.fragments += 1
        if self._parts is None:
            self._parts = []
        if payload:
            self._parts.append(payload)
            self._size += len(payload)
        if is_final:
            items.append(b"".join(self._parts))
            self._parts = None
            self._size = 0


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """Return (length, start of the payload).

    If bytes of the length are still missing, only the start is right.
    """
    length = data[at + 1] - _MASKED
    if length < 126:
        return length, at + 6
    size = 2 if length == 126 else 8
    return int.from_bytes(data[at + 2 : at + 2 + size], "big"), at + 6 + size


def framed(message: bytes) -> bytes:
    """Return an unmasked, unfragmented binary frame."""
    size = len(message)
    return (_SHORT[size] if size < 126 else header(size)) + message


def header(size: int) -> bytes:
    """Return the header of a binary frame."""
    if size < 126:
        return _SHORT[size]
    if size < 1 << 16:
        return b"\x82\x7e" + size.to_bytes(2, "big")
    return b"\x82\x7f" + size.to_bytes(8, "big")


def control(opcode: int, payload: bytes = b"") -> bytes:
    """Return a control frame."""
    return bytes((0x80 | opcode, len(payload))) + payload


def close_payload(code: int, reason: str) -> bytes:
    """Return the payload of a close frame.

    A too long reason is cut, but never inside a character.
    """
    return (
        code.to_bytes(2, "big")
        + reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore").encode()
    )


def read_close(payload: bytes) -> int | None:
    """Return the code in a close frame, None if there is none.

    Raises FrameError for a forbidden code (section 7.4).
    """
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        raise FrameError(Close.PROTOCOL_ERROR, "impossible close code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(Close.NOT_UTF8, "close reason that is not UTF-8") from None
    return code
