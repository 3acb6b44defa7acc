"""Which bytes of an older text are still there in a newer one, and where.

A client that sends whole texts says what it changed only by what it had before. `TextMap` carries that
change over to the text as it is by now: what others inserted meanwhile stays, what they deleted is not
deleted twice. All positions are UTF-8 bytes, as in pycrdt.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
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
            self._add(run.old, run.length, run.new)

    @classmethod
    def of(cls, text: bytes) -> "TextMap":
        """From a text with every CRLF shortened to LF to the text itself."""
        made = cls()
        start = skipped = 0
        while (end := text.find(b"\r\n", start)) >= 0:
            made._add(start - skipped, end - start, start)
            start, skipped = end + 1, skipped + 1
        made._add(start - skipped, len(text) - start, start)
        return made

    def shifted(self, shifts: Sequence[Shift]) -> "TextMap":
        """Return the map to the text that edits make of the newer one.

        shifts  in order, with positions in the newer text as it was before all of them
        """
        made = TextMap()
        shift = at = 0
        for run in self.runs:
            start, end = run.new, run.new + run.length
            while at < len(shifts) and shifts[at].position < end:
                position, deleted, inserted = shifts[at]
                if position > start:
                    made._add(run.old + start - run.new, position - start, start + shift)
                    start = position
                if position + deleted > end:
                    break  # it goes on behind this run
                start = max(start, position + deleted)
                shift += inserted - deleted
                at += 1
            else:
                made._add(run.old + start - run.new, end - start, start + shift)
                continue
        return made

    def carry(self, edits: Sequence[Edit], text: bytes) -> tuple[list[Edit], "TextMap"]:
        """Carry edits of the older text over to the newer one, `text`.

        edits  in order, with positions in the older text as it was before all of them; newlines are LF
               and become what `text` has

        Returns the edits of the newer text, in order, with positions in it as it was before all of them;
        and the map from the older text to the newer one, both with these edits made.
        """
        crlf = b"\r\n" in text and text.count(b"\n") == text.count(b"\r\n")
        carried: list[Edit] = []
        made = TextMap()
        done = shift_old = shift_new = last = 0
        for position, deleted, inserted in edits:
            for run in self._between(done, position):
                made._add(run.old + shift_old, run.length, run.new + shift_new)
            at = max(last, self._place(position, text))
            put = inserted.replace(b"\n", b"\r\n") if crlf else inserted
            if put:
                carried.append(Edit(at, 0, put))
                for run in TextMap.of(put).runs:
                    made._add(position + shift_old + run.old, run.length, at + shift_new + run.new)
            shift_old += len(inserted) - deleted
            shift_new += len(put)
            last = at
            for _, length, start in self._between(position, position + deleted):
                end = start + length
                if text[start : start + 1] == b"\n" and text[max(last, start - 1) : start] == b"\r":
                    start -= 1  # noqa: PLW2901  # the line feed is deleted with its carriage return
                carried.append(Edit(start, end - start, b""))
                shift_new -= end - start
                last = end
            done = position + deleted
        for run in self._between(done, None):
            made._add(run.old + shift_old, run.length, run.new + shift_new)
        return carried, made

    def _between(self, start: int, end: int | None) -> Iterable[SharedRun]:
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

    def _place(self, position: int, text: bytes) -> int:
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

    def _add(self, old: int, length: int, new: int) -> None:
        if length <= 0:
            return
        if self.runs:
            last = self.runs[-1]
            if last.old + last.length == old and last.new + last.length == new:
                self.runs[-1] = SharedRun(last.old, last.length + length, last.new)
                return
        self.runs.append(SharedRun(old, length, new))


def shifts_of(edits: Iterable[Edit]) -> list[Shift]:
    """Return what edits do to positions."""
    return [Shift(position, deleted, len(inserted)) for position, deleted, inserted in edits]
