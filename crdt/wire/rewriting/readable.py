"""Makes a copy of an update that pycrdt can read, to show the texts of a document.

pycrdt (yrs) cannot read everything that Yjs writes. It fails on legacy JSON, on hooks, on halves of
surrogate pairs and large integers in embeds and formats, and on deep values, which it reads by
recursion. Such content is replaced by content of equal length in clock units, so ids and positions
stay. The copy is used only for reading: the server stores, sends and merges the update itself.

An example: a legacy JSON struct with the values 1 and `undefined` has two clock units. The copy has
an Any struct with two values, the number 1 and `undefined`. docs/design/documents.md has its bytes.

Such content is not refused, because browsers can read it. A document that was begun years ago must
open.

The update must have passed `update_parser.parse`.

See docs/design/documents.md.
"""

import json
import math
import re
import struct
from dataclasses import replace
from typing import Any

from crdt.errors import LimitExceeded
from crdt.wire.content import ANY, DOC, EMBED, FORMAT, JSON, STORED_LIMITS, TYPE, XML_HOOK
from crdt.wire.lib0 import MAX_SAFE_INTEGER, read_var_uint, write_var_bytes, write_var_uint
from crdt.wire.struct_reader import KIND_MASK, StructReader

MAX_DEPTH = 100
"""Levels of a value that are shown; deeper values become null. yrs refuses JSON beyond 127 levels,
and at some thousands its stack overflows."""

_SHALLOW = replace(STORED_LIMITS, any_depth=MAX_DEPTH)

_MAP = b"\x01"
_UNDEFINED, _NULL, _FALSE, _TRUE = b"\x7f", b"\x7e", b"\x79", b"\x78"
_FLOAT64, _TEXT, _OBJECT, _ARRAY = b"\x7b", b"\x77", b"\x76", b"\x75"
_suspect = re.compile(rb"\\u[dD][89a-fA-F]|\d{19}|[eE]\+?\d{3}").search
"""Finds half a surrogate pair, or a number that may be out of range, in JSON.
Text in quotes may match by chance."""

_bracket = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]').finditer
"""Finds brackets in JSON, and texts in quotes, whose brackets do not count."""

_surrogate = re.compile("[\ud800-\udfff]")


def readable(update: bytes) -> bytes:
    """Return the update with other content where pycrdt cannot read it.

    Returns the same object if pycrdt can read all content.
    """
    return _Copier(update).run()


class _Copier(StructReader):
    """Replaces unreadable content in one pass over one update."""

    __slots__ = ("_copied", "_parts", "_unbounded")

    def __init__(self, update: bytes) -> None:
        super().__init__(update, _SHALLOW)
        self._unbounded = StructReader(update, STORED_LIMITS)
        self._parts: list[bytes] = []
        self._copied = 0

    def run(self) -> bytes:
        sections, at = read_var_uint(self.data, 0)
        for _ in range(sections):
            count, _, _, at = self.section_head(at)
            for _ in range(count):
                at = self._struct(at)
        if not self._parts:
            return self.data
        return b"".join((*self._parts, self.data[self._copied :]))

    def _struct(self, start: int) -> int:
        """Copy a struct, or write another one instead; return the next position."""
        kind, _, _, _, at, _ = self.header(start)
        try:
            _, end = self.struct_end(at, kind)
        # The content is deeper than pycrdt can read. The other reader has the limits of stored
        # updates, and finds the end.
        except LimitExceeded:
            _, end = self._unbounded.struct_end(at, kind)
            if kind == ANY:
                self._replace(at, end, self._shallow(at))
        if kind in (EMBED, FORMAT):
            self._check_json(self.name(at)[1] if kind == FORMAT else at, end)
        elif kind == TYPE:
            # yrs does not know XmlHook. Its name is left out, so its attributes are values under
            # keys, as in a map.
            if self.data[at] == XML_HOOK:
                self._replace(at, end, _MAP)
        elif kind in (JSON, DOC):
            # Only the kind in the info byte is changed: the bits for the origins must stay.
            self._replace(start, start + 1, bytes((self.data[start] & ~KIND_MASK | ANY,)))
            self._replace(
                at, end, self._from_json(at) if kind == JSON else b"\x01" + _TEXT + self._guid(at)
            )
        return end

    def _replace(self, begin: int, end: int, content: bytes) -> None:
        self._parts += (self.data[self._copied : begin], content)
        self._copied = end

    def _shallow(self, at: int) -> bytes:
        """Return the values of a content, with null for each that is nested too deep."""
        count, at = read_var_uint(self.data, at)
        parts = [write_var_uint(count)]
        for _ in range(count):
            end = self._unbounded.any_value(at)
            parts.append(_NULL if self._is_deep(at) else self.data[at:end])
            at = end
        return b"".join(parts)

    def _is_deep(self, at: int) -> bool:
        try:
            self.any_value(at)
        except LimitExceeded:
            return True
        return False

    def _check_json(self, at: int, end: int) -> None:
        """Replace JSON that pycrdt cannot read."""
        _, begin = read_var_uint(self.data, at)
        text = self.data[begin:end]
        # The cheap check comes first: most embeds and formats are a few bytes such as `true`.
        # Brackets in quotes and escaped text cause some false alarms, which only cost time.
        if text.count(b"[") + text.count(b"{") <= MAX_DEPTH and not _suspect(text):
            return
        written = _readable_json(text.decode())
        if written is not None:
            self._replace(at, end, write_var_bytes(written.encode()))

    def _from_json(self, at: int) -> bytes:
        """Return the values of legacy JSON as an Any content."""
        count, at = read_var_uint(self.data, at)
        parts = [write_var_uint(count)]
        for _ in range(count):
            size, at = read_var_uint(self.data, at)
            text = self.data[at : at + size].decode()
            at += size
            parts.append(_UNDEFINED if text == "undefined" else b"".join(_encode(_loads(text))))
        return b"".join(parts)

    def _guid(self, at: int) -> bytes:
        """Return the id of a subdocument, with its size before it."""
        return self.data[at : self.name(at)[1]]


def _readable_json(text: str) -> str | None:
    """Return other JSON for text that pycrdt cannot read; None if it can."""
    try:
        shallow = _shallow_json(text)
        value = json.loads(shallow)
        plain = _dumps(_plain(value))
        return None if shallow is text and plain == _dumps(value) else plain
    except (ValueError, OverflowError):
        return "null"


def _shallow_json(text: str) -> str:
    """Return JSON with null for each value that is nested too deep; the same object if none is.

    `json` reads by recursion, and its greatest depth differs between versions of Python.
    """
    parts: list[str] = []
    depth = copied = 0
    for match in _bracket(text):
        bracket = match[0]
        if bracket in "[{":
            depth += 1
            # The value from the bracket that is too deep to its end becomes null. Commas and names
            # around it stay, so the text is still valid JSON.
            if depth == MAX_DEPTH + 1:
                parts += (text[copied : match.start()], "null")
        elif bracket in "]}":
            if depth == MAX_DEPTH + 1:
                copied = match.end()
            depth -= 1
    return "".join((*parts, text[copied:])) if parts else text


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _loads(text: str) -> Any:
    """Read JSON with the limits of pycrdt; None if that is not possible."""
    try:
        return _plain(json.loads(_shallow_json(text)))
    except (ValueError, OverflowError):
        return None


def _plain(value: Any) -> Any:
    """Return a value without halves of surrogate pairs and numbers that a double cannot hold."""
    if isinstance(value, str):
        return _surrogate.sub("\ufffd", value)
    # JavaScript has only doubles, so a browser shows the rounded number, too.
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value


def _encode(value: Any) -> list[bytes]:
    """Return a JSON value in lib0's encoding, with numbers as floats."""
    if value is None or isinstance(value, bool):
        return [_NULL if value is None else _TRUE if value else _FALSE]
    if isinstance(value, str):
        return [_TEXT, write_var_bytes(value.encode())]
    if isinstance(value, list):
        return [
            _ARRAY,
            write_var_uint(len(value)),
            *(part for item in value for part in _encode(item)),
        ]
    if isinstance(value, dict):
        parts = [_OBJECT, write_var_uint(len(value))]
        for key, item in value.items():
            parts += (write_var_bytes(key.encode()), *_encode(item))
        return parts
    return [_FLOAT64, struct.pack(">d", value)]
