"""Inputs that broke pycrdt or a naive server, and the reaction of this server to each.

closed   the server closes the sender with 4400
limited  the server closes the sender with 4413, and the reason names the limit
slow     the same as `limited`, but after a second of work
asked    the update has a gap, so the server asks the sender for all its structs
partly   the server also asks, but it takes a part of the update
known    the document already has all of the update
taken    real Yjs clients also make such an update, and the pinned pycrdt integrates it
"""

from typing import NamedTuple

from crdt.wire.lib0 import write_var_bytes, write_var_uint

B3 = bytes.fromhex(
    "0301010004010474657874036162630102000401047465787403616263010300040104746578740361626300"
)
"""A document in which clients 1, 2 and 3 each wrote "abc" into the root "text"."""


class Hostile(NamedTuple):
    """An update that has broken a library, and the outcome that it must have in the server."""

    name: str
    base: bytes
    update: bytes
    outcome: str


def nested_arrays(depth: int) -> bytes:
    """Return an update with one array of nested arrays: 26,562 levels overflow the stack of yrs."""
    return (
        bytes.fromhex("010101000801047465787401")
        + bytes.fromhex("7501") * depth
        + bytes.fromhex("7e00")
    )


def nested_types(depth: int) -> bytes:
    """Return an update with nested shared types. The update also deletes the outermost type."""
    structs = [bytes.fromhex("0701047465787400")]
    structs += (b"\x07\x00\x01" + write_var_uint(clock) + b"\x00" for clock in range(depth - 1))
    return (
        b"\x01" + write_var_uint(depth) + b"\x01\x00" + b"".join(structs) + b"\x01\x01\x01\x00\x01"
    )  # fmt: skip


def wide_map(entries: int) -> bytes:
    """Return a map that declares far more entries than it has bytes for."""
    return (
        bytes.fromhex("010101000801047465787401")
        + b"\x76"
        + write_var_uint(entries)
        + b"\x00" * 1200
    )


def same_key(times: int) -> bytes:
    """Return an update that sets one map key many times, which takes quadratic time in yrs."""
    first = bytes.fromhex("2801036d6170016b017e")
    rest = b"".join(b"\xa8\x01" + write_var_uint(clock) + b"\x01\x7e" for clock in range(times - 1))
    return b"\x01" + write_var_uint(times) + b"\x01\x00" + first + rest + b"\x00"


def many_roots(count: int) -> bytes:
    """Return an update in which each struct has its own root type."""
    structs = b"".join(b"\x04\x01" + write_var_bytes(b"r%d" % n) + b"\x01x" for n in range(count))
    return b"\x01" + write_var_uint(count) + b"\x01\x00" + structs + b"\x00"


def conflicting_inserts(count: int) -> bytes:
    """Return an update with conflicting inserts, which take quadratic time in yrs.

    No insert has a left neighbour. The right neighbours are the characters of a text, one by one.
    """
    run = b"\x04\x01\x04text" + write_var_bytes(b"a" * count)
    inserts = b"".join(b"\x44\x02" + write_var_uint(k) + b"\x01x" for k in range(count))
    return b"\x02\x01\x02\x00" + run + write_var_uint(count) + b"\x01\x00" + inserts + b"\x00"


POISON = bytes.fromhex("010302020701016d0021000202016b0327010474657874016a03017000")
"""An update for the document `B3`. The server's scan accepts this update, but pycrdt refuses it.
The server must refuse it each time, not only once."""

_EMPTY = b""
_RECORDED = (
    ("endless read", B3, "01010200000000", "closed"),
    ("client twice", _EMPTY, "0201010004010474657874016101010004010474657874016100", "closed"),
    ("hang 1", _EMPTY, "01020100080103617272037e7e7e0701036d61700100", "taken"),
    ("hang 2", _EMPTY, "0101030028000103016b0375017e7d0577017a00", "asked"),
    ("hang 2", B3, "0101030028000103016b0375017e7d0577017a00", "known"),
    ("hang 3", _EMPTY, "01020400080103786d6c0277017a77017ac4030103000568656c6c6f00", "partly"),
    ("hang 3", B3, "01020400080103786d6c0277017a77017ac4030103000568656c6c6f00", "taken"),
    (
        "hang 4",
        B3,
        "01040105070103786d6c018404050262630701036d617002240103786d6c016b016100",
        "closed",
    ),
    ("hang 5", B3, "0102040728000302016b017d05470404060101010204", "partly"),
    ("hang 6", B3, "01010200880404037e7d057d0500", "known"),
    ("panic 1", B3, "0100010000", "closed"),
    ("panic 2", B3, "010102054801010000", "closed"),
    ("panic 3", B3, "010202fdffffff0f000087023c00010200", "closed"),
    ("panic 4", _EMPTY, "010107ffffffff0f0005010701008080808008", "closed"),
    ("not encodable 1", B3, "01010301000002030102000200", "closed"),
    ("not encodable 2", B3, "0101070200ffffffff0f00", "closed"),
    ("not encodable 3", B3, "010107010201036d617000046e756c6c00", "closed"),
    ("not encodable 4", B3, "0101030202010361727201046e756c6c010100", "closed"),
    ("half applied", B3, "01010700070003010900", "closed"),
    ("abort in old versions", _EMPTY, "000101ffffffff0f", "closed"),
    ("out of order", _EMPTY, "01010101c402020100016500", "asked"),
    ("half an emoji of nobody", _EMPTY, "000101010101", "asked"),
    ("empty", _EMPTY, "", "closed"),
    ("one byte", _EMPTY, "01", "closed"),
    ("bytes behind", _EMPTY, "000000", "closed"),
)

CORPUS: tuple[Hostile, ...] = (
    *(
        Hostile(name, base, bytes.fromhex(update), outcome)
        for name, base, update, outcome in _RECORDED
    ),
    Hostile("nested arrays", _EMPTY, nested_arrays(26_562), "limited"),
    Hostile("nested types", _EMPTY, nested_types(15_000), "limited"),
    Hostile("declared entries", _EMPTY, wide_map(1 << 20), "closed"),
    Hostile("one key many times", _EMPTY, same_key(20_000), "taken"),
    Hostile("conflicting inserts", _EMPTY, conflicting_inserts(12_000), "slow"),
    Hostile("partly known", B3, POISON, "closed"),
    Hostile("many roots", _EMPTY, many_roots(5_000), "limited"),
    Hostile("gap", _EMPTY, bytes.fromhex("010101058401040161" + "00"), "asked"),
)
"""Tests send all of these as updates over the socket. State vectors are in `STATE_VECTORS`."""

STATE_VECTORS = (
    bytes.fromhex("ffffff7f"),
    bytes.fromhex("ffffffff0f"),
    b"\xff" * 1000,
    bytes.fromhex("0101ffffffff0f"),
    bytes.fromhex("0201010101"),
    b"",
)
"""State vectors: four bytes that make pycrdt allocate half a gigabyte, and others that no client
sends."""
