"""Cuts a struct into several in one pass: parts that keep their content, and parts that lose it."""

from crdt.wire.content import ANY, DELETED, STRING
from crdt.wire.lib0 import read_var_uint, write_var_bytes, write_var_uint
from crdt.wire.slicing import StructSlicer
from crdt.wire.struct_reader import KIND_MASK

_UNIT_BYTES = 2
"""Bytes of a UTF-16 code unit, in which Yjs counts."""

Part = tuple[int, int, bool]
"""(start, end, loses its content), in clock units from the beginning of the struct."""


class StructCutter(StructSlicer):
    """Cuts the structs of one update."""

    __slots__ = ()

    def cut(self, start: int, own: int, parts: list[Part]) -> list[bytes]:
        """Return the parts of a struct as structs.

        start  position of the struct in the update
        own    packed id of the struct
        parts  the parts of the whole struct, in order
        """
        header = self.header(start)
        kind, left, right, parent, at, flags = header
        contents = self._contents(at, kind, parts)
        structs = []
        for (first, after, is_deleted), content in zip(parts, contents, strict=True):
            as_kind = DELETED if is_deleted else kind
            # The first part keeps the struct's own head, with another kind if it loses its content.
            # Each other part comes after the unit before it, as in `splitItem`.
            if first:
                head = self._head((as_kind, left, right, parent, at, flags), own + first)
            else:
                head = bytes((self.data[start] & ~KIND_MASK | as_kind,)) + self.data[start + 1 : at]
            structs.append(head + (write_var_uint(after - first) if is_deleted else content))
        return structs

    def _contents(self, at: int, kind: int, parts: list[Part]) -> list[bytes]:
        """Return the encoded content of each part; it is unused for parts that lose it."""
        if all(is_deleted for _, _, is_deleted in parts):
            return [b""] * len(parts)
        if kind == STRING:
            return self._texts(at, parts)
        _, end = self.content(at, kind)
        if len(parts) == 1:
            return [self.data[at:end]]
        ends = self._value_ends(at, kind)
        return [
            write_var_uint(after - first) + self.data[ends[first] : ends[after]]
            for first, after, _ in parts
        ]

    def _texts(self, at: int, parts: list[Part]) -> list[bytes]:
        """Return the texts of parts of a string.

        If a surrogate pair is cut, both halves become U+FFFD.
        """
        text, _ = self.string(at)
        if text.isascii():
            raw = text.encode()
            return [write_var_bytes(raw[first:after]) for first, after, _ in parts]
        units = text.encode("utf-16-le")
        slices = (units[first * _UNIT_BYTES : after * _UNIT_BYTES] for first, after, _ in parts)
        return [write_var_bytes(part.decode("utf-16-le", "replace").encode()) for part in slices]

    def _value_ends(self, at: int, kind: int) -> list[int]:
        """Return the positions where the values of a content begin, and where the last one ends."""
        # Only `ANY` and `JSON` can be longer than one unit.
        skip = self.any_value if kind == ANY else self.json_value
        count, at = read_var_uint(self.data, at)
        ends = [at]
        for _ in range(count):
            at = skip(at)
            ends.append(at)
        return ends
