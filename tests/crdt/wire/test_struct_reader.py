"""Tests of reading the headers of structs, and the lengths of their contents."""

import pytest

from crdt.errors import LimitExceeded, Rejected
from crdt.wire.content import ANY, CLIENT_LIMITS, DELETED, FORMAT, GC, SKIP, STORED_LIMITS, STRING
from crdt.wire.lib0 import write_var_uint
from crdt.wire.struct_id import MAX_CLOCK, NO_ID, pack_id
from crdt.wire.struct_reader import StructHeader, StructReader, utf_16_length

_LONG_CLIENT = 3_000_000_001
_LONG = write_var_uint(_LONG_CLIENT)


def header(struct: str) -> StructHeader:
    return StructReader(bytes.fromhex(struct), CLIENT_LIMITS).header(0)


@pytest.mark.parametrize(
    ("struct", "expected"),
    [
        ("84" + "0105", (STRING, pack_id(1, 5), NO_ID, None, 3, 0x80)),
        ("44" + "0105", (STRING, NO_ID, pack_id(1, 5), None, 3, 0x40)),
        ("c8" + "0105" + "0209", (ANY, pack_id(1, 5), pack_id(2, 9), None, 5, 0xC0)),
        ("a4" + "0105", (STRING, pack_id(1, 5), NO_ID, None, 3, 0xA0)),
        ("04" + "01" + "0174", (STRING, NO_ID, NO_ID, ("t", None), 4, 0)),
        ("28" + "01" + "0174" + "016b", (ANY, NO_ID, NO_ID, ("t", "k"), 6, 0x20)),
        ("01" + "00" + "0103", (DELETED, NO_ID, NO_ID, (pack_id(1, 3), None), 4, 0)),
        ("00" + "05", (GC, NO_ID, NO_ID, None, 1, 0)),
        ("20" + "05", (GC, NO_ID, NO_ID, None, 1, 0x20)),
        ("0a" + "05", (SKIP, NO_ID, NO_ID, None, 1, 0)),
    ],
)
def test_header_of_each_form_is_read(struct: str, expected: StructHeader) -> None:
    """A struct with an origin has no parent, and a GC or Skip has neither.

    A parentSub is written only with a parent.
    """
    assert header(struct) == expected
    kind, _, _, _, content, _ = expected
    assert StructReader(bytes.fromhex(struct), CLIENT_LIMITS).skip_header(0) == (kind, content)


def test_header_reads_repeated_long_client_ids() -> None:
    """A client id of five bytes is remembered. An id that begins with the same bytes differs."""
    other = write_var_uint(_LONG_CLIENT + (1 << 28))
    reader = StructReader(
        b"\xc4" + _LONG + b"\x01" + _LONG + b"\x81\x01" + b"\x84" + other + b"\x02", STORED_LIMITS
    )

    _, left, right, _, at, _ = reader.header(0)
    _, next_left, _, _, end, _ = reader.header(at)

    assert (left, right) == (pack_id(_LONG_CLIENT, 1), pack_id(_LONG_CLIENT, 129))
    assert next_left == pack_id(_LONG_CLIENT + (1 << 28), 2)
    assert end == len(reader.data)


@pytest.mark.parametrize(
    ("struct", "why"),
    [
        ("84" + "01" + "ffffffff07", "clock out of range"),
        ("04" + "02" + "0174", "kind of parent"),
        ("04" + "01" + "01ff", "UTF-8"),
    ],
)
def test_header_that_no_client_writes_is_refused(struct: str, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        header(struct)


def test_header_with_too_long_name_is_beyond_a_limit() -> None:
    with pytest.raises(LimitExceeded, match="name over 4096 bytes"):
        header("04" + "01" + "8120" + "61" * 4_097)


def test_header_at_largest_clock_is_read() -> None:
    """A packed id has room for the largest clock that is accepted, and not for more."""
    assert header("84" + "01" + "feffffff07")[1] == pack_id(1, MAX_CLOCK)


@pytest.mark.parametrize(
    ("kind", "content", "length"),
    [
        (GC, "05", 5),
        (DELETED, "05", 5),
        (STRING, "0161", 1),
        (STRING, "05" + "c3a9" + "e282ac", 2),
        (STRING, "04" + "f09f9880", 2),
        (ANY, "02" + "7e" + "79", 2),
        (FORMAT, "0162" + "0474727565", 1),
    ],
)
def test_struct_end_counts_clock_units(kind: int, content: str, length: int) -> None:
    """Text counts UTF-16 units, values count one each, and a format counts one.

    The returned position is the end of the content.
    """
    data = bytes.fromhex(content)

    assert StructReader(data, STORED_LIMITS).struct_end(0, kind) == (length, len(data))


@pytest.mark.parametrize("text", ["", "abc", "é€", "a😀b", "😀😀"])
def test_utf_16_length_is_that_of_the_encoding(text: str) -> None:
    assert utf_16_length(text) == len(text.encode("utf-16-le")) // 2
