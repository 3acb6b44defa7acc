"""Mutations of bytes. They change varints without knowing their meaning."""

from random import Random

from crdt.wire.lib0 import MAX_SAFE_INTEGER, write_var_uint

ODD_NUMBERS = (0, 1, 2, 127, 128, (1 << 31) - 3, (1 << 31) - 2, 1 << 31, 1 << 32, MAX_SAFE_INTEGER)

_ODD_BYTES = (0, 1, 2, 127, 128, 255)
_BAD_VARINTS = (b"\xff" * 8 + b"\x01", b"\x80\x00", b"\xff" * 12 + b"\x01", b"\xff" * 40)


def mutated(source: Random, data: bytes) -> bytes:
    """Return the bytes with one to four changes."""
    out = bytearray(data)
    for _ in range(source.choice((1, 1, 1, 2, 3, 4))):
        _change(source, out)
    return bytes(out)


def _change(source: Random, out: bytearray) -> None:
    at = source.randrange(len(out) + 1)
    end = at + source.choice((1, 1, 2, 5))
    match source.randrange(9):
        case 0:
            out[at:end] = bytes((source.randrange(256),))
        case 1:
            out[at : at + 1] = bytes((source.choice(_ODD_BYTES),))
        case 2:
            out[at:at] = source.randbytes(source.choice((1, 2, 9)))
        case 3:
            del out[at:end]
        case 4:
            del out[at:]
        case 5:
            out += source.randbytes(source.choice((1, 1, 30)))
        case 6:
            out[at:at] = out[at:end] * source.choice((1, 2, 40))
        case 7 if at < len(out):
            out[at] ^= 1 << source.randrange(8)
        case _:
            varint = source.choice((*map(write_var_uint, ODD_NUMBERS), *_BAD_VARINTS))
            out[at : at + source.choice((0, 1, 1, 5))] = varint
