"""A text with a cursor and an undo history, as in one person's editor.

Positions are Unicode code points.
"""

from dataclasses import dataclass

from harness.simulator.trace import Patch

_MAX_GROUP = 200
"""The most characters of one undo step. A longer stretch of typing has several steps, as in real
editors."""
_MAX_UNDO = 40
"""The most steps that can be undone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the history: `inserted` has replaced `removed` at `at`."""

    at: int
    removed: str
    inserted: str

    @property
    def end(self) -> int:
        return self.at + len(self.inserted)

    def inverse(self) -> "Change":
        return Change(self.at, self.inserted, self.removed)

    def moved(self, distance: int) -> "Change":
        return Change(self.at + distance, self.removed, self.inserted)


class Editor:
    """A text editor. Each method that edits the text returns the edit as a patch."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._done: list[Change] = []
        self._undone: list[Change] = []

    def edit(self, at: int, deleted: int, inserted: str) -> Patch:
        """Replace text, and put the cursor after the new text."""
        change = Change(at, self.text[at : at + deleted], inserted)
        last = self._done[-1] if self._done else None
        joined = _joined(last, change, self.text) if last else None
        if joined:
            self._done.pop()
        step = joined or change
        if step.removed or step.inserted:
            self._done = [*self._done[1 - _MAX_UNDO :], step]
        self._undone = []
        return self._apply(change)

    def undo(self) -> Patch | None:
        """Undo the newest step; return None if there is none."""
        if not self._done:
            return None
        change = self._done.pop()
        self._undone.append(change)
        return self._apply(change.inverse())

    def redo(self) -> Patch | None:
        """Repeat the step that was undone last; return None if there is none."""
        if not self._undone:
            return None
        change = self._undone.pop()
        self._done.append(change)
        return self._apply(change)

    def _apply(self, change: Change) -> Patch:
        self.text = (
            self.text[: change.at] + change.inserted + self.text[change.at + len(change.removed) :]
        )
        self.cursor = change.end
        return change.at, len(change.removed), change.inserted

    def merge(self, text: str) -> None:
        """Replace the text by one in which another person has changed one place.

        The cursor keeps its place in the text. The history keeps only its newest step, if that step
        is outside the changed place. The positions of older steps belong to a text without the
        other person's change.
        """
        start = _common_start(self.text, text)
        most = min(len(self.text), len(text)) - start
        same_end = min(most, _common_start(self.text[: -most - 1 : -1], text[: -most - 1 : -1]))
        end = len(self.text) - same_end
        shift = len(text) - len(self.text)
        self._done = _carried(self._done, start, end, shift, is_done=True)
        self._undone = _carried(self._undone, start, end, shift, is_done=False)
        if self.cursor >= end:
            self.cursor += shift
        elif self.cursor > start:
            self.cursor = min(self.cursor, end + shift)
        self.text = text


def _joined(last: Change, change: Change, text: str) -> Change | None:
    """Join two steps if the second one touches the text that the first one inserted.

    Return None if they cannot be joined.
    """
    end = change.at + len(change.removed)
    if (
        not (last.at <= end <= last.end and change.at <= last.end)
        or len(last.inserted) >= _MAX_GROUP
    ):
        return None
    before = text[change.at : last.at] if change.at < last.at else ""
    at, inserted = last.at - len(before), before + last.inserted
    inserted = inserted[: change.at - at] + change.inserted + inserted[end - at :]
    return Change(at, before + last.removed, inserted)


def _carried(
    changes: list[Change], start: int, end: int, shift: int, *, is_done: bool
) -> list[Change]:
    """Return the newest step, moved by a change of text[start:end]; none if they overlap."""
    if not changes:
        return []
    newest = changes[-1]
    newest_end = newest.at + len(newest.inserted if is_done else newest.removed)
    if newest_end <= start:
        return [newest]
    return [newest.moved(shift)] if newest.at >= end else []


def _common_start(one: str, other: str) -> int:
    """Return the number of equal characters at the start of two texts, by bisection."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
