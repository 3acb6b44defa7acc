"""What an update consists of, read in Python before pycrdt sees a byte of it.

`parse` decides what the bytes alone can tell: structure, lengths, counts, kinds, nesting. What
needs the room's table of clocks (is there a gap, whose client id is it?) is `StructIndex`. Every rule
is here because breaking it crashed, hung or corrupted yrs 0.28 in fuzzing, or because it bounds
work (facts/pycrdt.md, "The scan that held"). The encoding is Yjs's update format, version 1.
"""

from crdt.errors import Rejected
from crdt.wire.compact import squash
from crdt.wire.content import ANY, BINARY, EMBED, GC, LIVE_LIMITS, SKIP, STRING, TYPE, ContentReader, ScanLimits
from crdt.wire.lib0 import read_var_uint
from crdt.wire.parsed_update import GONE, Parent, Parsed

MAX_CLOCK = (1 << 31) - 2
"""Clocks beyond this overflow yrs' 32-bit arithmetic."""

MAX_MERGEABLE = 4_000
"""Structs of text that continue the one before them; values count four. 13 ms in yrs; 20,000 take 319."""

_VALUES = frozenset((ANY, BINARY, EMBED, TYPE))


def parse(update: bytes, limits: ScanLimits = LIVE_LIMITS) -> Parsed:
    """Read a whole update; raises Rejected for anything a Yjs client would not send."""
    try:
        return _Scanner(update, limits).run()
    except IndexError:
        raise Rejected("update ends early") from None


def read(update: bytes, limits: ScanLimits = LIVE_LIMITS) -> Parsed:
    """The same for what shall be applied: runs of many structs are joined, which yrs does with the square of time.

    Editors send runs as one struct. Only what some program merged out of many updates comes in pieces.
    """
    parsed = parse(update, limits)
    return parse(squash(update), limits) if parsed.mergeable > MAX_MERGEABLE else parsed


class _Scanner(ContentReader):
    """One pass over one update."""

    __slots__ = (
        "_is_listed", "_kind", "_right", "behind", "conflicts_left", "is_ordered", "parent", "parsed", "place",
        "structs_left", "values_left",
    )  # fmt: skip

    def __init__(self, update: bytes, limits: ScanLimits) -> None:
        super().__init__(update, limits)
        self.parsed = Parsed(update)
        self.is_ordered = True
        self.parent = -1
        self.place: Parent = GONE
        self._kind = self._right = -1
        self._is_listed = False
        self.behind: dict[int, int] = {}
        self.conflicts_left = limits.conflicts
        self.structs_left = limits.structs
        self.values_left = limits.value_structs

    def run(self) -> Parsed:
        data, parsed = self.data, self.parsed
        sections, at = read_var_uint(data, 0)
        if sections > len(data):
            raise Rejected("more clients declared than bytes")
        self.is_ordered = sections < 2
        for _ in range(sections):
            at = self._section(at)
        at = self._delete_set(at)
        if at != len(data):
            raise Rejected("bytes after the end of the update")
        if not self.is_ordered:
            _check_order(parsed)
        return parsed

    def _section(self, at: int) -> int:
        data, parsed = self.data, self.parsed
        count, at = read_var_uint(data, at)
        self.structs_left -= count
        if count == 0 or count > len(data) or self.structs_left < 0:
            raise Rejected("impossible number of structs")
        client, at = read_var_uint(data, at)
        first, at = read_var_uint(data, at)
        if client in parsed.spans:
            raise Rejected("the same client twice")
        clock = first
        self._kind = -1
        for _ in range(count):
            if clock > MAX_CLOCK:
                raise Rejected("clock out of range")
            length, at = self._struct(at, client, clock)
            if length == 0:
                raise Rejected("empty struct")
            clock += length
        if clock > MAX_CLOCK or at > len(data):
            raise Rejected("clock or length out of range")
        parsed.spans[client] = (first, clock)
        return at

    def _struct(self, at: int, client: int, clock: int) -> tuple[int, int]:
        """Return (length in clock units, next position)."""
        data = self.data
        info = data[at]
        kind = info & 31
        if kind == GC:
            if info:
                raise Rejected("garbage-collected struct with flags")
            self.parsed.is_plain = False
            self._jump(client, clock, GONE, kind)
            return read_var_uint(data, at + 1)
        if kind == SKIP:
            raise Rejected("update with a hole in it")
        at += 1
        root, self.parent = "", -1
        if info & 0xC0:
            at = self._origins(at, info, client, clock)
        else:
            root, at = self._parent(at, info, client, clock)
            self._jump(client, clock, self.place, kind)
        if kind == STRING:
            return self._string(at, client, clock, root)
        if kind in _VALUES:
            self.values_left -= 1
            if self.values_left < 0:
                raise Rejected("too many values in one update")
        if kind == TYPE:
            self.parsed.is_plain = False
            self.parsed.types.append((client << 31 | clock, self.parent))
        return self.content(at, kind)

    def _jump(self, client: int, clock: int, place: Parent, kind: int) -> None:
        self._kind, self._right, self._is_listed = kind, -1, place[1] is None
        self.parsed.parent_changes.append((client, clock, -1, -1, place, kind))

    def _origins(self, at: int, info: int, client: int, clock: int) -> int:
        """What the struct stands between, which says where it lies."""
        parsed, own, kind = self.parsed, client << 31 | clock, info & 31
        left = right = -1
        if info & 0x80:
            at = self._reference(at, client, clock, 1)
            left = parsed.splits[-1] - 1
        if info & 0x40:
            at = self._reference(at, client, clock, 0)
            right = parsed.splits[-1]
            if left == right and self.limits.is_strict:
                raise Rejected("struct behind and before the same one")
            self._compete(left, own)
        follows = left == own - 1
        is_run = follows and kind == self._kind and right in (-1, self._right)
        if is_run and kind == STRING:
            parsed.mergeable += 1
        elif is_run and kind == ANY and self._is_listed:
            parsed.mergeable += 4
        self._is_listed = self._is_listed and follows
        if not is_run or kind == ANY:
            parsed.parent_changes.append((client, clock, left, right, None, kind))
            self._right = right
        self._kind = kind
        return at

    def _compete(self, left: int, own: int) -> None:
        """Bound structs put behind the same one, but not directly: yrs' work grows by their square.

        Typing at one place again and again names the struct typed there before as the right origin
        and costs nothing; 16,000 that do not took 28 s.
        """
        right = self.parsed.splits[-1]
        if self.behind.get(left, right) != right:
            self.conflicts_left -= 1
            if self.conflicts_left < 0:
                raise Rejected("too many conflicting inserts in one place")
        self.behind[left] = own

    def _reference(self, at: int, client: int, clock: int, after: int) -> int:
        """An origin: the struct to the left (`after` = 1: a run is cut behind it) or to the right (0)."""
        data, parsed = self.data, self.parsed
        other, at = read_var_uint(data, at)
        k, at = read_var_uint(data, at)
        if other == client:
            if k >= clock:
                raise Rejected("struct that refers to itself or a later one")
        else:
            if k > parsed.needs.get(other, -1):
                if k > MAX_CLOCK:
                    raise Rejected("clock out of range")
                parsed.needs[other] = k
            if not self.is_ordered:
                parsed.edges.append((client, clock, other, k))
        parsed.splits.append((other << 31 | k) + after)
        return at

    def _parent(self, at: int, info: int, client: int, clock: int) -> tuple[str, int]:
        """Return (root name or "" when the parent is a nested type, next position)."""
        data, parsed = self.data, self.parsed
        is_root, at = read_var_uint(data, at)
        root = ""
        if is_root == 1:
            root, at = self.name(at)
            parsed.roots.add(root)
        elif is_root == 0:
            before = at
            at = self._reference(at, client, clock, 0)
            parsed.splits.pop()
            other, before = read_var_uint(data, before)
            self.parent = other << 31 | read_var_uint(data, before)[0]
            parsed.parent_types.append(self.parent)
            parsed.is_plain = False
        else:
            raise Rejected("unknown kind of parent")
        key = None
        if info & 0x20:
            if info & 31 == STRING:
                raise Rejected("text under a map key")
            parsed.is_plain = False
            key, at = self.name(at)
        self.place = (root if is_root else self.parent, key)
        return root, at

    def _string(self, at: int, client: int, clock: int, root: str) -> tuple[int, int]:
        """Text: its length is in UTF-16 units."""
        parsed = self.parsed
        size, at = read_var_uint(self.data, at)
        text = self.text(at, at + size)
        parsed.text_bytes += size
        if root:
            parsed.text_roots.add(root)
        length = len(text)
        if length != size:
            base = client << 31 | clock
            extra = 0
            for index, character in enumerate(text):
                if character > "\uffff":
                    extra += 1
                    parsed.low_surrogates.append(base + index + extra)
            length += extra
        return length, at + size

    def _delete_set(self, at: int) -> int:
        data, parsed = self.data, self.parsed
        sections, at = read_var_uint(data, at)
        if sections > len(data):
            raise Rejected("more clients declared than bytes")
        seen = set()
        for _ in range(sections):
            client, at = read_var_uint(data, at)
            count, at = read_var_uint(data, at)
            self.structs_left -= count
            if client in seen or count == 0 or self.structs_left < 0:
                raise Rejected("impossible delete set")
            seen.add(client)
            end = 0
            for _ in range(count):
                start, at = read_var_uint(data, at)
                length, at = read_var_uint(data, at)
                if length == 0 or start < end or start + length > MAX_CLOCK:
                    raise Rejected("delete ranges empty, out of order or out of range")
                end = start + length
                parsed.ranges.append((client, start, end))
        return at


def _check_order(parsed: Parsed) -> None:
    """Reject sections that wait for each other: no order integrates them, yrs would keep them pending.

    Each section is read up to its first reference into a part of another section that is not read
    yet, then waits there; when a section moves on, those waiting for it are tried again.
    """
    pending: dict[int, list[tuple[int, int, int]]] = {client: [] for client in parsed.spans}
    for client, clock, other, k in reversed(parsed.edges):
        if other in parsed.spans and k >= parsed.spans[other][0]:
            pending[client].append((clock, other, k))
    reached = {client: span[0] for client, span in parsed.spans.items()}
    waiting: dict[int, list[int]] = {}
    ready = list(parsed.spans)
    while ready:
        client = ready.pop()
        edges = pending[client]
        while edges and edges[-1][2] < reached[edges[-1][1]]:
            edges.pop()
        position = edges[-1][0] if edges else parsed.spans[client][1]
        if edges:
            waiting.setdefault(edges[-1][1], []).append(client)
        if position > reached[client]:
            reached[client] = position
            ready += waiting.pop(client, [])
    if any(pending.values()):
        raise Rejected("structs that wait for each other")
