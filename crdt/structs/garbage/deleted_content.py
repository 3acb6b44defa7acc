"""Removes deleted content from a state; ids, lengths and deletions stay.

Yjs does the same on each client (`gc: true`). A deleted item becomes a ContentDeleted of its length
between the same neighbours. Structs in a deleted shared type become a GC. So later edits
find the structs that they refer to, and clients still learn of the deletion. 16.7 million
characters that were typed and deleted again are then one struct of 20 bytes. An example, with
client 5 in root "t", before and after:

    5:0 "hello" in t    5:5 "brave new world" after 5:4    deleted: 5:5 to 5:19
    5:0 "hello" in t    5:5 15 deleted after 5:4           deleted: 5:5 to 5:19

Two kinds of content are kept that Yjs drops. A few deleted characters inside a run of text stay,
because a cut of the run would take more bytes. In a root whose content was all deleted, one unit
stays, because it shows that the root was a text.

See docs/design/documents.md.
"""

from collections.abc import Set

from crdt.structs.garbage.cutting import Part, StructCutter
from crdt.structs.garbage.lost_structs import (
    Ranges,
    StructPlaces,
    deleted_ranges,
    lost_ranges,
    superseded,
)
from crdt.wire.compact import IsInSequence, squash
from crdt.wire.content import (
    DELETED,
    EMBED,
    FORMAT,
    GC,
    SKIP,
    STORED_LIMITS,
    STRING,
    TYPE,
    XML_TYPES,
)
from crdt.wire.lib0 import read_var_uint, write_var_uint
from crdt.wire.parsed_update import Parsed
from crdt.wire.struct_id import pack_id
from crdt.wire.struct_reader import Parent
from crdt.wire.update_parser import parse

_LEAST_UNITS = 24
"""The fewest deleted characters inside a run of text that are worth a cut.
The heads of two more structs take as many bytes."""

_TEXT_KINDS = frozenset((STRING, EMBED, FORMAT))
_NO_RANK = -1
_NONE: frozenset[int] = frozenset()


def collect(
    state: bytes, parsed: Parsed, kept_bytes: int = 0, is_in_sequence: IsInSequence | None = None
) -> tuple[bytes, Parsed]:
    """Return an equal state without deleted content, squashed; and the parsed state.

    parsed          the state, parsed with STORED_LIMITS
    kept_bytes      the state is returned unchanged if it would lose at most this many bytes
    is_in_sequence  see `squash`
    """
    if len(state) <= kept_bytes or (parsed.is_plain and not parsed.ranges):
        return state, parsed
    collected = squash(_collected(state, parsed), is_in_sequence=is_in_sequence)
    if len(state) - len(collected) <= kept_bytes:
        return state, parsed
    return collected, parse(collected, STORED_LIMITS)


def _collected(state: bytes, parsed: Parsed) -> bytes:
    deleted = deleted_ranges(parsed.ranges)
    places = StructPlaces(parsed)
    # A value under a key that a later value replaced is deleted for every client, even if no
    # deletion names it.
    if hidden := superseded(state, parsed, places, deleted):
        deleted = deleted_ranges((*parsed.ranges, *hidden))
    lost = lost_ranges(places.placement, places.lost_types(deleted), parsed.spans)
    collector = _Collector(state, deleted, lost, places)
    collected = collector.run()
    # A second pass keeps one unit of each root that has lost all content. That is rare, and only
    # the first pass shows which roots these are.
    if last := collector.last_traces():
        collected = _Collector(state, deleted, lost, places, last).run()
    return collected


class _Collector(StructCutter):
    """Removes deleted content in one pass over one state."""

    __slots__ = ("_deleted", "_lost", "_places", "_remaining", "_removed", "_traces")

    def __init__(
        self,
        state: bytes,
        deleted: Ranges,
        lost: Ranges,
        places: StructPlaces,
        traces: Set[int] = _NONE,
    ) -> None:
        """traces: packed ids of deleted structs that must keep one unit."""
        super().__init__(state)
        self._deleted = deleted
        self._lost = lost
        self._places = places
        self._traces = traces
        self._remaining: dict[str, int] = {}  # the highest rank of the remaining structs in a root
        # (rank, minus its bytes, packed id) of a removed struct of the highest rank in a root. The
        # greatest such tuple is the smallest of these structs.
        self._removed: dict[str, tuple[int, int, int]] = {}

    def run(self) -> bytes:
        sections, at = read_var_uint(self.data, 0)
        parts = [write_var_uint(sections)]
        for _ in range(sections):
            at = self._section(at, parts)
        parts.append(self.data[at:])
        return b"".join(parts)

    def last_traces(self) -> set[int]:
        """Return a small struct of each root that lost all structs which show its type.

        The structs are returned as packed ids.
        """
        return {
            packed
            for root, (rank, _, packed) in self._removed.items()
            if rank > self._remaining.get(root, _NO_RANK)
        }

    def _section(self, at: int, out: list[bytes]) -> int:
        count, client, first, at = self.section_head(at)
        lost = _Cursor(self._lost.get(client, []))
        deleted = _Cursor(self._deleted.get(client, []))
        runs = self._places.runs(client)
        run = 0
        structs: list[bytes] = []
        clock = first
        for _ in range(count):
            start = at
            kind, _, _, _, content, _ = self.header(start)
            length, at = self.struct_end(content, kind)
            end = clock + length
            if kind in (GC, SKIP):
                structs.append(self.data[start:at])
            # The struct is in a deleted type. Its neighbours are not needed any more, because
            # nothing that is put there stays.
            elif lost.covered(clock, end):
                structs.append(bytes((GC,)) + write_var_uint(length))
            else:
                while run + 1 < len(runs) and runs[run + 1][0] <= clock:
                    run += 1
                own = pack_id(client, clock)
                parts = _parts(
                    kind, length, deleted.covered(clock, end), is_trace=own in self._traces
                )
                self._note(
                    _rank(kind, self.data[content]),
                    runs[run][1],
                    own,
                    parts,
                    1 if kind == STRING else at - content,
                )
                if any(is_deleted for _, _, is_deleted in parts) and kind != DELETED:
                    structs += self.cut(start, own, parts)
                else:
                    structs.append(self.data[start:at])
            clock = end
        out += (
            write_var_uint(len(structs)),
            write_var_uint(client),
            write_var_uint(first),
            *structs,
        )
        return at

    def _note(self, rank: int, place: Parent, own: int, parts: list[Part], size: int) -> None:
        """Note whether a part of a struct remains that shows the type of its root.

        size  bytes of the smallest part that could remain
        """
        root, key = place
        if key is not None or not isinstance(root, str) or rank == _NO_RANK:
            return
        if not all(is_deleted for _, _, is_deleted in parts):
            self._remaining[root] = max(rank, self._remaining.get(root, rank))
        else:
            trace = (rank, -size, own)
            self._removed[root] = max(trace, self._removed.get(root, trace))


def _rank(kind: int, first: int) -> int:
    """Return how surely a struct shows the type of its root: any text makes it a text.

    first  first byte of the struct's content
    """
    if kind == DELETED:
        return _NO_RANK
    if kind in _TEXT_KINDS:
        return 2
    return 0 if kind == TYPE and first in XML_TYPES else 1


class _Cursor:
    """Reads ranges of one client in order."""

    __slots__ = ("_at", "_ranges")

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = ranges
        self._at = 0

    def covered(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the parts of the ranges between two clocks, relative to the first clock."""
        ranges = self._ranges
        while self._at < len(ranges) and ranges[self._at][1] <= start:
            self._at += 1
        covered = []
        at = self._at
        while at < len(ranges) and ranges[at][0] < end:
            covered.append((max(ranges[at][0], start) - start, min(ranges[at][1], end) - start))
            at += 1
        return covered


def _parts(kind: int, length: int, deleted: list[tuple[int, int]], *, is_trace: bool) -> list[Part]:
    """Return the parts into which a struct is to be cut.

    deleted   (start, end) of the struct's deleted parts
    is_trace  the first unit is always kept
    """
    parts: list[Part] = []
    reached = 0
    for first, after in deleted:
        # The first unit of a trace stays, even if it was deleted.
        start = max(first, 1) if is_trace else first
        # Text is cut only if that saves bytes. Values are always removed, because one value may
        # have megabytes. A struct that is deleted as a whole needs no cut.
        is_worth = (
            kind != STRING
            or after - start >= _LEAST_UNITS
            or (start == reached and after == length)
        )
        if start < after and is_worth:
            if reached < start:
                parts.append((reached, start, False))
            parts.append((start, after, True))
            reached = after
    if reached < length:
        parts.append((reached, length, False))
    return parts
