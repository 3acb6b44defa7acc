"""Decides the next action of a simulated person.

The person's habits have a weight for each action. Each kind of action is a generator.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.simulator import vocabulary
from harness.simulator.dice import Dice
from harness.simulator.editor import Editor
from harness.simulator.trace import Patch
from harness.simulator.vocabulary import EMOJI, Phrase

_MAX_RENAMED = 30
"""The most places that one renaming changes."""


@dataclass(frozen=True, slots=True)
class Step:
    """Patches of one transaction, already applied to the editor, and the pause after them."""

    patches: tuple[Patch, ...]
    pause_ms: int


Action = Callable[["Person"], Iterator[Step]]


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of a person.

    phrase            makes the text that they type
    typos_per_mille   wrong keys in a thousand, which are deleted again
    actions           (action, weight): a higher weight is chosen more often
    """

    phrase: Callable[[Dice], Phrase]
    typos_per_mille: int
    actions: tuple[tuple[Action, int], ...]


class Person:
    """A simulated person at an editor."""

    def __init__(self, dice: Dice, habits: Habits) -> None:
        self.dice = dice
        self.habits = habits
        self.editor = Editor()

    def steps(self) -> Iterator[Step]:
        """Yield steps without end.

        Between two steps, other people may change the editor's text by `Editor.merge`.
        """
        while True:
            yield from self.dice.weighted(self.habits.actions)(self)
            yield Step((), self.dice.between(300, 4_000))

    def edit(self, at: int, deleted: int, inserted: str, pause_ms: tuple[int, int]) -> Step:
        return Step((self.editor.edit(at, deleted, inserted),), self.dice.between(*pause_ms))

    def key(self, inserted: str) -> Step:
        return self.edit(self.editor.cursor, 0, inserted, (50, 220))

    def backspaces(self, count: int) -> Iterator[Step]:
        for _ in range(count):
            before = self.editor.text[: self.editor.cursor]
            if not before:
                return
            size = next((len(emoji) for emoji in EMOJI if before.endswith(emoji)), 1)
            yield self.edit(self.editor.cursor - size, size, "", (60, 140))

    def word(self) -> tuple[int, int]:
        """Return (start, end) of the word before the cursor, with any space after it."""
        text, cursor = self.editor.text, self.editor.cursor
        start = (
            max(text.rfind(" ", 0, max(cursor - 1, 0)), text.rfind("\n", 0, max(cursor - 1, 0))) + 1
        )
        return start, max(start, cursor)

    def line(self) -> tuple[int, int]:
        """Return (start, end) of the line with the cursor, including its line feed."""
        text, cursor = self.editor.text, self.editor.cursor
        start, end = text.rfind("\n", 0, cursor) + 1, text.find("\n", cursor) + 1
        return start, end or len(text)


def write(person: Person) -> Iterator[Step]:
    """Type a few phrases in a burst, with typos."""
    for _ in range(person.dice.between(1, 3)):
        yield from _typed(person, person.habits.phrase(person.dice))


def _typed(person: Person, phrase: Phrase) -> Iterator[Step]:
    for key in phrase:
        if person.dice.chance(person.habits.typos_per_mille):
            wrong = person.dice.between(1, 4)
            for _ in range(wrong):
                yield person.key(person.dice.pick("aeiorstn"))
            yield Step((), person.dice.between(200, 900))
            yield from person.backspaces(wrong)
        yield person.key(key)


def rethink(person: Person) -> Iterator[Step]:
    """Delete the last text with Backspace, and write another text."""
    yield from person.backspaces(person.dice.between(3, 60))
    yield from _typed(person, person.habits.phrase(person.dice))


def jump(person: Person) -> Iterator[Step]:
    """Move the cursor to the end, to a near place or to any other place.

    The place is before a space or at the end of a line.
    """
    text, dice = person.editor.text, person.dice
    near = person.editor.cursor + dice.between(-300, 300)
    goal = dice.weighted(((len(text), 2), (near, 3), (dice.below(len(text) + 1), 5)))
    goal = max(0, min(goal, len(text)))
    ends = [at for at in (text.find(" ", goal), text.find("\n", goal)) if at >= 0]
    person.editor.cursor = min(ends, default=len(text))
    yield Step((), dice.between(200, 2_000))


def insert_word(person: Person) -> Iterator[Step]:
    """Jump, and insert a few words."""
    yield from jump(person)
    yield from _typed(
        person, [" ", *person.habits.phrase(person.dice)[: person.dice.between(3, 14)]]
    )


def delete_word(person: Person) -> Iterator[Step]:
    """Jump, and delete a word."""
    yield from jump(person)
    start, end = person.word()
    if end > start:
        yield person.edit(start, end - start, "", (100, 400))


def delete_line(person: Person) -> Iterator[Step]:
    """Jump, and delete a line."""
    yield from jump(person)
    start, end = person.line()
    if end > start:
        yield person.edit(start, end - start, "", (100, 600))


def type_over(person: Person) -> Iterator[Step]:
    """Select a word, and type another one over it."""
    yield from jump(person)
    start, end = person.word()
    first, *others = person.habits.phrase(person.dice)[: person.dice.between(2, 9)]
    yield person.edit(start, end - start, first, (60, 200))
    yield from _typed(person, others)


def paste(person: Person) -> Iterator[Step]:
    """Paste a copy of a part of the document, or text from elsewhere."""
    text, dice = person.editor.text, person.dice
    start = dice.below(len(text) + 1)
    copied = text[start : start + dice.between(30, 300)]
    if dice.chance(400) or len(copied) < 30:
        copied = "".join(
            key for _ in range(dice.between(2, 6)) for key in person.habits.phrase(dice)
        )
    yield person.edit(person.editor.cursor, 0, copied, (300, 1_500))


def move_line(person: Person) -> Iterator[Step]:
    """Cut a line and paste it elsewhere."""
    start, end = person.line()
    cut = person.editor.text[start:end]
    if not cut:
        return
    yield person.edit(start, end - start, "", (300, 900))
    yield from jump(person)
    yield person.edit(person.editor.cursor, 0, cut, (300, 900))


def rename(person: Person) -> Iterator[Step]:
    """Replace a name everywhere in one transaction, as a refactoring or several cursors do."""
    names = re.findall(r"[a-z]{4,}", person.editor.text)
    if not names:
        return
    old = person.dice.pick(names)
    new = (
        person.dice.pick(names)[: person.dice.between(2, 8)]
        + "_"
        + old[: person.dice.between(1, 4)]
    )
    places = [match.start() for match in re.finditer(rf"\b{old}\b", person.editor.text)][
        :_MAX_RENAMED
    ]
    longer = len(new) - len(old)
    patches = [
        person.editor.edit(at + longer * number, len(old), new) for number, at in enumerate(places)
    ]
    yield Step(tuple(patches), person.dice.between(500, 2_000))


def undo(person: Person) -> Iterator[Step]:
    """Undo a few steps, and often redo some of them."""
    times = person.dice.between(1, 3)
    steps = [person.editor.undo] * times + [person.editor.redo] * person.dice.between(0, times)
    for step in steps:
        if patch := step():
            yield Step((patch,), person.dice.between(150, 700))


AUTHOR = Habits(
    vocabulary.english,
    25,
    (
        (write, 30), (rethink, 18), (jump, 3), (insert_word, 12), (delete_word, 8), (type_over, 10),
        (delete_line, 2),
        (undo, 4),
    ),
)  # fmt: skip
"""The habits of a person who writes a paper without emoji and pastes. So each edit can be one
UTF-16 unit."""

PROGRAMMER = Habits(
    vocabulary.code,
    20,
    (
        (write, 30), (rethink, 6), (insert_word, 20), (delete_word, 10), (type_over, 12),
        (delete_line, 8), (paste, 3),
        (move_line, 6), (rename, 4), (undo, 8),
    ),
)  # fmt: skip

CORRESPONDENT = Habits(
    vocabulary.letters,
    30,
    (
        (write, 30), (rethink, 12), (insert_word, 12), (delete_word, 8), (type_over, 10),
        (delete_line, 4), (paste, 3),
        (move_line, 2), (undo, 14),
    ),
)  # fmt: skip
"""The habits of a person who writes in many scripts, and with emoji."""
