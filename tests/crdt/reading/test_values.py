"""Tests of reading the values of applications, as values of Python and of JSON."""

import json
from typing import Any

import pytest

from crdt.reading import values
from crdt.reading.values import UNDEFINED, TooDeep, as_json, decode, js_text
from crdt.wire.content import ANY, BINARY, DOC, EMBED, JSON
from crdt.wire.lib0 import write_var_bytes


def of_json(*texts: bytes) -> bytes:
    return bytes((len(texts),)) + b"".join(map(write_var_bytes, texts))


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (ANY, b"\x04\x7f\x7e\x78\x79", [UNDEFINED, None, True, False]),
        (ANY, b"\x01\x7d\x41", [-1]),
        (ANY, b"\x01\x7a\xff\xff\xff\xff\xff\xff\xff\xfe", [-2]),
        (ANY, b"\x01\x76\x01\x01k\x75\x01\x77\x02hi", [{"k": ["hi"]}]),
        (JSON, of_json(b"undefined", b'{"a": 1}'), [UNDEFINED, {"a": 1}]),
        (JSON, of_json(b"1" + b"0" * 5_000), [float("inf")]),
        (BINARY, b"\x02\x00\xff", [b"\x00\xff"]),
        (EMBED, write_var_bytes(b'{"image": "x"}'), [{"image": "x"}]),
        (DOC, b"\x04guid\x7e", [{"guid": "guid"}]),
    ],
)
def test_content_is_decoded(kind: int, content: bytes, expected: list[Any]) -> None:
    """Content has one value for each clock unit."""
    assert decode(kind, content) == expected


@pytest.mark.parametrize(
    "content",
    [b"\x01" + b"\x75\x01" * 600 + b"\x7e", b"\x01" + b"\x76\x01\x01k" * 600 + b"\x7e"],
    ids=["array", "object"],
)
def test_value_of_too_many_levels_is_not_decoded(content: bytes) -> None:
    """A value with too many levels raises TooDeep instead of overflowing Python's stack."""
    with pytest.raises(TooDeep):
        decode(ANY, content)
    with pytest.raises(TooDeep):
        as_json(values.read_json(b"[" * 200 + b"]" * 200))
    with pytest.raises(TooDeep):
        values.read_json(b"[" * 200_000 + b"]" * 200_000)
    with pytest.raises(TooDeep):
        js_text(values.read_json(b"[" * 200 + b"]" * 200))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (123456789012.0, 123456789012),
        (1e300, 1e300),
        (1 << 60, str(1 << 60)),
        (b"\x00\xff", "AP8="),
        ("\ud800x", "\ufffdx"),
        ([UNDEFINED, {"a": UNDEFINED, "b": 1}], [None, {"b": 1}]),
    ],
)
def test_values_that_json_lacks_become_json(value: Any, expected: Any) -> None:
    """Values that JSON lacks become JSON values, so every answer can be encoded in UTF-8."""
    assert as_json(value) == expected
    json.dumps(as_json(value), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"), (None, "null"), (UNDEFINED, "undefined"), (5, "5"), (0.5, "0.5"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"), (1e-7, "1e-7"), (0.000001, "0.000001"),
        (-1.5e-9, "-1.5e-9"), (-0.0, "0"), (float("inf"), "Infinity"), ([1, None, "x"], "1,,x"),
        ({"a": 1}, "[object Object]"), (b"\x01\xff", "1,255"),
    ],
)  # fmt: skip
def test_value_as_text_is_that_of_javascript(value: Any, expected: str) -> None:
    """The text is the result of `String(value)`, which XML attributes get."""
    assert js_text(value) == expected
