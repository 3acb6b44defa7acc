"""Makes a stored state small: neighbouring runs of typing become one struct.

`pycrdt.merge_updates` keeps one struct for each keystroke: 3.1 MB for a text of 260,000 edits, 1.5
s to load. Squashed, this state has 0.4 MB and loads in milliseconds.

The invariant: Yjs would cut the squashed update into the given one again. Yjs defines the right
part of a split run as a struct whose origin is the clock before it, and whose right origin is the
run's (`splitItem` in `Item.js`). So only structs of exactly that form are joined, and later updates
have the same effect on both.

An example: 5:0 "h" in root "t", 5:1 "i" after 5:0, 5:2 "!" after 5:1 become 5:0 "hi!". If 5:1 had
been put before another struct, it would not be joined: it has another right origin, which decides
where later edits go.

Values in a sequence are joined as text is: yrs needs a second to load 8,000 values that were put
there one by one. Values under a map key are not joined. The bytes of a value that has its place
from a neighbour do not tell whether it is under a key; the caller may know it.

The input must have passed `update_parser.parse`.

See docs/design/documents.md.
"""

from collections.abc import Callable, Set

from crdt.wire.content import ANY, DELETED, GC, JSON, STRING
from crdt.wire.lib0 import read_var_uint, write_var_bytes, write_var_uint
from crdt.wire.struct_id import NO_ID
from crdt.wire.struct_reader import utf_16_length
from crdt.wire.struct_rewriter import StructRewriter

LONG_VALUES = 32
"""Characters that one value counts as when the cost of cutting a struct is estimated: yrs moves
each value."""

_VALUES = (ANY, JSON)
_NOTHING_OPEN = -1
_REPLACEMENTS = "\ufffd\ufffd"


IsInSequence = Callable[[int], bool]
"""Tells for the packed id of a struct whether it is in a sequence, and not under a map key."""


def squash(
    update: bytes,
    split_surrogates: Set[int] = frozenset(),
    is_in_sequence: IsInSequence | None = None,
) -> bytes:
    """Return an equal update with joined runs.

    split_surrogates  packed ids of second halves of characters that an edit cut in two. Yjs
                      replaces both halves by U+FFFD, but yrs does not. So a view that must show
                      the same text as Yjs is loaded from a state with these halves replaced
    is_in_sequence    finds the place of a value that has its place from a neighbour;
                      without it such values are not joined
    """
    return Squasher(update, split_surrogates, is_in_sequence).run()


class _OpenRun:
    """The structs read last, which become one struct; the next struct may join them.

    kind    kind of their content, or _NOTHING_OPEN
    head    all bytes before the content of the first struct
    right   packed id of its right origin, or NO_ID
    length  clock units of all structs
    texts   their contents
    """

    __slots__ = ("head", "kind", "length", "right", "texts")

    def __init__(self) -> None:
        self.kind = _NOTHING_OPEN
        self.head = b""
        self.right = NO_ID
        self.length = 0
        self.texts: list[bytes] = []


class Squasher(StructRewriter):
    """Squashes one update in one pass, see `squash`.

    longest  length of the longest text or values written; values count many times (`LONG_VALUES`)

    `_is_sequence` tells whether the last struct is in a sequence; None if that is not known.
    """

    __slots__ = ("_is_in_sequence", "_is_sequence", "_run", "_split_surrogates", "longest")

    def __init__(
        self, update: bytes, split_surrogates: Set[int], is_in_sequence: IsInSequence | None
    ) -> None:
        super().__init__(update)
        self.longest = 0
        self._split_surrogates = split_surrogates
        self._is_in_sequence = is_in_sequence
        self._is_sequence: bool | None = None
        self._run = _OpenRun()  # one object for the whole pass: most updates have many short runs

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        """Put one struct into the open run, or begin the next run; see `StructRewriter.rewrite`."""
        kind, left, right, parent, at, _ = self.header(start)
        run = self._run
        # A GC has no origins and no content, only a length: neighbouring ones can always be joined.
        if kind == GC:
            length, end = read_var_uint(self.data, at)
            self._add(kind, start, at, right, length, b"", joins=run.kind == GC)
            return length, end
        # This is the form that `splitItem` makes. The left origin is the unit right before (packed
        # ids of one client follow each other), and the right origin is that of the run.
        is_behind = left == own - 1
        joins = is_behind and kind == run.kind and right == run.right
        # Only the first struct of a run may name its parent. The next ones have an origin, so they
        # have the same parent as the run.
        if parent is not None:
            self._is_sequence = parent[1] is None
        elif not is_behind or self._is_sequence is None:
            self._is_sequence = (
                kind in _VALUES and self._is_in_sequence is not None and self._is_in_sequence(own)
            )
        if kind == STRING:
            length, text, end = self._string(at, own)
            self._add(kind, start, at, right, length, text, joins=joins)
        elif kind == DELETED:
            length, end = read_var_uint(self.data, at)
            self._add(kind, start, at, right, length, b"", joins=joins)
        elif kind in _VALUES and self._is_sequence:
            values = read_var_uint(self.data, at)[1]
            length, end = self.content(at, kind)
            self._add(kind, start, at, right, length, self.data[values:end], joins=joins)
        else:
            self._close()
            length, end = self.content(at, kind)
            self.keep(start, end)
            if length > 1:
                self.longest = max(self.longest, length * LONG_VALUES)
        return length, end

    def _string(self, at: int, own: int) -> tuple[int, bytes, int]:
        """Return (length in UTF-16 units, UTF-8 bytes, next position)."""
        size, at = read_var_uint(self.data, at)
        raw, end = self.data[at : at + size], at + size
        if raw.isascii():
            return size, raw, end
        text = raw.decode()
        length = utf_16_length(text)
        # With more units than characters there are surrogate pairs, and one of them may have been
        # cut in two.
        if length != len(text) and self._split_surrogates:
            text = self._with_replacements(text, own)
        return length, text.encode(), end

    def _with_replacements(self, text: str, own: int) -> str:
        """Replace the characters that were cut in two; own: packed id of the first unit."""
        characters = []
        units = 0
        for character in text:
            if character > "\uffff":
                units += 1
            # The cut is noted with the packed id of the second half.
            is_split = character > "\uffff" and own + units in self._split_surrogates
            units += 1
            characters.append(_REPLACEMENTS if is_split else character)
        return "".join(characters)

    def _add(
        self, kind: int, start: int, at: int, right: int, length: int, text: bytes, *, joins: bool
    ) -> None:
        """Add a struct to the open run, or begin a run with the struct's head.

        The head is between `start` and `at`.
        """
        run = self._run
        if joins:
            run.length += length
            run.texts.append(text)
            return
        # The struct does not join, so the open run ends.
        self._close()
        run.kind, run.right, run.length, run.texts = kind, right, length, [text]
        run.head = self.data[start:at]

    def end_section(self) -> None:
        """Write the open run: a run never goes on in the section of another client."""
        self._close()
        self._is_sequence = None

    def _close(self) -> None:
        """Write the open run, if there is one."""
        run = self._run
        kind = run.kind
        if kind == STRING:
            self.write(1, run.head, write_var_bytes(b"".join(run.texts)))
            self.longest = max(self.longest, run.length)
        elif kind in _VALUES:
            self.write(1, run.head, write_var_uint(run.length), *run.texts)
            self.longest = max(self.longest, run.length * LONG_VALUES)
        elif kind in (GC, DELETED):
            self.write(1, run.head, write_var_uint(run.length))
        run.kind = _NOTHING_OPEN
