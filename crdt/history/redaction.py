"""Removes a text, such as a pasted secret, from all stored data of a document.

The structs stay, with equal ids and lengths, so that references to them stay valid. Each of their
UTF-16 code units becomes `BLOCK`. To find these structs, the log is played back over a span of
entries. The search looks at all texts of the document after each entry, and notes the structs that
show the text. It does not matter who typed the characters. Values with the text in a string
are noted, too.

The structs are not deleted, because a later update may refer to them. Also, a client that still has
the text would bring it back, because the structs would be new to the server.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from crdt.document.merging import EMPTY
from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.log import restore, segments
from crdt.log.codec import LogEntry, decode_chunk, decode_summary
from crdt.reading.blanking import BLOCK, VALUE_KINDS, Secret, blank
from crdt.reading.item_order import ItemOrder
from crdt.reading.items import YataItem, units
from crdt.wire.slicing import delete_set
from crdt.wire.struct_reader import Parent
from storage.errors import LimitReached
from storage.records import Chunk

MAX_SPAN = 20_000
"""Updates that one call may search at most: some seconds of work."""

RedactedIds = dict[int, list[int]]
"""{client id: clocks, in order}: units of text, and values"""


class RedactedRows:
    """Counts rows that lost a text: all of them, and those that lost it where all members see it.

    It counts each row just before the row is changed. So no changed row is missing if a redaction
    fails halfway.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.open_rows = 0

    def count(self, *, is_open: bool) -> None:
        """Count one row; `is_open`: whether all members see the part that was changed."""
        self.rows += 1
        self.open_rows += is_open


class RedactedPrograms:
    """Counts the runs and the tests of programs that a redaction has changed so far."""

    def __init__(self) -> None:
        self.runs = RedactedRows()
        self.tests = RedactedRows()


class Passage(NamedTuple):
    """A text that users had typed in the entries `first` to `last` of the log."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class SearchBounds:
    """The cost that one search may have: some seconds of a worker process.

    work    steps of the regular expression: some tenths of a second in all
    visits  items that are read next to changed items
    """

    work: int = 20_000_000
    visits: int = 20_000_000


BOUNDS = SearchBounds()

_FEW = 20
"""Up to this many changes of one update in one place are searched one by one.
If there are more, the whole place is searched."""

_BLOCKS = re.compile(f"{BLOCK}+")


_Piece = tuple[YataItem, int, str]
"""(item, offset in its text, a part of its text)"""


class _Search:
    """The text that is searched for, and the structs that were found.

    redacted_ids  {client id: clocks}
    """

    def __init__(self, text: str, bounds: SearchBounds) -> None:
        self.text_units = units(text)
        self.length = len(self.text_units)
        self.redacted_ids: dict[int, set[int]] = {}
        self._secret = Secret(text)
        self._work = bounds.work
        self._visits = bounds.visits
        # A call that failed halfway has already replaced some units by blocks. So a block matches
        # any unit of the text, but a match of blocks only is skipped. An example: "key" whose "e"
        # was replaced matches "[k█][e█][y█]".
        parts = "".join(f"[{re.escape(unit)}{BLOCK}]" for unit in self.text_units)
        self._partly = re.compile(f"(?!{BLOCK}{{{self.length}}}){parts}")

    def look_everywhere(self, order: ItemOrder) -> None:
        """Note the text in all places of a document."""
        for place in order.heads:
            self._look_in(order, place)

    def look_around(self, order: ItemOrder, changed: Iterable[YataItem]) -> None:
        """Note the text next to these items, or across them.

        changed  items that were just inserted or deleted
        """
        by_place: dict[Parent, list[YataItem]] = {}
        for item in changed:
            if item.place is not None:
                by_place.setdefault(item.place, []).append(item)
        for place, items in by_place.items():
            if len(items) > _FEW:
                self._look_in(order, place)
                continue
            for item in items:
                if not item.is_deleted and item.kind in VALUE_KINDS:
                    self._note_values(item)
                if place[1] is None:
                    self._note_text(self._around(item))

    def _look_in(self, order: ItemOrder, place: Parent) -> None:
        pieces = []
        for item in order.items(place):
            self._count()
            if item.is_deleted:
                continue
            if item.text is not None:
                pieces.append((item, 0, item.text))
            elif item.kind in VALUE_KINDS:
                self._note_values(item)
        if place[1] is None:
            self._note_text(pieces)

    def _around(self, item: YataItem) -> list[_Piece]:
        """Return the text of an item, and the text around it that a match may reach."""
        before: list[_Piece] = []
        # A match with a unit of this item begins at most length - 1 units before the item. It ends
        # at most that many units after the item. So this many shown units are collected on each
        # side.
        missing, left = self.length - 1, item.left
        while left and missing > 0:
            self._count()
            if left.text is not None and not left.is_deleted:
                text = left.text[-missing:]
                before.append((left, len(left.text) - len(text), text))
                missing -= len(text)
            left = left.left
        pieces = before[::-1]
        if item.text is not None and not item.is_deleted:
            pieces.append((item, 0, item.text))
        missing, right = self.length - 1, item.right
        while right and missing > 0:
            self._count()
            if right.text is not None and not right.is_deleted:
                pieces.append((right, 0, right.text[:missing]))
                missing -= len(right.text)
            right = right.right
        return pieces

    def _count(self) -> None:
        self._visits -= 1
        if self._visits < 0:
            raise LimitReached("too much changed in that part of the log: choose a shorter span")

    def _note_values(self, item: YataItem) -> None:
        kind, data, first = item.other
        held = self._secret.held(kind, data)
        clocks = [item.clock + at - first for at in held if first <= at < first + item.length]
        if clocks:
            self.redacted_ids.setdefault(item.client, set()).update(clocks)

    def _note_text(self, pieces: Sequence[_Piece]) -> None:
        """Note the ids of all matches of the text in neighbouring pieces."""
        ends = list(accumulate(len(text) for _, _, text in pieces))
        for start in self.places("".join(text for _, _, text in pieces)):
            at = start
            number = bisect_right(ends, start)
            while at < start + self.length:
                item, offset, text = pieces[number]
                clock = item.clock + offset + at - (ends[number] - len(text))
                count = min(start + self.length, ends[number]) - at
                self.redacted_ids.setdefault(item.client, set()).update(range(clock, clock + count))
                at, number = at + count, number + 1

    def places(self, text: str) -> Iterator[int]:
        """Yield the positions of the text, also where some of its units are blocks already."""
        at = text.find(self.text_units)
        while at >= 0:
            yield at
            at = text.find(self.text_units, at + self.length)
        for start, end in self._around_blocks(text):
            self._work -= (end - start) * self.length
            if self._work < 0:
                raise LimitReached("too much was redacted there already: choose a shorter span")
            yield from (match.start() for match in self._partly.finditer(text, start, end))

    def _around_blocks(self, text: str) -> Iterator[tuple[int, int]]:
        start = end = -1
        for match in _BLOCKS.finditer(text):
            if start >= 0 and match.start() - self.length < end:
                end = match.end() + self.length
                continue
            if start >= 0:
                yield start, end
            start, end = max(0, match.start() - self.length), match.end() + self.length
        if start >= 0:
            yield start, end


def find(
    chunks: Sequence[Chunk], first: int, last: int, text: str, bounds: SearchBounds = BOUNDS
) -> RedactedIds:
    """Return the structs that showed `text` after any of the entries `first` to `last`.

    chunks  at least the whole log up to `last`

    A unit that was redacted already matches any unit, so a call that failed halfway can be
    repeated. Raises RoomDamaged, or LimitReached if the search takes too long.
    """
    search = _Search(text, bounds)
    try:
        restored = restore.restore(None, chunks, until=first - 1, reads_summaries=True)
        order = ItemOrder(restored.state or EMPTY)
        for sequence, entry in _entries(chunks, first, last):
            changed = order.apply(entry.update)
            # The whole document is searched after the first entry. After that the text can only
            # appear next to items that an entry changes, so only these places are searched.
            if sequence == first:
                search.look_everywhere(order)
            else:
                search.look_around(order, changed)
    except (ProtocolError, Gap) as error:
        raise RoomDamaged("a stored update does not pass the scan") from error
    return {client: sorted(clocks) for client, clocks in search.redacted_ids.items()}


def _entries(chunks: Iterable[Chunk], first: int, last: int) -> Iterator[tuple[int, LogEntry]]:
    for chunk in chunks:
        if chunk.last >= first and chunk.first <= last:
            for sequence, entry in enumerate(decode_chunk(chunk.data), chunk.first):
                if first <= sequence <= last:
                    yield sequence, entry


def deletion(state: bytes, redacted_ids: RedactedIds) -> bytes:
    """Return the update that deletes those of the structs that a document still shows."""
    order = ItemOrder(state)
    ranges = []
    for place in order.heads:
        for item in order.items(place):
            clocks = () if item.is_deleted else redacted_ids.get(item.client, ())
            ranges += [
                (item.client, start, end)
                for start, end in _runs(clocks, item.clock, item.clock + item.length)
            ]
    return b"\x00" + delete_set(sorted(ranges))


def _runs(clocks: Sequence[int], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of consecutive clocks from `start` to before `end`."""
    first = last = -1
    for clock in clocks[bisect_left(clocks, start) : bisect_left(clocks, end)]:
        if clock != last:
            if last > first:
                yield first, last
            first = clock
        last = clock + 1
    if last > first:
        yield first, last


def redact_chunk(chunk: Chunk, redacted_ids: RedactedIds, text: str) -> tuple[Chunk, int] | None:
    """Return (the chunk without the text, the number of changed entries); None if none changed."""
    whole = decode_summary(chunk.data)
    # The merged update of a packed row has all its structs. So one look at it tells that most rows
    # need not be unpacked.
    if whole is not None and redact(whole, redacted_ids, text) is None:
        return None
    count = 0
    entries = []
    for entry in decode_chunk(chunk.data):
        update = redact(entry.update, redacted_ids, text)
        if update is None:
            entries.append(entry)
        else:
            count += 1
            entries.append(entry._replace(update=update, redacted=True))
    return (
        (segments.repack(chunk.session_id, chunk.first, entries, chunk.created_at), count)
        if count
        else None
    )


def redact(update: bytes, redacted_ids: RedactedIds, text: str) -> bytes | None:
    """Return an equal update without the text; None if the update does not have the text."""
    changed = blank(update, redacted_ids, text)
    return None if changed == update else changed
