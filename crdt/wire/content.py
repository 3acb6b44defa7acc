"""Reads the contents of structs inside an update: their lengths and ends.

The parser, which decides what may pass, uses this module. So does all code that cuts, merges and
compacts updates. The kinds are Yjs's content references (`Item.js`). All kinds that Yjs 13 writes
can be read.

See docs/design/wire.md.
"""

import json
import re
from dataclasses import dataclass
from typing import NoReturn

from crdt.errors import LimitExceeded, Rejected
from crdt.limits import MAX_NAME_BYTES, MAX_STRUCTS, MAX_VALUE_DEPTH
from crdt.wire.lib0 import read_var_uint

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
)
"""Kinds of content, with Yjs's numbers (`contentRefs` in `Item.js`).

In Yjs, GC and Skip are structs, not contents.
JSON was written before Yjs 13.0, and clients whose document is that old still send it.
DOC is a subdocument.
"""

_Y_XML_ELEMENT, XML_HOOK, _Y_XML_TEXT = 3, 5, 6
"""Kinds of shared types (Yjs's `YXmlElementRefID` and so on):
the two kinds that have a name, and the kind with the highest number."""

XML_TYPES = frozenset((_Y_XML_ELEMENT, XML_HOOK, _Y_XML_TEXT))
"""Kinds of shared types that occur only inside XML."""

_UNDEFINED, _NULL, _INTEGER, _FLOAT32, _FLOAT64, _BIGINT = 127, 126, 125, 124, 123, 122
_FALSE, _TRUE, _TEXT, _OBJECT, _ARRAY, _UINT8_ARRAY = 121, 120, 119, 118, 117, 116
"""Tags of lib0's `any` values (`readAny` in `decoding.js`)."""

_WITHOUT_BYTES = frozenset((_UNDEFINED, _NULL, _FALSE, _TRUE))
_FIXED_BYTES = {_FLOAT32: 4, _FLOAT64: 8, _BIGINT: 8}
_MAX_INTEGER_BYTES = 9
_SAFE_INTEGER_BYTES = 8
"""Bytes of the largest integer that Yjs reads, which is below 2⁵³. For a larger one it throws an
error, in every browser of the session."""
_USUAL_JSON = frozenset(("true", "null", "false", "{}", '""'))
"""The values of most formats, which are known to be JSON without reading them."""

_UNDEFINED_JSON = b"undefined"
"""Yjs writes this for `undefined`. It is not JSON."""

_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """Bounds on one update, as counts unless the name has a unit.

    is_strict  refuse content that no client sends; False accepts content that older releases may
               have stored
    """

    structs: int = MAX_STRUCTS
    any_depth: int = MAX_VALUE_DEPTH
    name_bytes: int = MAX_NAME_BYTES
    is_strict: bool = True


CLIENT_LIMITS = ScanLimits()
"""Limits for one update of a client."""

_UNBOUNDED = 1 << 40
STORED_LIMITS = ScanLimits(
    structs=_UNBOUNDED, any_depth=_UNBOUNDED,
    name_bytes=_UNBOUNDED, is_strict=False,
)  # fmt: skip
"""Limits for updates that this server has stored or admitted: they have passed `CLIENT_LIMITS`, or
those of an older release."""


class ContentReader:
    """Reads contents in one update, within limits; methods take and return positions."""

    __slots__ = ("_client_ids", "data", "limits")

    def __init__(self, data: bytes, limits: ScanLimits) -> None:
        self.data = data
        self.limits = limits
        self._client_ids: dict[bytes, int] = {}  # see `StructReader`

    def name(self, at: int) -> tuple[str, int]:
        """Read a name; return (name, next position).

        Raises LimitExceeded if it is too long, or Rejected.
        """
        length, at = read_var_uint(self.data, at)
        if length > self.limits.name_bytes:
            raise LimitExceeded(f"a name over {self.limits.name_bytes} bytes", "name_bytes")
        return self.text(at, at + length), at + length

    def text(self, at: int, end: int) -> str:
        """Return the text between two positions.

        Raises Rejected if it is not UTF-8, or if the update ends early.
        """
        if end > len(self.data):
            raise Rejected("update ends early")
        try:
            return self.data[at:end].decode()
        except UnicodeDecodeError:
            raise Rejected("text is not UTF-8") from None

    def content(self, at: int, kind: int) -> tuple[int, int]:
        """Skip a content of any kind but text; return (length in clock units, next position)."""
        data = self.data
        if kind == DELETED:
            return read_var_uint(data, at)
        if kind == ANY:
            count, at = read_var_uint(data, at)
            self._check_count(count, at)
            for _ in range(count):
                at = self.any_value(at)
            return count, at
        if kind == TYPE:
            type_ref, at = read_var_uint(data, at)
            if type_ref > _Y_XML_TEXT:
                raise Rejected("unsupported shared type")
            if type_ref in (_Y_XML_ELEMENT, XML_HOOK):
                _, at = self.name(at)
            return 1, at
        if kind == JSON:
            return self._json_values(at)
        if kind == DOC:
            _, at = self.name(at)
            if self.data[at] != _OBJECT:
                # For null, Yjs throws an error when it reads the update,
                # in every browser of the session.
                raise Rejected("options of a subdocument that are no object")
            return 1, self.any_value(at)
        if kind == FORMAT:
            _, at = self.name(at)
        elif kind not in (BINARY, EMBED):
            raise Rejected("unsupported content")
        return 1, self._blob(at, is_json=kind != BINARY)

    def _json_values(self, at: int) -> tuple[int, int]:
        count, at = read_var_uint(self.data, at)
        self._check_count(count, at)
        for _ in range(count):
            at = self.json_value(at)
        return count, at

    def json_value(self, at: int) -> int:
        """Skip one value of a JSON content: a JSON text, or `undefined`, which is not JSON."""
        size, begin = read_var_uint(self.data, at)
        end = begin + size
        return end if self.data[begin:end] == _UNDEFINED_JSON else self._blob(at, is_json=True)

    def _blob(self, at: int, *, is_json: bool) -> int:
        size, at = read_var_uint(self.data, at)
        end = at + size
        if end > len(self.data):
            raise Rejected("update ends early")
        if is_json and self.limits.is_strict:
            _check_json(self.text(at, end), self.limits.any_depth)
        return end

    def _check_count(self, values: int, at: int) -> None:
        """Raise Rejected if more values are declared than there are bytes.

        So no memory is reserved for values that do not exist.
        """
        if values > len(self.data) - at:
            raise Rejected("more values declared than bytes")

    def any_value(self, at: int) -> int:
        """Skip one lib0 `any` value without recursion."""
        data = self.data
        # The list has the containers around the present value, each with the number of values that
        # it still lacks. With recursion, a hundred thousand brackets would end the process. An
        # example: [1, {"a": 2}] opens an array with 2 values left. After 1 it has one left. Then an
        # object with one value opens. With 2 the object is full and closes, so the array has no
        # value left and closes, too.
        open_containers: list[list[int]] = []  # [values left, is it a map]
        while True:
            if open_containers and open_containers[-1][1]:
                at = self._blob(at, is_json=False)
            tag = data[at]
            at += 1
            if tag in (_ARRAY, _OBJECT):
                count, at = read_var_uint(data, at)
                self._check_count(count, at)
                if count:
                    if len(open_containers) >= self.limits.any_depth:
                        raise _too_deep(self.limits.any_depth)
                    open_containers.append([count, tag == _OBJECT])
                    continue
            else:
                at = self._scalar(at, tag)
            while open_containers:
                open_containers[-1][0] -= 1
                if open_containers[-1][0]:
                    break
                open_containers.pop()
            if not open_containers:
                return at

    def _scalar(self, at: int, tag: int) -> int:
        if tag in _WITHOUT_BYTES:
            return at
        if tag in (_TEXT, _UINT8_ARRAY):
            size, at = read_var_uint(self.data, at)
            if tag == _TEXT:
                self.text(at, at + size)
            end = at + size
        elif tag in _FIXED_BYTES:
            end = at + _FIXED_BYTES[tag]
        elif tag == _INTEGER:
            end = self._integer_end(at)
        else:
            raise Rejected("unknown kind of value")
        if end > len(self.data):
            raise Rejected("update ends early")
        return end

    def _integer_end(self, at: int) -> int:
        """Skip a varInt: the top bit of each byte tells whether another byte follows."""
        end = at + 1
        # Only the length matters here: the sign and the number are not used.
        while self.data[end - 1] > 127:
            end += 1
        if end - at > _MAX_INTEGER_BYTES:
            raise Rejected("integer too long")
        if end - at > _SAFE_INTEGER_BYTES and self.limits.is_strict:
            raise Rejected("integer that browsers cannot read")
        return end


def _check_json(text: str, limit: int) -> None:
    """Check that every browser can read an embedded JSON text, and bound its nesting.

    Raises LimitExceeded, or Rejected for text that `JSON.parse` refuses, even if Python's reader
    accepts it.
    """
    if text in _USUAL_JSON:
        return
    # Counting brackets is cheap, and enough for nearly all JSON: a text with few brackets cannot be
    # deep.
    if text.count("[") + text.count("{") > limit:
        _check_json_depth(text, limit)
    try:
        _decode_json(text)
    except ValueError:
        raise Rejected("embedded JSON that browsers cannot read") from None
    except RecursionError:
        raise _too_deep(limit) from None


def _refuse_constant(_: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError


# Python's reader accepts NaN and Infinity, which `JSON.parse` refuses. Also, it refuses integers
# with thousands of digits, which `JSON.parse` reads as doubles. Both are changed to work as in a
# browser.
_decode_json = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=float).decode
"""Reads JSON as a browser does; raises ValueError for text that a browser refuses."""


def _check_json_depth(text: str, limit: int) -> None:
    depth = 0
    for character in _JSON_STRING.sub("", text):
        if character in "[{":
            depth += 1
            if depth > limit:
                raise _too_deep(limit)
        elif character in "]}":
            depth -= 1


def _too_deep(limit: int) -> LimitExceeded:
    return LimitExceeded(f"a value over {limit} levels deep", "value_depth")
