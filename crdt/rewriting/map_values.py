"""Values under map keys, each in a struct of its own.

Yjs joins the values that a key had one after the other when they are kept for undoing (`ContentAny.mergeWith`).
yrs hangs or dies over such structs, so they are taken apart again. Yjs defines what a struct is split into
(`splitItem` in `Item.js`), so the update stays equal.
"""

from collections.abc import Set

from crdt.wire.content import ANY, STORED_LIMITS
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.struct_id import NO_ID, client_of, clock_of, pack_id
from crdt.wire.struct_reader import HAS_LEFT_ORIGIN, HAS_RIGHT_ORIGIN, StructHeader, StructReader


def split_values(update: bytes, multi_value_entries: Set[int]) -> bytes:
    """Return an equal update in which each of these structs of values (packed ids) is one for each value.

    The update must have passed `update_parser.parse`.
    """
    return _ValueSplitter(update, multi_value_entries).run()


class _ValueSplitter(StructReader):
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
        count, client, first, at = self.section_head(at)
        structs: list[bytes] = []
        clock = first
        for _ in range(count):
            start = at
            header = kind, _, _, _, content, _ = self.header(start)
            own = pack_id(client, clock)
            if own in self._multi_value_entries:
                length, at = self._split(start, header, own, structs)
            else:
                length, at = self.struct_end(content, kind)
                structs.append(self.data[start:at])
            clock += length
        parts += (write_var_uint(len(structs)), write_var_uint(client), write_var_uint(first), *structs)
        return at

    def _split(self, start: int, header: StructHeader, own: int, structs: list[bytes]) -> tuple[int, int]:
        """Append a struct for each value, each behind the one before it and before the same right origin."""
        kind, _, right_origin, _, content, _ = header
        right = b"" if right_origin == NO_ID else _id_bytes(right_origin)
        info = kind | HAS_LEFT_ORIGIN | (HAS_RIGHT_ORIGIN if right else 0)
        head = self.data[start:content]
        count, at = read_var_uint(self.data, content)
        for number in range(count):
            value = at
            at = self.any_value(at) if kind == ANY else self.json_value(at)
            structs.append(head + b"\x01" + self.data[value:at])
            head = bytes((info,)) + _id_bytes(own + number) + right
        return count, at


def _id_bytes(packed: int) -> bytes:
    return write_var_uint(client_of(packed)) + write_var_uint(clock_of(packed))
