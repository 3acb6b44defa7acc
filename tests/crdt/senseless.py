"""Keystrokes at random places, which no editor makes. They test the fast path and pycrdt."""

import random

from crdt.structs.struct_index import StructIndex
from crdt.wire.lib0 import write_var_uint


def senseless(source: random.Random, index: StructIndex) -> bytes:
    """Return a keystroke of client 2 or 3 at a random place."""

    def somewhere() -> bytes:
        client = source.choice(list(index.clocks))
        return write_var_uint(client) + write_var_uint(source.randrange(index.clocks[client]))

    if source.random() < 0.25:
        return b"\x00" + _range(source, index)
    client = source.choice((2, 3))
    origins = source.choice(
        (b"\x84" + somewhere(), b"\xc4" + somewhere() + somewhere(), b"\x44" + somewhere())
    )
    text = b"q" * source.randint(1, 3)
    head = b"\x01\x01" + write_var_uint(client) + write_var_uint(index.clocks[client])
    deleted = _range(source, index) if source.random() < 0.2 else b"\x00"
    return head + origins + bytes((len(text),)) + text + deleted


def _range(source: random.Random, index: StructIndex) -> bytes:
    client = source.choice(list(index.clocks))
    start = source.randrange(index.clocks[client])
    size = source.randint(1, min(4, index.clocks[client] - start))
    return b"\x01" + b"\x01".join(map(write_var_uint, (client, start))) + write_var_uint(size)
