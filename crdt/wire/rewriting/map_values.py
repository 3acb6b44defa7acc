"""Splits structs with several values under a map key into one struct for each value.

Yjs joins the values that a key had one after another when they are kept for undoing
(`ContentAny.mergeWith`). yrs hangs or dies when it reads such structs, so they are split again. The
split follows Yjs (`splitItem` in `Item.js`), so the update stays equal.

See docs/design/documents.md.
"""

from collections.abc import Set

from crdt.wire.content import ANY
from crdt.wire.lib0 import read_var_uint
from crdt.wire.slicing import id_bytes
from crdt.wire.struct_id import NO_ID
from crdt.wire.struct_reader import HAS_LEFT_ORIGIN, HAS_RIGHT_ORIGIN
from crdt.wire.struct_rewriter import StructRewriter


def split_values(update: bytes, multi_value_entries: Set[int]) -> bytes:
    """Return an equal update in which these structs (packed ids) become one for each value.

    The update must have passed `update_parser.parse`.
    """
    return _ValueSplitter(update, multi_value_entries).run()


class _ValueSplitter(StructRewriter):
    """Splits structs in one pass over one update."""

    __slots__ = ("_multi_value_entries",)

    def __init__(self, update: bytes, multi_value_entries: Set[int]) -> None:
        super().__init__(update)
        self._multi_value_entries = multi_value_entries

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        if own in self._multi_value_entries:
            return self._split(start, own)
        kind, content = self.skip_header(start)
        length, end = self.struct_end(content, kind)
        self.keep(start, end)
        return length, end

    def _split(self, start: int, own: int) -> tuple[int, int]:
        """Write a struct for each value, after the one before it, with the same right origin."""
        kind, _, right_origin, _, content, _ = self.header(start)
        right = b"" if right_origin == NO_ID else id_bytes(right_origin)
        info = kind | HAS_LEFT_ORIGIN | (HAS_RIGHT_ORIGIN if right else 0)
        # The first value keeps the struct's own head. Each later value has the previous value as
        # left origin. So the last value is the key's value, as it was in the struct.
        head = self.data[start:content]
        count, at = read_var_uint(self.data, content)
        for number in range(count):
            value = at
            at = self.any_value(at) if kind == ANY else self.json_value(at)
            self.write(1, head, b"\x01", self.data[value:at])
            head = bytes((info,)) + id_bytes(own + number) + right
        return count, at
