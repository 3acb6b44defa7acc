"""Decodes the values inside items: those of maps, arrays, embeds and attributes.

JavaScript has values that JSON lacks: `as_json` returns a replacement for them. `js_text` writes a
value as JavaScript does.
"""

import base64
import json
import math
import struct
from decimal import Decimal
from typing import Any

from crdt.reading.items import as_text
from crdt.wire.content import ANY, BINARY, DOC, EMBED, JSON
from crdt.wire.lib0 import read_var_bytes, read_var_uint

MAX_DEPTH = 100
"""Levels of a value that are read. JSON parsers in Python and in browsers can read a few hundred
levels."""

UNDEFINED = object()
"""JavaScript's `undefined`."""

_MAX_SAFE = 1 << 53
_SIGN, _MORE_BITS = 0x40, 0x3F
_JS_EXPONENT_FROM = 21
_JS_LEADING_ZEROS = 6


class TooDeep(Exception):
    """A value has more levels than `MAX_DEPTH`."""


def decode(kind: int, content: bytes) -> list[Any]:
    """Return the values of a content, one for each of its clocks; raises TooDeep."""
    if kind == ANY:
        count, at = read_var_uint(content, 0)
        values = []
        for _ in range(count):
            value, at = _any(content, at, 0)
            values.append(value)
        return values
    if kind == JSON:
        count, at = read_var_uint(content, 0)
        values = []
        for _ in range(count):
            text, at = read_var_bytes(content, at)
            values.append(UNDEFINED if text == b"undefined" else read_json(text))
        return values
    if kind == BINARY:
        return [read_var_bytes(content, 0)[0]]
    if kind == EMBED:
        return [read_json(read_var_bytes(content, 0)[0])]
    if kind == DOC:
        return [{"guid": _text(read_var_bytes(content, 0)[0])}]
    return []


def decode_format(content: bytes) -> tuple[str, Any]:
    """Return (name, value) of a format; raises TooDeep."""
    name, at = read_var_bytes(content, 0)
    return _text(name), read_json(read_var_bytes(content, at)[0])


def read_json(text: bytes) -> Any:
    """Return the value of a JSON text; `UNDEFINED` if it is not JSON. Raises TooDeep."""
    try:
        return json.loads(text, parse_int=_integer)
    except ValueError:
        return UNDEFINED
    except RecursionError:
        raise TooDeep from None


def _integer(digits: str) -> int | float:
    """Return an integer as JavaScript reads it: as a double from 2^53 on.

    Python's `int` refuses thousands of digits, but `float` does not.
    """
    number = float(digits)
    return int(number) if abs(number) < _MAX_SAFE else number


def _any(data: bytes, at: int, depth: int) -> tuple[Any, int]:  # noqa: PLR0911  # a table, one row for each tag
    """Read a lib0 `any` value (`readAny` in `decoding.js`); return (value, next position)."""
    tag = data[at]
    at += 1
    if tag in _PLAIN:
        return _PLAIN[tag], at
    if tag in _PACKED:
        form, size = _PACKED[tag]
        return struct.unpack_from(form, data, at)[0], at + size
    if tag == 125:
        return _var_int(data, at)
    if tag == 119:
        raw, at = read_var_bytes(data, at)
        return _text(raw), at
    if tag == 116:
        return read_var_bytes(data, at)
    if depth >= MAX_DEPTH:
        raise TooDeep
    count, at = read_var_uint(data, at)
    if tag == 117:
        values = []
        for _ in range(count):
            value, at = _any(data, at, depth + 1)
            values.append(value)
        return values, at
    members = {}
    for _ in range(count):
        name, at = read_var_bytes(data, at)
        members[_text(name)], at = _any(data, at, depth + 1)
    return members, at


_PLAIN: dict[int, Any] = {127: UNDEFINED, 126: None, 121: False, 120: True}
_PACKED = {124: (">f", 4), 123: (">d", 8), 122: (">q", 8)}
"""Tags of values without bytes, and tags of numbers.
Further tags: 125 is an integer, 119 text, 118 an object, 117 an array, 116 bytes."""


def _var_int(data: bytes, at: int) -> tuple[int, int]:
    # lib0's varInt is not zigzag: the first byte has the sign in its second bit, and then six bits
    # of the number. An example: 41 is -1, and c0 01 is -64.
    byte = data[at]
    number, shift, is_negative = byte & _MORE_BITS, 6, byte & _SIGN
    while byte & 0x80:
        at += 1
        byte = data[at]
        number |= (byte & 0x7F) << shift
        shift += 7
    return -number if is_negative else number, at + 1


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def as_json(value: Any, depth: int = 0) -> Any:  # noqa: PLR0911  # a table, one row for each type
    """Return a JSON value for a JavaScript value; raises TooDeep.

    `undefined` is left out of objects and null elsewhere. NaN and infinity are null. Bytes are
    base64. Halves of characters are U+FFFD.
    """
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < _MAX_SAFE else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    # This is a BigInt. Browsers would round it if it was a JSON number.
    if isinstance(value, int) and abs(value) > _MAX_SAFE:
        return str(value)
    if isinstance(value, list | dict) and depth >= MAX_DEPTH:
        raise TooDeep
    if isinstance(value, list):
        return [as_json(member, depth + 1) for member in value]
    if isinstance(value, dict):
        return {
            as_text(k): as_json(member, depth + 1)
            for k, member in value.items()
            if member is not UNDEFINED
        }
    return None if value is UNDEFINED else value


def js_text(value: Any, depth: int = 0) -> str:  # noqa: PLR0911  # a table, one row for each type
    """Return the result of JavaScript's `String(value)`; raises TooDeep."""
    if isinstance(value, str):
        return as_text(value)
    # Words are compared by identity: in Python `True == 1`, so a look-up would write "true" for 1.
    for known, text in _WORDS:
        if value is known:
            return text
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _js_number(value)
    if isinstance(value, bytes):
        return ",".join(map(str, value))
    if isinstance(value, list):
        if depth >= MAX_DEPTH:
            raise TooDeep
        return ",".join(
            "" if member is None or member is UNDEFINED else js_text(member, depth + 1)
            for member in value
        )
    return "[object Object]"


_WORDS = ((None, "null"), (True, "true"), (False, "false"), (UNDEFINED, "undefined"))


def _js_number(number: float) -> str:
    """Write a number as `Number.prototype.toString` does.

    The result has the shortest digits, with exponents from 1e21 and 1e-7 on.
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    # `repr` gives the shortest digits that read back as this double, as in JavaScript. The position
    # of the point and the use of an exponent differ: 1e21 is "1e+21", and 1e20 has twenty-one
    # digits.
    _, digits, exponent = Decimal(repr(abs(number))).normalize().as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - for the type checker
    text, point = "".join(map(str, digits)), len(digits) + exponent
    sign = "-" if number < 0 else ""
    if number == 0:
        return "0"
    if len(text) <= point <= _JS_EXPONENT_FROM:
        return sign + text + "0" * (point - len(text))
    if 0 < point <= _JS_EXPONENT_FROM:
        return f"{sign}{text[:point]}.{text[point:]}"
    if -_JS_LEADING_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{sign}{text[0]}{fraction}e{point - 1:+d}"
