"""Reads structs in an update: the header of a struct, and the length of its content.

All code that walks through an update uses this reader: the parser, the compaction, the splitting of
values and the order of items. The encoding is Yjs's update format, version 1 (`Item.js`, `write`):

    struct   info, [left origin], [right origin], [parent, [parentSub]], content
    info     0x80 has a left origin, 0x40 has a right origin, 0x20 has a parentSub, low five bits:
             kind of content
    origin   varUint client, varUint clock
    parent   varUint 1 and the name of a root, or varUint 0 and the id of a shared type

A parent is written only if there is no origin: a struct with neighbours has their parent. A
garbage-collected struct or a skip consists of the info byte and a length.

See docs/design/wire.md.
"""

import re

from crdt.errors import Rejected
from crdt.wire.content import GC, SKIP, STRING, ContentReader
from crdt.wire.lib0 import read_var_uint
from crdt.wire.struct_id import CLOCK_BITS, MAX_CLOCK, NO_ID

HAS_LEFT_ORIGIN = 0x80
HAS_RIGHT_ORIGIN = 0x40
HAS_ORIGIN = HAS_LEFT_ORIGIN | HAS_RIGHT_ORIGIN
HAS_PARENT_SUB = 0x20
KIND_MASK = 0x1F

_USUAL_CLIENT_BYTES = 5
_ONE_BYTE = 128
"""A varUint below this is one byte."""

_VAR_UINT = rb"[\x80-\xff]*[\x00-\x7f]"
_skip_id = re.compile(_VAR_UINT * 2).match
_skip_ids = re.compile(_VAR_UINT * 4).match

Parent = tuple[str | int, str | None]
"""(name of a root or packed id of a shared type, map key or None):
Yjs's parent and parentSub of a struct."""

StructHeader = tuple[int, int, int, Parent | None, int, int]
"""The data before a struct's content: (kind, left, right, parent, content position, flags).

kind     kind of content, see `content`
left     packed id of the struct after which it was put, or NO_ID
right    packed id of the struct before which it was put, or NO_ID
parent   its parent and key if it has no origins, else None
flags    the other bits of the info byte

It is a plain tuple, because a NamedTuple costs 8 % of the time that parsing takes.
"""


class StructReader(ContentReader):
    """Reads structs in one update, within limits; methods take and return positions."""

    __slots__ = ()

    def section_head(self, at: int) -> tuple[int, int, int, int]:
        """Return (number of structs, client id, clock of the first one, next position)."""
        data = self.data
        count, begin = read_var_uint(data, at)
        client, at = read_var_uint(data, begin)
        if at == begin + _USUAL_CLIENT_BYTES:
            # Most origins are the client's own structs, so its id is read once for the whole
            # section.
            self._client_ids[data[begin:at]] = client
        clock, at = read_var_uint(data, at)
        return count, client, clock, at

    def header(self, at: int) -> StructHeader:
        """Read the header of a struct; raises Rejected for a bad parent, name or clock."""
        data = self.data
        info = data[at]
        kind = info & KIND_MASK
        at += 1
        left = right = NO_ID
        parent = None
        if info & HAS_ORIGIN:
            if info & HAS_LEFT_ORIGIN:
                left, at = self._id(at)
            if info & HAS_RIGHT_ORIGIN:
                right, at = self._id(at)
        elif kind and kind != SKIP:
            parent, at = self._parent(at, info & HAS_PARENT_SUB)
        return kind, left, right, parent, at, info - kind

    def skip_header(self, at: int) -> tuple[int, int]:
        """Return (kind of content, position of the content).

        This takes a third of the time of `header`.
        """
        info = self.data[at]
        # Two regular expressions skip one or two ids in C. Callers that copy structs need no more.
        if info & HAS_ORIGIN:
            skip = _skip_ids if info & HAS_ORIGIN == HAS_ORIGIN else _skip_id
            if ids := skip(self.data, at + 1):
                return info & KIND_MASK, ids.end()
        kind, _, _, _, content, _ = self.header(at)
        return kind, content

    def _id(self, at: int) -> tuple[int, int]:
        """Read an id; return (packed id, next position).

        Client ids are long, nearly always of five bytes, and there are few of them. So decoded ids
        are kept. With them, a large update is parsed in 13 % less time than by a parser that does
        not call this class. Without them it would take 25 % more, because calls take time.
        """
        data = self.data
        end = at + _USUAL_CLIENT_BYTES
        encoded = data[at:end]
        client = self._client_ids.get(encoded)
        if client is None:
            client, next_at = read_var_uint(data, at)
            if next_at == end:
                self._client_ids[encoded] = client
            end = next_at
        clock = data[end]
        if clock < _ONE_BYTE:
            return client << CLOCK_BITS | clock, end + 1
        clock, at = read_var_uint(data, end)
        if clock > MAX_CLOCK:
            raise Rejected("clock out of range")
        return client << CLOCK_BITS | clock, at

    def _parent(self, at: int, has_key: int) -> tuple[Parent, int]:
        is_root, at = read_var_uint(self.data, at)
        parent: str | int
        if is_root == 1:
            parent, at = self.name(at)
        elif is_root == 0:
            parent, at = self._id(at)
        else:
            raise Rejected("unknown kind of parent")
        key = None
        if has_key:
            key, at = self.name(at)
        return (parent, key), at

    def struct_end(self, at: int, kind: int) -> tuple[int, int]:
        """Skip the content of any struct; return (length in clock units, next position)."""
        if kind in (GC, SKIP):
            return read_var_uint(self.data, at)
        if kind == STRING:
            text, at = self.string(at)
            return utf_16_length(text), at
        return self.content(at, kind)

    def string(self, at: int) -> tuple[str, int]:
        """Read the text of a struct; return (text, next position)."""
        size, at = read_var_uint(self.data, at)
        return self.text(at, at + size), at + size


def utf_16_length(text: str) -> int:
    """Return the length in UTF-16 code units, in which Yjs counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
