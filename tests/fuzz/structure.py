"""Updates taken apart and put together again, for mutations of their structure.

The parser also accepts updates that the server refuses, as long as it can take them apart.
Mutations of bytes cover all other updates.
"""

from dataclasses import dataclass, field

from crdt.errors import Rejected
from crdt.wire.content import DELETED, GC, SKIP, STORED_LIMITS, STRING, TYPE, ContentReader
from crdt.wire.lib0 import read_var_uint, write_var_bytes, write_var_uint

Id = tuple[int, int]
"""(client id, clock)"""

LEFT, RIGHT, KEYED = 0x80, 0x40, 0x20


@dataclass(slots=True)
class Struct:
    """One struct of an update.

    kind     the number of its kind of content
    length   in clock units
    body     the encoded content
    left     the id of the struct that it was inserted after, or None
    right    the id of the struct that it was inserted before, or None
    parent   the name of a root, the id of a type, or None if an origin implies the parent
    key      the map key, or None
    flip     bits of the info byte that `encode` inverts
    """

    kind: int
    length: int
    body: bytes
    left: Id | None = None
    right: Id | None = None
    parent: str | Id | None = None
    key: str | None = None
    flip: int = 0

    def encode(self) -> bytes:
        """Return the bytes of the struct. `flip` changes the info byte and nothing else."""
        if self.kind in (GC, SKIP):
            return bytes((self.kind ^ self.flip,)) + self.body
        info = (
            self.kind
            | (LEFT if self.left else 0)
            | (RIGHT if self.right else 0)
            | (0 if self.key is None else KEYED)
        )
        parts = [
            bytes((info ^ self.flip,)),
            *(_id(place) for place in (self.left, self.right) if place),
        ]
        if not self.left and not self.right:
            if isinstance(self.parent, tuple):
                parts += (b"\x00", _id(self.parent))
            else:
                parts += (b"\x01", write_var_bytes((self.parent or "").encode()))
            if self.key is not None:
                parts.append(write_var_bytes(self.key.encode()))
        return b"".join((*parts, self.body))


@dataclass(slots=True)
class Section:
    """New structs of one client."""

    client: int
    clock: int
    structs: list[Struct]


@dataclass(slots=True)
class Update:
    """The sections, and (client id, first clock, length) of each deleted range."""

    sections: list[Section] = field(default_factory=list)
    deleted: list[tuple[int, int, int]] = field(default_factory=list)

    def encode(self) -> bytes:
        parts = [write_var_uint(len(self.sections))]
        for section in self.sections:
            parts += map(write_var_uint, (len(section.structs), section.client, section.clock))
            parts += (struct.encode() for struct in section.structs)
        clients = dict.fromkeys(client for client, _, _ in self.deleted)
        parts.append(write_var_uint(len(clients)))
        for client in clients:
            ranges = [(first, length) for other, first, length in self.deleted if other == client]
            parts += (write_var_uint(client), write_var_uint(len(ranges)))
            parts += (write_var_uint(value) for span in ranges for value in span)
        return b"".join(parts)


def parse(update: bytes) -> Update | None:
    """Take an update apart, or return None if that is impossible."""
    try:
        return _Parser(update).run()
    except (IndexError, Rejected, UnicodeDecodeError):
        return None


class _Parser(ContentReader):
    def __init__(self, data: bytes) -> None:
        super().__init__(data, STORED_LIMITS)
        self.at = 0

    def run(self) -> Update:
        update = Update()
        for _ in range(self._number()):
            count, client, clock = self._number(), self._number(), self._number()
            update.sections.append(Section(client, clock, [self._struct() for _ in range(count)]))
        for _ in range(self._number()):
            client = self._number()
            update.deleted += [
                (client, self._number(), self._number()) for _ in range(self._number())
            ]
        return update

    def _number(self) -> int:
        value, self.at = read_var_uint(self.data, self.at)
        return value

    def _name(self) -> str:
        name, self.at = self.name(self.at)
        return name

    def _struct(self) -> Struct:
        info = self.data[self.at]
        self.at += 1
        struct = Struct(info & 31, 0, b"")
        if struct.kind not in (GC, SKIP):
            if info & LEFT:
                struct.left = self._number(), self._number()
            if info & RIGHT:
                struct.right = self._number(), self._number()
            if not info & (LEFT | RIGHT):
                struct.parent = self._name() if self._number() else (self._number(), self._number())
                struct.key = self._name() if info & KEYED else None
        start = self.at
        struct.length = self._content(struct.kind)
        struct.body = self.data[start : self.at]
        return struct

    def _content(self, kind: int) -> int:
        if kind == STRING:
            return len(self._text().encode("utf-16-le")) // 2
        length, self.at = self.content(self.at, DELETED if kind in (GC, SKIP) else kind)
        return length

    def _text(self) -> str:
        size = self._number()
        self.at += size
        return self.text(self.at - size, self.at)


def _id(place: Id) -> bytes:
    return write_var_uint(place[0]) + write_var_uint(place[1])


def text(value: str) -> Struct:
    return Struct(STRING, len(value.encode("utf-16-le")) // 2, write_var_bytes(value.encode()))


def shared_type(reference: int) -> Struct:
    return Struct(TYPE, 1, bytes((reference,)) + (b"\x01p" if reference == 3 else b""))
