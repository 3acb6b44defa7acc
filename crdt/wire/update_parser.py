"""Reads the parts of an update, and checks them in Python before pycrdt gets a byte of it.

`parse` checks everything that the bytes alone can tell: structure, lengths, counts, kinds, nesting.
`StructIndex` makes the checks that need the room's table of clocks, such as gaps and the owners of
client ids. Each rule is here because breaking it crashed, hung or corrupted yrs 0.28 in fuzzing, or
because it bounds work. `tests/fuzz` looks for more such rules.

See docs/design/wire.md.
"""

from crdt.errors import LimitExceeded, Rejected
from crdt.wire.compact import LONG_VALUES, squash
from crdt.wire.content import (
    ANY,
    CLIENT_LIMITS,
    DOC,
    GC,
    JSON,
    SKIP,
    STRING,
    TYPE,
    XML_HOOK,
    ScanLimits,
)  # fmt: skip
from crdt.wire.lib0 import read_var_uint
from crdt.wire.parsed_update import GONE, HOOKS, Parsed
from crdt.wire.struct_id import MAX_CLOCK, NO_ID, DenseIds, client_of, clock_of, pack_id
from crdt.wire.struct_reader import Parent, StructReader, utf_16_length

MAX_MERGEABLE = 1_000
"""Structs of text that continue the struct before them; a value counts four times. If there are
more, they are joined before yrs gets them. yrs joins them one by one: 1,000 take 1 ms and 2 MB,
64,000 take 2 s and 2 GB."""

_IS_LOW = bytes(byte in range(0xDC, 0xE0) for byte in range(256))
"""For the upper byte of a UTF-16 code unit: 1 if the unit is the second half of a character beyond
U+FFFF, otherwise 0."""
_MERGEABLE_VALUE = 4
_VALUES = (ANY, JSON)


def parse(update: bytes, limits: ScanLimits = CLIENT_LIMITS) -> Parsed:
    """Read a whole update.

    Raises Rejected for bytes that a Yjs client would not send, and LimitExceeded.
    """
    try:
        return _UpdateParser(update, limits).run()
    except IndexError:
        raise Rejected("update ends early") from None


def read(update: bytes, limits: ScanLimits = CLIENT_LIMITS) -> Parsed:
    """Read an update that is to be applied; raises Rejected as `parse`.

    Runs of many structs are joined first, because yrs needs quadratic time for them. Editors send a
    run as one struct. Only programs that merge many updates send it in pieces.
    """
    parsed = parse(update, limits)
    return (
        parse(squash(update), limits)
        if parsed.contents.mergeable > MAX_MERGEABLE and not parsed.holes
        else parsed
    )


class _UpdateParser(StructReader):
    """Parses one update in one pass.

    The last struct of a section belongs to a run: structs of one kind, each after the one before.

    _kind         kind of content of the last struct; -1 at the start of a section
    _right        right origin of the run
    _is_sequence  whether its structs are in a sequence (otherwise under a map key);
                  None if only the places of their neighbours tell
    """

    __slots__ = ("_contents", "_is_sequence", "_kind", "_parsed", "_right", "_structs_left")

    def __init__(self, update: bytes, limits: ScanLimits) -> None:
        super().__init__(update, limits)
        self._parsed = Parsed(update)
        self._contents = self._parsed.contents
        self._kind = -1
        self._right = NO_ID
        self._is_sequence: bool | None = None
        self._structs_left = limits.structs

    def run(self) -> Parsed:
        data = self.data
        sections, at = read_var_uint(data, 0)
        # Declared counts are checked against the number of bytes before anything is allocated: four
        # bytes can declare a billion structs.
        if sections > len(data):
            raise Rejected("more clients declared than bytes")
        for _ in range(sections):
            at = self._section(at)
        at = self._delete_set(at)
        if at != len(data):
            raise Rejected("bytes after the end of the update")
        return self._parsed

    def _section(self, at: int) -> int:
        data, spans = self.data, self._parsed.spans
        count, client, first, at = self.section_head(at)
        if count == 0 or count > len(data):
            raise Rejected("impossible number of structs")
        self._take_count(count)
        # Yjs never writes two sections of one client, and with two pycrdt loops forever at the next
        # read.
        if client in spans:
            raise Rejected("the same client twice")
        clock = first
        begin = at
        base = pack_id(client, 0)
        self._kind, self._is_sequence = -1, None
        for _ in range(count):
            if clock > MAX_CLOCK:
                raise Rejected("clock out of range")
            length, at = self._struct(at, client, clock, base + clock)
            # A struct without length would have the id of the next struct.
            if length == 0:
                raise Rejected("empty struct")
            clock += length
        if clock > MAX_CLOCK or at > len(data):
            raise Rejected("clock or length out of range")
        holes = self._parsed.holes
        spans[client] = (
            _without_holes(holes[client], first, clock) if client in holes else (first, clock)
        )
        self._parsed.sections.append((client, count, begin, at))
        return at

    def _struct(self, at: int, client: int, clock: int, own: int) -> tuple[int, int]:
        """Read the struct with packed id `own`; return (length in clock units, next position)."""
        kind, left, right, parent, at, flags = self.header(at)
        if parent:
            self._start(client, clock, kind, parent)
        elif kind == GC:
            self._collected(client, clock, flags)
            return read_var_uint(self.data, at)
        elif kind == SKIP:
            return self._hole(at, client, clock, flags)
        else:
            self._follow(client, clock, own, kind, left, right)
        if kind == STRING:
            return self._text(at, own)
        self._contents.kinds |= 1 << kind
        if kind == TYPE:
            if self.data[at] == XML_HOOK:
                self._contents.kinds |= HOOKS
            self._parsed.is_flat = False
            self._contents.types.append(own)
        elif kind == DOC:
            self._parsed.is_flat = False
        length, at = self.content(at, kind)
        if length > 1 and kind in _VALUES:
            self._contents.longest = max(self._contents.longest, length * LONG_VALUES)
            self._contents.multi_values.append(own)
        return length, at

    def _hole(self, at: int, client: int, clock: int, flags: int) -> tuple[int, int]:
        """Read a Skip: the sender lacks these structs, or knows that they need not be sent."""
        if flags:
            raise Rejected("hole with flags")
        length, at = read_var_uint(self.data, at)
        self._kind, self._is_sequence = -1, None
        if not self._parsed.holes:
            self._parsed.holes = {}
        self._parsed.holes.setdefault(client, []).append((clock, clock + length))
        return length, at

    def _collected(self, client: int, clock: int, flags: int) -> None:
        """Note a garbage-collected struct, of which only the length is left."""
        if flags:
            raise Rejected("garbage-collected struct with flags")
        self._parsed.is_flat = False
        self._kind, self._right, self._is_sequence = GC, NO_ID, True
        self._parsed.parent_changes.append((client, clock, NO_ID, NO_ID, GONE, GC))

    def _start(self, client: int, clock: int, kind: int, parent: Parent) -> None:
        """Check a struct that names its parent."""
        parsed = self._parsed
        name, key = parent
        if isinstance(name, str):
            self._contents.roots.add(name)
        else:
            self._refer(client, clock, name)
            parsed.is_flat = False
        if key is not None:
            if kind == STRING:
                raise Rejected("text under a map key")
            self._contents.has_keys = True
        self._kind, self._right, self._is_sequence = kind, NO_ID, key is None
        parsed.parent_changes.append((client, clock, NO_ID, NO_ID, parent, kind))

    def _follow(self, client: int, clock: int, own: int, kind: int, left: int, right: int) -> None:
        """Check a struct with origins, which has their place."""
        parsed = self._parsed
        # A left origin cuts after itself, a right origin before itself. `splits` has the place of
        # each cut, as the packed id of the unit after it.
        first = own - clock  # the packed ids from here to `own` are earlier structs of this client
        if left != NO_ID:
            if not first <= left < own:
                self._refer(client, clock, left)
            parsed.splits.append(left + 1)
        if right != NO_ID:
            if not first <= right < own:
                self._refer(client, clock, right)
            parsed.splits.append(right)
        is_behind = left == own - 1
        # In a run, each struct is directly after the one before it and of the same kind, and has
        # the right origin of the run or none. yrs would join these one by one.
        is_run = is_behind and kind == self._kind and right in (NO_ID, self._right)
        self._kind = kind
        if not is_behind:
            self._is_sequence = None
        if is_run and kind == STRING:
            self._contents.mergeable += 1
        elif is_run and kind in _VALUES:
            if self._is_sequence:
                self._contents.mergeable += _MERGEABLE_VALUE
            elif self._is_sequence is None:
                self._contents.followers += 1
        if not is_run:
            self._right = right
            parsed.parent_changes.append((client, clock, left, right, None, kind))

    def _refer(self, client: int, clock: int, packed: int) -> None:
        """Note that a struct refers to another struct, which must then be known before it."""
        other, k = client_of(packed), clock_of(packed)
        if other == client:
            # The other struct can never be known before this one, so this one has no place. No
            # client writes such a struct.
            if k >= clock:
                raise Rejected("struct that refers to itself or a later one")
            return
        needs = self._parsed.needs
        if k > needs.get(other, -1):
            needs[other] = k
        self._parsed.edges.append((client, clock, other, k))

    def _text(self, at: int, own: int) -> tuple[int, int]:
        """Read text; return (length in UTF-16 code units, next position)."""
        contents = self._contents
        size, at = read_var_uint(self.data, at)
        text = self.text(at, at + size)
        contents.text_bytes += size
        length = len(text)
        # With fewer characters than bytes the text is not ASCII. With more units than characters it
        # has surrogate pairs, and their second halves are noted.
        if length != size and (units := utf_16_length(text)) != length:
            contents.low_surrogates = contents.low_surrogates or DenseIds()
            contents.low_surrogates.add_marked(
                own, text.encode("utf-16-le")[1::2].translate(_IS_LOW)
            )
            length = units
        contents.longest = max(contents.longest, length)
        return length, at + size

    def _take_count(self, count: int) -> None:
        """Count structs or deleted ranges; raises LimitExceeded if they are too many."""
        self._structs_left -= count
        if self._structs_left < 0:
            raise LimitExceeded(f"over {self.limits.structs} structs in an update", "structs")

    def _delete_set(self, at: int) -> int:
        data, parsed = self.data, self._parsed
        sections, at = read_var_uint(data, at)
        if sections > len(data):
            raise Rejected("more clients declared than bytes")
        seen = set()
        for _ in range(sections):
            client, at = read_var_uint(data, at)
            count, at = read_var_uint(data, at)
            if client in seen or count == 0 or count > len(data):
                raise Rejected("impossible delete set")
            self._take_count(count)
            seen.add(client)
            end = 0
            for _ in range(count):
                start, at = read_var_uint(data, at)
                length, at = read_var_uint(data, at)
                # Clients write ranges in order and joined. So overlaps are cheap to exclude, which
                # would count deleted text twice.
                if length == 0 or start < end or start + length > MAX_CLOCK:
                    raise Rejected("delete ranges empty, out of order or out of range")
                end = start + length
                parsed.ranges.append((client, start, end))
        return at


def _without_holes(holes: list[tuple[int, int]], first: int, after: int) -> tuple[int, int]:
    """Return the clocks of a section without the holes at its ends.

    Raises Rejected if no structs are left.
    """
    for start, end in holes:
        first = end if start == first else first
    for start, end in reversed(holes):
        after = start if end == after else after
    if first >= after:
        raise Rejected("a section without structs")
    return first, after
