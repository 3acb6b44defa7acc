"""Writes another update in one pass over an update: with the same sections, but other structs."""

from crdt.wire.content import STORED_LIMITS
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.struct_id import pack_id
from crdt.wire.struct_reader import StructReader


class StructRewriter(StructReader):
    """Walks through the sections of an update; subclasses define `rewrite` for each struct.

    The update must have passed `update_parser.parse`. Its deletions stay unchanged.
    """

    __slots__ = ("_count", "_kept_end", "_kept_start", "_written")

    def __init__(self, update: bytes) -> None:
        super().__init__(update, STORED_LIMITS)
        self._begin()

    def _begin(self) -> None:
        self._written: list[bytes] = []
        self._count = 0
        self._kept_start = self._kept_end = 0  # bytes that are kept, but not in `_written` yet

    def run(self) -> bytes:
        """Return the rewritten update."""
        sections, at = read_var_uint(self.data, 0)
        parts = [write_var_uint(sections)]
        for _ in range(sections):
            count, client, first, at = self.section_head(at)
            self._begin()
            own = pack_id(client, first)
            for _ in range(count):
                length, at = self.rewrite(at, own)
                own += length
            self.end_section()
            self.write(0)
            parts += (
                write_var_uint(self._count),
                write_var_uint(client),
                write_var_uint(first),
                *self._written,
            )
        # Deletions name clocks, and rewriting never changes clocks.
        parts.append(self.data[at:])
        return b"".join(parts)

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        """Read the struct at `start`, and either `keep` it or `write` other structs instead.

        own  packed id of the struct

        Returns (its length in clock units, next position).
        """
        raise NotImplementedError

    def end_section(self) -> None:
        """Write the bytes that wait for a next struct, because the section has none."""

    def keep(self, start: int, end: int) -> None:
        """Keep the struct between these positions unchanged.

        Neighbouring structs that are kept are copied together.
        """
        # A thousand kept structs are copied as one slice instead of a thousand: most rewriting
        # changes few structs.
        if start != self._kept_end:
            self.write(0)
            self._kept_start = start
        self._kept_end = end
        self._count += 1

    def write(self, count: int, *parts: bytes) -> None:
        """Write other structs instead: `count` of them, as bytes in `parts`."""
        if self._kept_start < self._kept_end:
            self._written.append(self.data[self._kept_start : self._kept_end])
        self._kept_start = self._kept_end = 0
        self._written += parts
        self._count += count
