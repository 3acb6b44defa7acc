"""Values under map keys, each in a struct of its own.

Yjs joins the values that a key had one after the other when they are kept for undoing (`ContentAny.mergeWith`).
yrs hangs or dies over such structs, so they are taken apart again: what a struct is split into is defined, the
same as in `squash`.
"""

from collections.abc import Set

from crdt.wire.content import ANY, GC, STORED_LIMITS, STRING, ContentReader
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.parsed_update import pack


def split_values(update: bytes, multi_value_entries: Set[int]) -> bytes:
    """Return an equal update in which each of these structs of values (packed ids) is one for each value.

    It must have passed `scan.parse`.
    """
    return _ValueSplitter(update, multi_value_entries).run()


class _ValueSplitter(ContentReader):
    """One pass over one update."""

    def __init__(self, update: bytes, multi_value_entries: Set[int]) -> None:
        super().__init__(update, STORED_LIMITS)
        self._multi_value_entries = multi_value_entries

    def run(self) -> bytes:
        sections, at = read_var_uint(self.data, 0)
        parts = [write_var_uint(sections)]
        for _ in range(sections):
            at = self._section(at, parts)
        return b"".join((*parts, self.data[at:]))

    def _section(self, at: int, parts: list[bytes]) -> int:
        count, at = read_var_uint(self.data, at)
        client, at = read_var_uint(self.data, at)
        first, at = read_var_uint(self.data, at)
        structs: list[bytes] = []
        clock = first
        for _ in range(count):
            start = at
            right, at = self._head(at)
            if pack(client, clock) in self._multi_value_entries:
                length, at = self._values(start, at, client, clock, right, structs)
            else:
                length, at = self._content(at, self.data[start] & 31)
                structs.append(self.data[start:at])
            clock += length
        parts += (write_var_uint(len(structs)), write_var_uint(client), write_var_uint(first), *structs)
        return at

    def _head(self, at: int) -> tuple[bytes, int]:
        """Return (the right origin's bytes, position of the content)."""
        data, info, right = self.data, self.data[at], b""
        at += 1
        if info & 31 == GC:
            return right, at
        if info & 0x80:
            at = self._id(at)
        if info & 0x40:
            right = data[at : self._id(at)]
            at += len(right)
        if not info & 0xC0:
            is_root, at = read_var_uint(data, at)
            at = self.name(at)[1] if is_root else self._id(at)
            if info & 0x20:
                at = self.name(at)[1]
        return right, at

    def _id(self, at: int) -> int:
        return read_var_uint(self.data, read_var_uint(self.data, at)[1])[1]

    def _content(self, at: int, kind: int) -> tuple[int, int]:
        if kind == GC:
            return read_var_uint(self.data, at)
        if kind != STRING:
            return self.content(at, kind)
        size, at = read_var_uint(self.data, at)
        return len(self.text(at, at + size).encode("utf-16-le")) // 2, at + size

    def _values(
        self, start: int, at: int, client: int, clock: int, right: bytes, structs: list[bytes]
    ) -> tuple[int, int]:
        """Append a struct for each value, each behind the one before it."""
        head = self.data[start:at]
        count, at = read_var_uint(self.data, at)
        for number in range(count):
            value = at
            at = self._any(at)
            structs.append(head + b"\x01" + self.data[value:at])
            before = write_var_uint(client) + write_var_uint(clock + number)
            head = bytes((ANY | 0x80 | (0x40 if right else 0),)) + before + right
        return count, at
