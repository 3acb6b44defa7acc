"""Tests of comparing two encodings: do they have the same content?"""

import json

import pytest

from crdt.structs.same_content import is_same_text, is_same_value
from crdt.wire.content import ANY, BINARY, EMBED, JSON


def units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def as_json(value: object) -> bytes:
    """Return a value as the bytes of content of the kind EMBED."""
    text = json.dumps(value).encode()
    assert len(text) < 128
    return bytes([len(text)]) + text


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("abc", "abcd", False),
        ("a\ufffdc", "a\ud83dc", True),
        ("secret", "██████", True),
        ("secret", "███", False),
    ],
)
def test_text_agrees_except_for_replaced_characters(ours: str, theirs: str, is_same: bool) -> None:
    assert is_same_text(units(ours), units(theirs)) is is_same
    assert is_same_text(units(theirs), units(ours)) is is_same


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ([1, 2], [1, 2, 3], False),
        (-0.0, 0, True),
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        (None, 0, False),
    ],
)
def test_values_are_compared_as_values(ours: object, theirs: object, is_same: bool) -> None:
    assert is_same_value(EMBED, as_json(ours), as_json(theirs)) is is_same


def test_integer_beyond_all_doubles_is_infinite_as_in_javascript() -> None:
    """A client's JSON may have an integer of any length."""
    huge = bytes([100]) + b"9" * 100
    beyond = b"\x90\x03" + b"9" * 400
    assert is_same_value(EMBED, huge, bytes([6]) + b"1e+100")
    assert is_same_value(EMBED, beyond, bytes([5]) + b"1e999")
    assert not is_same_value(EMBED, beyond, bytes([3]) + b"1.5")


def test_content_with_one_encoding_is_compared_by_its_bytes() -> None:
    assert is_same_value(BINARY, b"\x01a", b"\x01a")
    assert not is_same_value(BINARY, b"\x01a", b"\x01b")


def test_undefined_is_the_same_as_null() -> None:
    """Clients that use yrs write null for both."""
    assert is_same_value(ANY, b"\x7f", b"\x7e")
    assert is_same_value(JSON, b"\x09undefined", b"\x04null")
