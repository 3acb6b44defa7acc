"""Tests of lib0's primitive types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.errors import ProtocolError
from crdt.wire.lib0 import (
    MAX_SAFE_INTEGER,
    read_var_bytes,
    read_var_uint,
    write_var_bytes,
    write_var_uint,
)


@given(st.integers(0, MAX_SAFE_INTEGER))
def test_integer_decodes_to_what_was_encoded(value: int) -> None:
    """Every integer that JavaScript can send is read back unchanged."""
    encoded = write_var_uint(value)

    assert read_var_uint(encoded, 0) == (value, len(encoded))


def test_integer_has_bytes_of_lib0() -> None:
    """The bytes of 300 are ac 02, as in lib0."""
    assert write_var_uint(300) == bytes.fromhex("ac02")
    assert read_var_uint(bytes.fromhex("00ac02"), 1) == (300, 3)


@pytest.mark.parametrize(
    "data", ["ffffffffffffff1f", "ffffffffffffffff01", "ff" * 1000], ids=lambda data: data[:20]
)
def test_integer_beyond_53_bits_is_refused(data: str) -> None:
    """An integer above 53 bits is refused, at a cost that does not grow with its length."""
    with pytest.raises(ProtocolError, match="53 bits"):
        read_var_uint(bytes.fromhex(data), 0)


def test_integer_or_byte_string_cut_short_is_refused() -> None:
    """An integer that ends early raises IndexError, and a byte string raises ProtocolError."""
    with pytest.raises(IndexError):
        read_var_uint(b"\x80", 0)
    with pytest.raises(ProtocolError, match="ends early"):
        read_var_bytes(b"\x05abc", 0)


@given(st.binary())
def test_byte_string_decodes_to_what_was_encoded(data: bytes) -> None:
    """Every byte string is read back unchanged."""
    encoded = write_var_bytes(data)

    assert read_var_bytes(encoded, 0) == (data, len(encoded))
