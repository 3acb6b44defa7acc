"""Which bytes of an older text are still there in a newer one, and where.

A client that sends whole texts does not say what it has changed. The server finds that out by
comparing with the text that the client had before. `TextMap` makes this change in the present text.
Text that others inserted meanwhile stays, and text that they deleted is not deleted twice. All
positions are UTF-8 bytes, as in pycrdt.

This is operational transformation for plain text (Ellis, Gibbs: "Concurrency control in groupware
systems", 1989), but for one text against another instead of one operation against another. A Yjs
client does not need it, because its edits name their neighbours by id. A text client has no ids,
only positions in a text that the server no longer has.

The invariant: runs are in order and do not overlap, in the older text and in the newer one. Edits
only insert and delete, they never move text. So the text that stays has the same order in both, one
pass from left to right is enough for everything here, and a position is found by bisection.

Why not compare the client's new text with the present one: text that others wrote meanwhile would
look as if the client had deleted it.
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
    """The effect of an edit on positions: `inserted` is a number of bytes."""

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
        """From a text of this size in bytes to itself."""
        return cls((SharedRun(0, size, 0),))

    def shifted(self, shifts: Sequence[Shift]) -> "TextMap":
        """Return the map to the text that edits make of the newer one.

        shifts  in order, with positions in the newer text as it was before all of them

        An example: "abcdef" is mapped as a whole, and somebody replaces "cd" by "XYZ": (2, 2, 3).
        The runs become "ab" at 0 and "ef" at 5. One pass goes through runs and shifts together, so
        a thousand of each cost 2,000 steps.
        """
        moved = TextMap()
        cursor = _ShiftCursor(shifts)
        for run in self.runs:
            for start, end, offset in cursor.survivors(run.new, run.new + run.length):
                moved.append(run.old + start - run.new, end - start, start + offset)
        return moved

    def carry(self, edits: Sequence[Edit], size: int) -> tuple[list[Edit], "TextMap"]:
        """Carry edits of the older text over to the newer one, which has `size` bytes.

        edits  in order, with positions in the older text as it was before all of them

        Returns the edits of the newer text, in order, with positions in it as it was before all of
        them; and the map from the older text to the newer one, both with these edits made.
        """
        cursor = _CarryCursor(self, size)
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
            # The part of a run between the two positions. A run that is cut keeps its distance
            # between old and new.
            first = max(start, old)
            last = old + length if end is None else min(end, old + length)
            if end is not None and old >= end:
                return
            if first < last:
                yield SharedRun(first, last - first, new + first - old)

    def _index(self, position: int) -> int:
        """Return the index of the last run that begins at or before a position,
        -1 if there is none.
        """
        return bisect_right(self.runs, position, key=lambda run: run.old) - 1

    def place(self, position: int, size: int) -> int:
        """Return where an insertion at `position` of the older text belongs in the newer one.

        If the byte before it survives, that is right behind this byte. Else it is right before the
        byte after it, or, if that is gone too, behind the nearest surviving byte before.

        size  bytes of the newer text
        """
        # "abcdef" without "cd": runs "ab" at 0 and "ef" at 2. Before position 2 the byte b
        # survives, so the place is 2, behind it. Before position 3, c is gone and so is d, so the
        # place is behind the nearest survivor, b: 2 again. Before position 4, d is gone but e
        # survives, so the place is right before e: 2, too. With text of others between b and e, say
        # XY, the last one would be 4.
        at = self._index(position - 1)
        left = self.runs[at] if at >= 0 else None
        if left and position <= left.old + left.length:
            return left.new + position - left.old
        right = self.runs[at + 1] if at + 1 < len(self.runs) else None
        if right and (right.old == position or left is None):
            return right.new
        return left.new + left.length if left else size

    def append(self, old: int, length: int, new: int) -> None:
        """Add a run behind the others, joined with the last one if it touches it."""
        if length <= 0:
            return
        if self.runs:
            last = self.runs[-1]
            # Runs that touch in both texts become one. Otherwise a client that types for an hour
            # would have a run for each letter.
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
                # The deletion reaches beyond this run, and the next run may begin inside it. So the
                # cursor stays at this shift. Its effect on positions counts once its end is passed,
                # not for each run that it touches.
                return
            start = max(start, position + deleted)
            self._offset += inserted - deleted
            self._next += 1
        yield start, end, self._offset


class _CarryCursor:
    """Walks through an older text from edit to edit, and makes the edits of the newer text.

    edits  made so far, with positions in the newer text as it was before all of them
    map    from the older text to the newer one, both with these edits made, as far as the cursor is

    An example: the older text "ab" became "aXb" meanwhile. The edit "delete b, insert Y" is (1, 1,
    "Y") in the older text. `keep_until(1)` maps "a". `insert` puts "Y" right behind the surviving
    "a", at 1. `delete` finds "b" at 2. The edits are (1, 0, "Y") and (2, 1, ""), and the newer text
    becomes "aYX".
    """

    def __init__(self, base: TextMap, size: int) -> None:
        self.edits: list[Edit] = []
        self.map = TextMap()
        self._base = base
        self._size = size
        self._done = 0  # position in the older text up to which the cursor is
        self._least = (
            0  # where the last edit ended in the newer text: the next one cannot be before it
        )
        self._old_growth = 0
        self._new_growth = 0

    def keep_until(self, position: int | None) -> None:
        """Go on to a position of the older text, None for its end;
        what survives up to there stays.
        """
        # A kept run lies further to the right in both texts by all that was inserted before it,
        # less all that was deleted.
        for run in self._base.between(self._done, position):
            self.map.append(run.old + self._old_growth, run.length, run.new + self._new_growth)

    def insert(self, position: int, inserted: bytes) -> None:
        """Insert where the cursor is."""
        # Edits must stay in order. `place` may look back, behind a byte that an edit before this
        # one has dealt with; then the text goes behind that edit instead.
        at = max(self._least, self._base.place(position, self._size))
        if inserted:
            self.edits.append(Edit(at, 0, inserted))
            self.map.append(position + self._old_growth, len(inserted), at + self._new_growth)
        self._old_growth += len(inserted)
        self._new_growth += len(inserted)
        self._least = at

    def delete(self, position: int, deleted: int) -> None:
        """Delete behind the cursor what survives there, and go on to its end."""
        # One range of the older text may be several in the newer one, with text of others in
        # between, which stays. And it may be none at all: then others have deleted everything
        # already.
        for _, length, new in self._base.between(position, position + deleted):
            self.edits.append(Edit(new, length, b""))
            self._new_growth -= length
            self._least = new + length
        self._old_growth -= deleted
        self._done = position + deleted


def shifts_of(edits: Iterable[Edit]) -> list[Shift]:
    """Return what edits do to positions: the edits, with lengths instead of the inserted text."""
    return [Shift(position, deleted, len(inserted)) for position, deleted, inserted in edits]
