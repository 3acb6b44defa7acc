"""Make a stored state small: neighbouring runs of typing become one struct.

`pycrdt.merge_updates` keeps one struct per keystroke (3.1 MB for a text of 260,000 edits, 1.5 s to
load); squashed the same state has 0.4 MB and loads in milliseconds. Nothing is dropped:
Yjs defines the right part of a split run as a struct whose origin is the clock before it and whose
right origin is the run's (`Item.js`, `splitItem`), so joining structs of exactly that form yields
the same document, whatever arrives later.

Values in a sequence are joined as text is (yrs needs a second to load 8,000 that were put there one by one). Under
a map key they are not, which is why those are left alone that got their place from somebody else's.

Input must have passed `scan.parse`.
"""

from collections.abc import Set

from crdt.wire.content import ANY, DELETED, GC, STORED_LIMITS, STRING, ContentReader
from crdt.wire.lib0 import read_var_uint, write_var_bytes, write_var_uint


def squash(update: bytes, split_surrogates: Set[int] = frozenset()) -> bytes:
    """Return an equal update with joined runs.

    split_surrogates  packed ids (`parsed.pack`) of second halves of characters that some edit cut in two. Yjs
          replaces both halves by U+FFFD; yrs does not, so a view that shall show what Yjs shows
          is loaded from a state in which they already are.
    """
    return Squasher(update, split_surrogates).run()


class Squasher(ContentReader):
    """One pass over one update."""

    __slots__ = ("_count", "_head", "_is_listed", "_kind", "_length", "_out", "_right", "_texts", "split_surrogates")

    def __init__(self, update: bytes, split_surrogates: Set[int]) -> None:
        super().__init__(update, STORED_LIMITS)
        self.split_surrogates = split_surrogates
        self._start_section()

    def _start_section(self) -> None:
        self._out: list[bytes] = []
        self._count = 0
        self._kind = -1
        self._is_listed = False
        self._head = b""
        self._right = b""
        self._length = 0
        self._texts: list[bytes] = []

    def run(self) -> bytes:
        sections, at = read_var_uint(self.data, 0)
        parts = [write_var_uint(sections)]
        for _ in range(sections):
            at = self._section(at, parts)
        parts.append(self.data[at:])
        return b"".join(parts)

    def _section(self, at: int, parts: list[bytes]) -> int:
        data = self.data
        count, at = read_var_uint(data, at)
        client, at = read_var_uint(data, at)
        first, at = read_var_uint(data, at)
        self._start_section()
        clock = first
        for _ in range(count):
            length, at = self._struct(at, client, clock)
            clock += length
        self._close()
        parts += (write_var_uint(self._count), write_var_uint(client), write_var_uint(first))
        parts += self._out
        return at

    def _struct(self, at: int, client: int, clock: int) -> tuple[int, int]:
        start = at
        info = self.data[at]
        kind = info & 31
        if kind == GC:
            length, at = read_var_uint(self.data, at + 1)
            self._add(kind, b"\x00", b"", length, b"", joins=self._kind == GC)
            return length, at
        joins, right, at = self._references(at + 1, info, client, clock)
        head = self.data[start:at]
        self._is_listed = info & 0xE0 == 0 or (joins and self._is_listed)
        joins = joins and kind == self._kind and right == self._right
        if kind == STRING:
            length, text, at = self._string(at, client, clock)
            self._add(kind, head, right, length, text, joins=joins)
        elif kind == DELETED:
            length, at = read_var_uint(self.data, at)
            self._add(kind, head, right, length, b"", joins=joins)
        elif kind == ANY and self._is_listed:
            begun = read_var_uint(self.data, at)[1]
            length, at = self.content(at, kind)
            self._add(kind, head, right, length, self.data[begun:at], joins=joins)
        else:
            self._close()
            length, at = self.content(at, kind)
            self._out.append(self.data[start:at])
            self._count += 1
        return length, at

    def _references(self, at: int, info: int, client: int, clock: int) -> tuple[bool, bytes, int]:
        """Return (does it continue the struct before it, its right origin's bytes, next position)."""
        data = self.data
        joins = False
        right = b""
        if info & 0x80:
            other, at = read_var_uint(data, at)
            k, at = read_var_uint(data, at)
            joins = other == client and k == clock - 1
        if info & 0x40:
            start = at
            at = read_var_uint(data, read_var_uint(data, at)[1])[1]
            right = data[start:at]
        if not info & 0xC0:
            is_root, at = read_var_uint(data, at)
            at = self.name(at)[1] if is_root else read_var_uint(data, read_var_uint(data, at)[1])[1]
            if info & 0x20:
                at = self.name(at)[1]
        return joins, right, at

    def _string(self, at: int, client: int, clock: int) -> tuple[int, bytes, int]:
        """Return (length in UTF-16 units, UTF-8 bytes, next position)."""
        size, at = read_var_uint(self.data, at)
        raw = self.data[at : at + size]
        if raw.isascii():
            return size, raw, at + size
        text = raw.decode()
        packed = client << 31 | clock
        units = 0
        characters = []
        for character in text:
            wide = character > "\uffff"
            if wide and packed + units + 1 in self.split_surrogates:
                character = "\ufffd\ufffd"  # noqa: PLW2901  # instead of the half pair
            units += 2 if wide else 1
            characters.append(character)
        return units, "".join(characters).encode(), at + size

    def _add(self, kind: int, head: bytes, right: bytes, length: int, text: bytes, *, joins: bool) -> None:
        if joins:
            self._length += length
            self._texts.append(text)
            return
        self._close()
        self._kind, self._head, self._right, self._length, self._texts = kind, head, right, length, [text]

    def _close(self) -> None:
        """Write the open run, if there is one."""
        if self._kind == STRING:
            self._out.append(self._head + write_var_bytes(b"".join(self._texts)))
        elif self._kind == ANY:
            self._out.append(self._head + write_var_uint(self._length) + b"".join(self._texts))
        elif self._kind in (GC, DELETED):
            self._out.append(self._head + write_var_uint(self._length))
        self._count += self._kind >= 0
        self._kind = -1
