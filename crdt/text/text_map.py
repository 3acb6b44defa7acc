"""Which bytes of an older text are still there in a newer one, and where.

A client that sends whole texts says what it changed only by what it had before. `TextMap` carries that
change over to the text as it is by now: what others inserted meanwhile stays, what they deleted is not
deleted twice. All positions are UTF-8 bytes, as in pycrdt.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Edit(NamedTuple):
    """Replace `deleted` bytes at `position` by `inserted`."""

    position: int
    deleted: int
    inserted: bytes


class Shift(NamedTuple):
    """What an edit does to positions: `inserted` is a number of bytes."""

    position: int
    deleted: int
    inserted: int


class SharedRun(NamedTuple):
    """`length` bytes of the older text at `old` are at `new` in the newer one."""

    old: int
    length: int
    new: int


class TextMap:
    """The surviving runs of an older text, in order; the order is the same in both texts."""

    __slots__ = ("runs",)

    def __init__(self, runs: Iterable[SharedRun] = ()) -> None:
        self.runs: list[SharedRun] = []
        for run in runs:
            self.append(run.old, run.length, run.new)

    @classmethod
    def of(cls, text: bytes) -> "TextMap":
        """From a text with every CRLF shortened to LF to the text itself."""
        whole = cls()
        start = skipped = 0
        while (end := text.find(b"\r\n", start)) >= 0:
            whole.append(start - skipped, end - start, start)
            start, skipped = end + 1, skipped + 1
        whole.append(start - skipped, len(text) - start, start)
        return whole

    def shifted(self, shifts: Sequence[Shift]) -> "TextMap":
        """Return the map to the text that edits make of the newer one.

        shifts  in order, with positions in the newer text as it was before all of them
        """
        moved = TextMap()
        cursor = _ShiftCursor(shifts)
        for run in self.runs:
            for start, end, offset in cursor.survivors(run.new, run.new + run.length):
                moved.append(run.old + start - run.new, end - start, start + offset)
        return moved

    def carry(self, edits: Sequence[Edit], text: bytes) -> tuple[list[Edit], "TextMap"]:
        """Carry edits of the older text over to the newer one, `text`.

        edits  in order, with positions in the older text as it was before all of them; newlines are LF
               and become what `text` has

        Returns the edits of the newer text, in order, with positions in it as it was before all of them;
        and the map from the older text to the newer one, both with these edits made.
        """
        cursor = _CarryCursor(self, text)
        for position, deleted, inserted in edits:
            cursor.keep_until(position)
            cursor.insert(position, inserted)
            cursor.delete(position, deleted)
        cursor.keep_until(None)
        return cursor.edits, cursor.map

    def between(self, start: int, end: int | None) -> Iterable[SharedRun]:
        """Yield what survives of the older text from `start` to `end`."""
        for at in range(max(0, self._index(start)), len(self.runs)):
            old, length, new = self.runs[at]
            first = max(start, old)
            last = old + length if end is None else min(end, old + length)
            if end is not None and old >= end:
                return
            if first < last:
                yield SharedRun(first, last - first, new + first - old)

    def _index(self, position: int) -> int:
        """Return the index of the last run that begins at or before a position, -1 if there is none."""
        return bisect_right(self.runs, position, key=lambda run: run.old) - 1

    def place(self, position: int, text: bytes) -> int:
        """Return where in the newer text something belongs that is inserted before `position` of the older one.

        Right behind the byte before it if that survives, else right before the byte after it, else
        behind the nearest one before.
        """
        at = self._index(position - 1)
        left = self.runs[at] if at >= 0 else None
        if left and position <= left.old + left.length:
            return left.new + position - left.old
        right = self.runs[at + 1] if at + 1 < len(self.runs) else None
        if right and (right.old == position or left is None):
            inside_pair = text[right.new : right.new + 1] == b"\n" and text[max(0, right.new - 1) : right.new] == b"\r"
            return right.new - inside_pair
        return left.new + left.length if left else len(text)

    def append(self, old: int, length: int, new: int) -> None:
        """Add a run behind the others, joined with the last one if it touches it."""
        if length <= 0:
            return
        if self.runs:
            last = self.runs[-1]
            if last.old + last.length == old and last.new + last.length == new:
                self.runs[-1] = SharedRun(last.old, last.length + length, last.new)
                return
        self.runs.append(SharedRun(old, length, new))


class _ShiftCursor:
    """Walks through shifts and, in step with them, through the runs of a text, both in order."""

    __slots__ = ("_next", "_offset", "_shifts")

    def __init__(self, shifts: Sequence[Shift]) -> None:
        self._shifts = shifts
        self._next = 0
        self._offset = 0

    def survivors(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, how far it moves) of the parts of a run that no shift deletes."""
        while self._next < len(self._shifts) and self._shifts[self._next].position < end:
            position, deleted, inserted = self._shifts[self._next]
            if position > start:
                yield start, position, self._offset
                start = position
            if position + deleted > end:
                return  # the shift goes on behind this run: the next run begins with it
            start = max(start, position + deleted)
            self._offset += inserted - deleted
            self._next += 1
        yield start, end, self._offset


class _CarryCursor:
    """Walks through an older text from edit to edit, and makes the edits of the newer text.

    edits  made so far, with positions in the newer text as it was before all of them
    map    from the older text to the newer one, both with these edits made, as far as the cursor is

    An example: the older text "ab" became "aXb" meanwhile. The edit "delete b, insert Y" is (1, 1, "Y") in
    the older text. `keep_until(1)` maps "a". `insert` puts "Y" right behind the surviving "a", at 1.
    `delete` finds "b" at 2. The edits are (1, 0, "Y") and (2, 1, ""), and the newer text becomes "aYX".
    """

    def __init__(self, base: TextMap, text: bytes) -> None:
        self.edits: list[Edit] = []
        self.map = TextMap()
        self._base = base
        self._text = text
        self._has_crlf = b"\r\n" in text and text.count(b"\n") == text.count(b"\r\n")
        self._done = 0  # position in the older text up to which the cursor is
        self._least = 0  # where the last edit ended in the newer text: the next one cannot be before it
        self._old_growth = 0
        self._new_growth = 0

    def keep_until(self, position: int | None) -> None:
        """Go on to a position of the older text, None for its end; what survives up to there stays."""
        for run in self._base.between(self._done, position):
            self.map.append(run.old + self._old_growth, run.length, run.new + self._new_growth)

    def insert(self, position: int, inserted: bytes) -> None:
        """Insert where the cursor is."""
        at = max(self._least, self._base.place(position, self._text))
        put = inserted.replace(b"\n", b"\r\n") if self._has_crlf else inserted
        if put:
            self.edits.append(Edit(at, 0, put))
            for run in TextMap.of(put).runs:
                self.map.append(position + self._old_growth + run.old, run.length, at + self._new_growth + run.new)
        self._old_growth += len(inserted)
        self._new_growth += len(put)
        self._least = at

    def delete(self, position: int, deleted: int) -> None:
        """Delete behind the cursor what survives there, and go on to its end."""
        for _, length, new in self._base.between(position, position + deleted):
            end = new + length
            is_crlf = self._text[new : new + 1] == b"\n" and self._text[max(self._least, new - 1) : new] == b"\r"
            start = new - is_crlf
            self.edits.append(Edit(start, end - start, b""))
            self._new_growth -= end - start
            self._least = end
        self._old_growth -= deleted
        self._done = position + deleted


def shifts_of(edits: Iterable[Edit]) -> list[Shift]:
    """Return what edits do to positions."""
    return [Shift(position, deleted, len(inserted)) for position, deleted, inserted in edits]
