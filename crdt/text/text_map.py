"""Maps the bytes of an older text that are still in a newer text to their new positions.

A client that sends whole texts does not say what it has changed. The server compares the text with
the one that the client had before. `TextMap` then makes this change in the present text. Text that
other users inserted meanwhile stays, and text that they deleted is not deleted twice. All positions
are UTF-8 bytes, as in pycrdt.

This is operational transformation for plain text (Ellis, Gibbs: "Concurrency control in groupware
systems", 1989), but for one text against another instead of one operation against another. A Yjs
client does not need it, because its edits name their neighbours by id. A text client has no ids,
only positions in a text that the server no longer has.

The invariant: runs are in order and do not overlap, in the older and in the newer text. Edits only
insert and delete; they never move text. So text that stays has the same order in both. One pass
from left to right is enough for each method, and bisection finds a position.

The server cannot just compare the client's new text with the present one: text that other users
wrote meanwhile would look as if the client had deleted it.
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
    """The effect of an edit on positions; `inserted` is a number of bytes."""

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
    def whole(cls, size: int) -> "TextMap":
        """Return the map from a text of this size in bytes to itself."""
        return cls((SharedRun(0, size, 0),))

    def shifted(self, shifts: Sequence[Shift]) -> "TextMap":
        """Return the map to the text that edits make of the newer text.

        shifts  in order; their positions are those in the newer text without any of these edits

        An example: "abcdef" is mapped as a whole, and a user replaces "cd" by "XYZ": (2, 2, 3). The
        runs become "ab" at 0 and "ef" at 5. One pass reads runs and shifts together, so a thousand
        of each cost 2,000 steps.
        """
        moved = TextMap()
        cursor = _ShiftCursor(shifts)
        for run in self.runs:
            for start, end, offset in cursor.survivors(run.new, run.new + run.length):
                moved.append(run.old + start - run.new, end - start, start + offset)
        return moved

    def move_edits(self, edits: Sequence[Edit], size: int) -> tuple[list[Edit], "TextMap"]:
        """Turn edits of the older text into edits of the newer text, which has `size` bytes.

        edits  in order; their positions are those in the older text without any of these edits

        Returns (edits of the newer text, map). The returned edits are in order, and their positions
        are those in the newer text without any of them. The map leads from the older to the newer
        text after them.
        """
        cursor = _MoveCursor(self, size)
        for position, deleted, inserted in edits:
            cursor.keep_until(position)
            cursor.insert(position, inserted)
            cursor.delete(position, deleted)
        cursor.keep_until(None)
        return cursor.edits, cursor.map

    def between(self, start: int, end: int | None) -> Iterable[SharedRun]:
        """Yield the surviving parts of the older text from `start` to `end`."""
        for at in range(max(0, self._index(start)), len(self.runs)):
            old, length, new = self.runs[at]
            # Only the part of a run between the two positions counts. A cut run keeps the distance
            # between its old and new position.
            first = max(start, old)
            last = old + length if end is None else min(end, old + length)
            if end is not None and old >= end:
                return
            if first < last:
                yield SharedRun(first, last - first, new + first - old)

    def _index(self, position: int) -> int:
        """Return the index of the last run that begins at or before a position, or -1."""
        return bisect_right(self.runs, position, key=lambda run: run.old) - 1

    def place(self, position: int, size: int) -> int:
        """Return the position in the newer text for an insertion at `position` of the older text.

        If the byte before the insertion survives, the position is right after that byte. Otherwise
        it is right before the byte after the insertion. If that byte is gone, too, it is after the
        nearest surviving byte before.

        size  bytes of the newer text
        """
        # An example: "abcdef" without "cd" has the runs "ab" at 0 and "ef" at 2. Before position 2
        # the byte b survives, so the result is 2, after it. At position 3 both c and d are gone, so
        # the result is after the nearest survivor, b: 2 again. At position 4, d is gone but e
        # survives, so the result is right before e: 2, too. With two bytes of other users between b
        # and e, such as XY, the last result would be 4.
        at = self._index(position - 1)
        left = self.runs[at] if at >= 0 else None
        if left and position <= left.old + left.length:
            return left.new + position - left.old
        right = self.runs[at + 1] if at + 1 < len(self.runs) else None
        if right and (right.old == position or left is None):
            return right.new
        return left.new + left.length if left else size

    def append(self, old: int, length: int, new: int) -> None:
        """Add a run at the end, joined with the last run if the two touch."""
        if length <= 0:
            return
        if self.runs:
            last = self.runs[-1]
            # Runs that touch in both texts become one. Otherwise an hour of typing would make a run
            # for each letter.
            if last.old + last.length == old and last.new + last.length == new:
                self.runs[-1] = SharedRun(last.old, last.length + length, last.new)
                return
        self.runs.append(SharedRun(old, length, new))


class _ShiftCursor:
    """Walks through shifts and through the runs of a text together, both in order."""

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
                # The deletion reaches beyond this run, and the next run may begin inside it. So the
                # cursor stays at this shift. Its effect on positions counts once, after its end,
                # not for each run that it touches.
                return
            start = max(start, position + deleted)
            self._offset += inserted - deleted
            self._next += 1
        yield start, end, self._offset


class _MoveCursor:
    """Walks through an older text from edit to edit, and makes the edits of the newer text.

    edits  the edits so far; their positions are those in the newer text without any of them
    map    from the older text to the newer text, both with these edits made, up to the cursor

    An example: the older text "ab" became "aXb" meanwhile. The edit "delete b, insert Y" is (1, 1,
    "Y") in the older text. `keep_until(1)` maps "a". `insert` puts "Y" right after the surviving
    "a", at 1. `delete` finds "b" at 2. The edits are (1, 0, "Y") and (2, 1, ""), and the newer text
    becomes "aYX".
    """

    def __init__(self, base: TextMap, size: int) -> None:
        self.edits: list[Edit] = []
        self.map = TextMap()
        self._base = base
        self._size = size
        self._done = 0  # the cursor's position in the older text
        # The end of the last edit in the newer text: the next edit cannot be before it.
        self._least = 0
        self._old_growth = 0
        self._new_growth = 0

    def keep_until(self, position: int | None) -> None:
        """Move to a position of the older text (None: its end), and keep all bytes up to there."""
        # A kept run moves to the right in both texts by all bytes that were inserted before it,
        # less all bytes that were deleted.
        for run in self._base.between(self._done, position):
            self.map.append(run.old + self._old_growth, run.length, run.new + self._new_growth)

    def insert(self, position: int, inserted: bytes) -> None:
        """Insert bytes at the cursor."""
        # Edits must stay in order. `place` may return a position before the end of the last edit.
        # Then the text goes after that edit instead.
        at = max(self._least, self._base.place(position, self._size))
        if inserted:
            self.edits.append(Edit(at, 0, inserted))
            self.map.append(position + self._old_growth, len(inserted), at + self._new_growth)
        self._old_growth += len(inserted)
        self._new_growth += len(inserted)
        self._least = at

    def delete(self, position: int, deleted: int) -> None:
        """Delete the surviving bytes after the cursor, and move the cursor to their end."""
        # One range of the older text may be several in the newer one. Text of other users between
        # them stays. There may also be no range, if other users have deleted all these bytes.
        for _, length, new in self._base.between(position, position + deleted):
            self.edits.append(Edit(new, length, b""))
            self._new_growth -= length
            self._least = new + length
        self._old_growth -= deleted
        self._done = position + deleted


def shifts_of(edits: Iterable[Edit]) -> list[Shift]:
    """Return the effects of edits on positions: the edits with lengths instead of the new text."""
    return [Shift(position, deleted, len(inserted)) for position, deleted, inserted in edits]
