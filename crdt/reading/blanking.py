"""Replaces a text in updates by blocks. The structs stay, with equal ids and lengths.

Text in strings of items is replaced unit by unit. Applications also put values into maps, arrays,
embeds, formats and attributes. There the text is replaced in each string of a value, and in the
keys of its objects.

An example: "my key: 42" of client 5 becomes "my key: ██" if the clocks 8 and 9 are named. Its
length is still ten units, so text that was typed after clock 9 still finds its neighbour.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from crdt.reading.items import as_text, units
from crdt.wire.content import (
    ANY,
    EMBED,
    FORMAT,
    GC,
    JSON,
    SKIP,
    STORED_LIMITS,
    STRING,
    ContentReader,
)
from crdt.wire.lib0 import read_var_bytes, read_var_uint, write_var_bytes
from crdt.wire.struct_id import client_of, clock_of, pack_id
from crdt.wire.struct_reader import StructReader, utf_16_length

BLOCK = "\u2588"

VALUE_KINDS = frozenset((ANY, JSON, EMBED, FORMAT))
"""Kinds of content that contain strings of applications."""

_ARRAY, _OBJECT, _TEXT = 117, 118, 119
"""Tags of lib0's `any` values."""

_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def blank(update: bytes, ids: Mapping[int, Sequence[int]], text: str) -> bytes:
    """Return an equal update with blocks for units of text, and for `text` in values.

    ids  {client: clocks, in order} of the units and values to change
    """
    return _Blanker(update, ids, Secret(text)).run()


class Secret:
    """A text that may occur inside values."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._blocks = BLOCK * utf_16_length(text)
        self._raw, self._raw_blocks = text.encode(), self._blocks.encode()

    def held(self, kind: int, content: bytes) -> list[int]:
        """Return the indexes of the values in a content that have the text in a string."""
        # A text inside an `any` value is plain UTF-8, so a search in the bytes rules out nearly all
        # contents. JSON may write any character as an escape, so its strings are decoded.
        if kind not in VALUE_KINDS or (kind == ANY and self._raw not in content):
            return []
        values = _values(kind, content)
        return [index for index, value in enumerate(values) if self._blanked(kind, value) != value]

    def blank(self, kind: int, content: bytes) -> bytes:
        """Return the content with blocks for the text."""
        head, at = b"", 0
        if kind in (ANY, JSON):
            _, at = read_var_uint(content, 0)
            head = content[:at]
        return head + b"".join(self._blanked(kind, value) for value in _values(kind, content))

    def _blanked(self, kind: int, value: bytes) -> bytes:
        if kind == ANY:
            return self._blanked_any(value)
        at = read_var_bytes(value, 0)[1] if kind == FORMAT else 0
        return value[:at] + write_var_bytes(
            _JSON_STRING.sub(self._blanked_json, read_var_bytes(value, at)[0])
        )

    def _blanked_json(self, match: re.Match[bytes]) -> bytes:
        try:
            string = json.loads(match[0])
        except ValueError:
            return match[0]
        return (
            json.dumps(string.replace(self._text, self._blocks)).encode()
            if self._text in string
            else match[0]
        )

    def _blanked_any(self, value: bytes) -> bytes:
        """Return one lib0 `any` value with blocks for the text."""
        reader = ContentReader(value, STORED_LIMITS)
        out: list[bytes] = []
        # This works as `ContentReader.any_value`, but without recursion, because stored values may
        # have any depth.
        containers: list[list[int]] = []  # [values left, is it an object]
        at = 0
        while at < len(value):
            # Inside an object each value has a name before it, which may also be the pasted text.
            if containers and containers[-1][1]:
                name, at = read_var_bytes(value, at)
                out.append(self._replaced(name))
            start, tag = at, value[at]
            if tag in (_ARRAY, _OBJECT):
                count, at = read_var_uint(value, at + 1)
                out.append(value[start:at])
                if count:
                    containers.append([count, tag == _OBJECT])
                    continue
            elif tag == _TEXT:
                string, at = read_var_bytes(value, at + 1)
                out += (value[start : start + 1], self._replaced(string))
            else:
                at = reader.any_value(at)
                out.append(value[start:at])
            while containers:
                containers[-1][0] -= 1
                if containers[-1][0]:
                    break
                containers.pop()
        return b"".join(out)

    def _replaced(self, string: bytes) -> bytes:
        return write_var_bytes(string.replace(self._raw, self._raw_blocks))


def _values(kind: int, content: bytes) -> list[bytes]:
    """Return the bytes of each value of a content."""
    if kind not in (ANY, JSON):
        return [content]
    reader = ContentReader(content, STORED_LIMITS)
    count, at = read_var_uint(content, 0)
    values = []
    for _ in range(count):
        end = reader.any_value(at) if kind == ANY else read_var_bytes(content, at)[1]
        values.append(content[at:end])
        at = end
    return values


class _Blanker(StructReader):
    """Replaces text by blocks in one pass over one update."""

    __slots__ = ("_ids", "_secret")

    def __init__(self, update: bytes, ids: Mapping[int, Sequence[int]], secret: Secret) -> None:
        super().__init__(update, STORED_LIMITS)
        self._ids = ids
        self._secret = secret

    def run(self) -> bytes:
        sections, at = read_var_uint(self.data, 0)
        parts = [self.data[:at]]
        for _ in range(sections):
            begin = at
            count, client, clock, at = self.section_head(begin)
            parts.append(self.data[begin:at])
            for _ in range(count):
                length, end, part = self._struct(at, pack_id(client, clock))
                parts.append(part)
                clock, at = clock + length, end
        parts.append(self.data[at:])
        return b"".join(parts)

    def _struct(self, start: int, own: int) -> tuple[int, int, bytes]:
        """Return (length, next position, bytes) of one struct."""
        kind, _, _, _, at, _ = self.header(start)
        if kind in (GC, SKIP):
            length, end = read_var_uint(self.data, at)
            return length, end, self.data[start:end]
        if kind == STRING:
            text, end = self.string(at)
            length = utf_16_length(text)
            clocks = self._named(own, length)
            content = (
                write_var_bytes(_with_blocks(text, clock_of(own), clocks).encode())
                if clocks
                else b""
            )
        else:
            length, end = self.content(at, kind)
            # A value is named by its clock, but only its strings with the text change. So a form
            # with twenty fields loses only the field with the text.
            is_named = kind in VALUE_KINDS and self._named(own, length)
            content = self._secret.blank(kind, self.data[at:end]) if is_named else b""
        return length, end, self.data[start:at] + content if content else self.data[start:end]

    def _named(self, own: int, length: int) -> Sequence[int]:
        """Return the clocks in `ids` that belong to the struct with this packed id and length."""
        clocks = self._ids.get(client_of(own))
        if not clocks:
            return ()
        # The clocks of a client are in order, so bisection finds those of one struct quickly among
        # any number of clocks.
        first = bisect_left(clocks, clock_of(own))
        return clocks[first : bisect_left(clocks, clock_of(own) + length, first)]


def _with_blocks(text: str, clock: int, clocks: Sequence[int]) -> str:
    """Return a struct's text, which begins at `clock`, with a block for each of the clocks."""
    characters = list(units(text))
    for redacted in clocks:
        characters[redacted - clock] = BLOCK
    return as_text("".join(characters))
