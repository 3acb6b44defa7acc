"""Takes a part of an update: structs of each client between two clocks, and some deletions.

Admission takes the part of an update that a document can integrate now. The rules are those of Yjs.
If a struct is cut, the left origin of its right part is the clock just before the cut. The right
part keeps the right origin of the whole struct (`splitItem` in `Item.js`). If a surrogate pair is
cut, both halves become U+FFFD (`ContentString.splice`).

Not for deciding which part to take (`crdt.structs.admission`).
The update must have passed `update_parser.parse`.

See docs/design/documents.md.
"""

from collections.abc import Iterable, Mapping, Sequence

from crdt.wire.content import ANY, DELETED, GC, JSON, SKIP, STORED_LIMITS, STRING
from crdt.wire.lib0 import read_var_uint, write_var_bytes, write_var_uint
from crdt.wire.struct_id import NO_ID, client_of, clock_of, pack_id
from crdt.wire.struct_reader import HAS_LEFT_ORIGIN, HAS_RIGHT_ORIGIN, StructHeader, StructReader

_UNIT_BYTES = 2
"""Bytes of a UTF-16 code unit, in which Yjs counts."""


def take_part(
    update: bytes, spans: Mapping[int, tuple[int, int]], ranges: Sequence[tuple[int, int, int]]
) -> bytes:
    """Return an update with a part of the structs of `update`, and only the given deletions.

    spans   {client: (first clock, next clock)} of the structs to keep; no structs of other clients
            are kept. A hole (Skip) at the beginning or the end of such a span is left out
    ranges  (client, start, end) of the deleted ranges to keep
    """
    return _PartTaker(update, spans).run() + delete_set(ranges)


def delete_set(ranges: Iterable[tuple[int, int, int]]) -> bytes:
    """Encode (client, start, end) of deleted ranges as the end of an update."""
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, start, end in ranges:
        by_client.setdefault(client, []).append((start, end - start))
    parts = [write_var_uint(len(by_client))]
    for client, pairs in by_client.items():
        parts += (write_var_uint(client), write_var_uint(len(pairs)))
        parts += (write_var_uint(number) for pair in pairs for number in pair)
    return b"".join(parts)


class StructSlicer(StructReader):
    """Cuts parts of single structs out of one update."""

    __slots__ = ()

    def __init__(self, update: bytes) -> None:
        super().__init__(update, STORED_LIMITS)

    def slice(self, start: int, own: int, length: int, first: int, after: int) -> bytes:
        """Return the units of a struct from `first` up to `after`, as a struct.

        start   position of the struct
        own     packed id of the struct
        length  its length in clock units
        first, after  clock units from its beginning
        """
        header = kind, _, _, _, at, _ = self.header(start)
        if first == 0 and after == length:
            return self.data[start : self.struct_end(at, kind)[1]]
        # A struct without neighbours and content has only a length, so any part of it is written in
        # the same way.
        if kind in (GC, SKIP):
            return bytes((kind,)) + write_var_uint(after - first)
        # The first part keeps the struct's own head. A later part gets a head without a parent. Its
        # left origin is the clock just before the part.
        head = self._head(header, own + first) if first else self.data[start:at]
        return head + self._content(at, kind, first, after)

    def _head(self, header: StructHeader, own: int) -> bytes:
        """Return the head of the right part of a struct: the bytes before its content.

        own  packed id of the part
        """
        kind, _, right, _, _, _ = header
        info = kind | HAS_LEFT_ORIGIN | (0 if right == NO_ID else HAS_RIGHT_ORIGIN)
        return bytes((info,)) + id_bytes(own - 1) + (b"" if right == NO_ID else id_bytes(right))

    def _content(self, at: int, kind: int, first: int, after: int) -> bytes:
        if kind == DELETED:
            return write_var_uint(after - first)
        if kind == STRING:
            return write_var_bytes(_slice_text(self.string(at)[0], first, after).encode())
        skip = {ANY: self.any_value, JSON: self.json_value}[
            kind
        ]  # contents of other kinds are one unit long
        _, at = read_var_uint(self.data, at)
        for _ in range(first):
            at = skip(at)
        begin = at
        for _ in range(after - first):
            at = skip(at)
        return write_var_uint(after - first) + self.data[begin:at]


class _PartTaker(StructSlicer):
    """Takes a part in one pass over one update."""

    __slots__ = ("_spans",)

    def __init__(self, update: bytes, spans: Mapping[int, tuple[int, int]]) -> None:
        super().__init__(update)
        self._spans = spans

    def run(self) -> bytes:
        """Return the kept sections, with their number before them."""
        sections, at = read_var_uint(self.data, 0)
        parts: list[bytes] = []
        for _ in range(sections):
            at = self._section(at, parts)
        return write_var_uint(len(parts)) + b"".join(parts)

    def _section(self, at: int, parts: list[bytes]) -> int:
        """Append the kept part of a section, if there is one; return the next position."""
        count, client, clock, at = self.section_head(at)
        first, after = self._spans.get(client, (0, 0))
        # Structs before the part are skipped, and the structs at its beginning and its end are cut.
        # A Skip is kept only between two structs: at the end of an update it would add no
        # information.
        structs: list[bytes] = []
        begin = first  # clock of the first kept struct
        size = 0  # number of kept structs up to the last one that is not a hole
        for _ in range(count):
            start = at
            kind, _, _, _, at, _ = self.header(start)
            length, at = self.struct_end(at, kind)
            end = clock + length
            if end > first and clock < after and (kind != SKIP or structs):
                if not structs:
                    begin = max(clock, first)
                own = pack_id(client, clock)
                structs.append(
                    self.slice(start, own, length, max(first - clock, 0), min(after, end) - clock)
                )
                if kind != SKIP:
                    size = len(structs)
            clock = end
        if size:
            parts.append(
                b"".join(
                    (
                        write_var_uint(size),
                        write_var_uint(client),
                        write_var_uint(begin),
                        *structs[:size],
                    )
                )
            )
        return at


def id_bytes(packed: int) -> bytes:
    """Encode a packed id."""
    return write_var_uint(client_of(packed)) + write_var_uint(clock_of(packed))


def _slice_text(text: str, first: int, after: int) -> str:
    """Return the UTF-16 code units from `first` up to `after`; half a pair becomes U+FFFD."""
    if text.isascii():
        return text[first:after]
    # Clocks count UTF-16 units. A cut inside a pair leaves half of it, which cannot be decoded:
    # "replace" turns it into U+FFFD. "a😀b" gives "a" U+FFFD and U+FFFD "b", two units each, as in
    # Yjs.
    units = text.encode("utf-16-le")[first * _UNIT_BYTES : after * _UNIT_BYTES]
    return units.decode("utf-16-le", "replace")
