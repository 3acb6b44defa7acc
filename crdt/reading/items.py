"""Reads the items of a document from an update; `item_order` puts them in order.

Yjs counts UTF-16 code units, and Python counts characters. So texts here are strings with one
character for each code unit: `units` makes them, and `as_text` turns them into usual strings. An
emoji is then two characters, its surrogates, and clocks, lengths and slices are plain indexes.
"a😀b" has four: a, U+D83D, U+DE00 and b, with the clocks 0 to 3.

With usual strings, each cut inside a run with emoji would have to count the code units from the
beginning of the run.

The input must have passed `update_parser.parse`.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from crdt.wire.content import DELETED, EMBED, FORMAT, GC, SKIP, STORED_LIMITS, STRING
from crdt.wire.lib0 import read_var_uint
from crdt.wire.struct_id import NO_ID, pack_id
from crdt.wire.struct_reader import Parent, StructReader

REPLACEMENT = "\ufffd"
"""Yjs puts this for each half of a character that was cut in two."""

OF_TEXTS = frozenset((STRING, EMBED, FORMAT))
"""Kinds of content that make their root a text."""


class Content(NamedTuple):
    """Content that is not text.

    kind   see `crdt.wire.content`
    data   the content's bytes; b"" if it was removed
    first  the number of values in `data` before the values of the item that has this content
    """

    kind: int
    data: bytes = b""
    first: int = 0


_COLLECTED, _SKIPPED, _DELETED = Content(GC), Content(SKIP), Content(DELETED)


class YataItem:
    """A run of neighbouring structs of one client.

    content       its text, in UTF-16 code units, or other content
    length        the number of its structs, which is also the number of its code units or values
    origin        packed id of the struct after which it was put, or NO_ID
    right_origin  packed id of the struct before which it was put, or NO_ID
    place         its root or shared type, and its key there; None if that was removed
    block         finds its position; only set if `crdt.reading.positions` is used
    is_shown      its text counts for positions
    """

    __slots__ = (
        "block", "client", "clock", "content", "is_deleted", "is_shown", "left", "length", "origin",
        "place", "right",
        "right_origin",
    )  # fmt: skip
    block: "Block"

    def __init__(self, client: int, clock: int, content: str | Content, length: int) -> None:
        self.client = client
        self.clock = clock
        self.content = content
        self.length = length
        self.origin = NO_ID
        self.right_origin = NO_ID
        self.left: YataItem | None = None
        self.right: YataItem | None = None
        self.place: Parent | None = None
        self.is_deleted = content is _DELETED
        self.is_shown = False

    @property
    def kind(self) -> int:
        """The kind of the item's content, see `crdt.wire.content`."""
        return STRING if isinstance(self.content, str) else self.content.kind

    @property
    def text(self) -> str | None:
        """The item's text; None if its content is not text."""
        return self.content if isinstance(self.content, str) else None

    @property
    def other(self) -> Content:
        """The item's content if it is not text; raises TypeError if it is text."""
        if isinstance(self.content, str):
            raise TypeError("the item is text")
        return self.content

    def split(self, offset: int) -> "YataItem":
        """Cut the item after `offset` structs; return the right part.

        Halves of characters become U+FFFD, as in Yjs.
        """
        tail: str | Content
        if isinstance(self.content, str):
            text, tail = self.content[:offset], self.content[offset:]
            # The cut is between the two halves of a character. A half cannot be written as UTF-8,
            # so Yjs replaces both halves permanently (`ContentString.splice`): "a😀b" cut at 2
            # becomes "a" U+FFFD and U+FFFD "b".
            if "\ud800" <= text[-1] <= "\udbff":
                text, tail = text[:-1] + REPLACEMENT, REPLACEMENT + tail[1:]
            self.content = text
        else:
            kind, data, first = self.content
            tail = Content(kind, data, first + offset) if data else self.content
        rest = YataItem(self.client, self.clock + offset, tail, self.length - offset)
        # The right part gets the neighbours that it would have if the client had typed it alone
        # (`splitItem` in `Item.js`).
        rest.origin, rest.right_origin = pack_id(self.client, rest.clock - 1), self.right_origin
        rest.place, rest.is_deleted, rest.is_shown = self.place, self.is_deleted, self.is_shown
        rest.left, rest.right = self, self.right
        if self.right:
            self.right.left = rest
        self.right = rest
        self.length = offset
        return rest


class Block:
    """Neighbouring items of a list, for `crdt.reading.positions`.

    number  the block's index among the blocks of its list
    size    the number of its items
    """

    __slots__ = ("first", "number", "size")

    def __init__(self, first: YataItem, number: int, size: int) -> None:
        self.first = first
        self.number = number
        self.size = size


class ItemReader(StructReader):
    """Reads the structs of an update into items."""

    __slots__ = ("_at",)

    def __init__(self, update: bytes) -> None:
        super().__init__(update, STORED_LIMITS)
        self._at = 0

    def sections(self) -> dict[int, list[YataItem]]:
        """Return {client id: the client's items in order of clocks}."""
        sections = {}
        section_count, at = read_var_uint(self.data, 0)
        for _ in range(section_count):
            structs, client, clock, at = self.section_head(at)
            items = []
            for _ in range(structs):
                item, at = self._item(at, client, clock)
                clock += item.length
                if item.content is not _SKIPPED:
                    items.append(item)
            sections[client] = items
        self._at = at
        return sections

    def deleted(self) -> Iterator[tuple[int, int, int]]:
        """Yield (client, start, end) of each deleted range; call after `sections`."""
        count, at = read_var_uint(self.data, self._at)
        for _ in range(count):
            client, at = read_var_uint(self.data, at)
            ranges, at = read_var_uint(self.data, at)
            for _ in range(ranges):
                start, at = read_var_uint(self.data, at)
                length, at = read_var_uint(self.data, at)
                yield client, start, start + length

    def _item(self, at: int, client: int, clock: int) -> tuple[YataItem, int]:
        kind, left, right, parent, at, _ = self.header(at)
        if kind in (GC, SKIP):
            length, at = read_var_uint(self.data, at)
            return YataItem(client, clock, _COLLECTED if kind == GC else _SKIPPED, length), at
        if kind == STRING:
            text, end = self.string(at)
            text = units(text)
            item = YataItem(client, clock, text, len(text))
        else:
            length, end = self.content(at, kind)
            content = _DELETED if kind == DELETED else Content(kind, self.data[at:end])
            item = YataItem(client, clock, content, length)
        # An item with an origin has no parent in its bytes: its place is found when it is
        # integrated.
        item.origin, item.right_origin, item.place = left, right, parent
        return item, end


def text_bytes(*updates: bytes) -> int:
    """Return the UTF-8 bytes of all text in these updates, in all types, without deleted text.

    updates  updates of one document; no struct is in two of them
    """
    strings: dict[int, list[YataItem]] = {}
    deleted: list[tuple[int, int, int]] = []
    for update in updates:
        reader = ItemReader(update)
        for client, items in reader.sections().items():
            strings.setdefault(client, []).extend(item for item in items if item.text is not None)
        deleted += reader.deleted()
    # All text is added up, then deleted text is subtracted. Asking each item whether it is deleted
    # would cut items at the ends of ranges, only to get a number.
    total = sum(_bytes(item.text or "") for items in strings.values() for item in items)
    for items in strings.values():
        items.sort(key=lambda item: item.clock)
    starts = {client: [item.clock for item in items] for client, items in strings.items()}
    reached: dict[int, int] = {}
    for client, first, end in sorted(deleted):
        # Merged updates may delete a range twice, so ranges overlap: each unit counts once.
        start = max(first, reached.get(client, 0))
        reached[client] = max(start, end)
        items = strings.get(client, [])
        index = max(0, bisect_right(starts.get(client, ()), start) - 1)
        while index < len(items) and items[index].clock < end:
            item = items[index]
            total -= _bytes(
                (item.text or "")[max(0, start - item.clock) : max(0, end - item.clock)]
            )
            index += 1
    return total


def _bytes(unit_string: str) -> int:
    return len(unit_string) if unit_string.isascii() else len(as_text(unit_string).encode())


def units(text: str) -> str:
    """Return a string with one character for each UTF-16 code unit."""
    # Nearly all source code is ASCII, and text without emoji needs no other form, either.
    if text.isascii() or max(text) < "\U00010000":
        return text
    return from_utf_16(text.encode("utf-16-le"))


def from_utf_16(raw: bytes) -> str:
    """Return a string with one character for each code unit of UTF-16 bytes, low byte first."""
    return "".join(map(chr, memoryview(raw).cast("H")))


def as_text(unit_string: str) -> str:
    """Undo `units`; a lone half of a character becomes U+FFFD."""
    if unit_string.isascii():
        return unit_string
    return unit_string.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
