"""The two primitives of lib0's encoding, from which all bytes on the wire and in the log are made.

Not for frames (`y_protocol`) or updates (`update_parser`). The rules are those of lib0's
`encoding.js` and `decoding.js`. A varUint has seven bits in each byte, the lowest bits first, and
the top bit tells that another byte follows. A varByteArray is a varUint length and that many bytes.
An example: 300 is 0b10_0101100, so the bytes are ac (0101100 and "more") and 02.

See docs/design/wire.md.
"""

from crdt.errors import ProtocolError

MAX_SAFE_INTEGER = (1 << 53) - 1
"""The largest integer a Yjs client can send (JavaScript's `Number.MAX_SAFE_INTEGER`)."""

_MAX_SHIFT = 49
_ONE_BYTE = [bytes((value,)) for value in range(128)]


def write_var_uint(value: int) -> bytes:
    """Encode a non-negative integer."""
    if value < 128:
        return _ONE_BYTE[value]
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_var_bytes(data: bytes) -> bytes:
    """Encode a byte string with its length before it."""
    return write_var_uint(len(data)) + data


def read_var_uint(data: bytes, at: int) -> tuple[int, int]:
    """Read a varUint; return (value, next position).

    Raises ProtocolError if it has more than 53 bits. Raises IndexError if the data end inside it:
    callers read many integers in a row, and turn that into their own error once.
    """
    byte = data[at]
    at += 1
    # Most numbers are lengths, counts and small clocks of one byte, so this case comes first.
    if byte < 128:
        return byte, at
    value = byte & 127
    shift = 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        # This is checked in the loop, not after it. A frame of 256 kB of ff would make an integer
        # of 1.8 million bits, and each step would copy it. pycrdt's own decoder takes 7 s for that.
        if shift > _MAX_SHIFT:
            raise ProtocolError("integer of more than 53 bits")
    if value > MAX_SAFE_INTEGER:
        raise ProtocolError("integer of more than 53 bits")
    return value, at


def read_var_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a byte string; return (bytes, next position). Raises ProtocolError if it ends early."""
    length, at = read_var_uint(data, at)
    end = at + length
    if end > len(data):
        raise ProtocolError("byte string ends early")
    return data[at:end], end
