"""Texts that are dear to compare: {name: (old, new)}."""

import random

_DICE = random.Random(5)
_LINES = [f"{number:x}\n" for number in range(40_000)]

TEXTS = {
    "changed lines": ("".join(f"{line}x\n" for line in _LINES), "".join(f"{line}y\n" for line in _LINES)),
    "newlines": ("\n" * 400_000, "A" + "\n" * 400_000 + "Z"),
    "words of one line": ("ab cd " * 50_000, "ab ce " * 50_000),
    "shuffled lines": ("".join(_LINES), "".join(_DICE.sample(_LINES, len(_LINES)))),
    "rotated lines": ("ab\n" * 100_000, "b\na" * 100_000),
    "emoji": ("\U0001f600" * 60_000, "a" + "\U0001f600" * 59_000 + "b"),
    "another text": ("x\n" * 100_000, "y " * 100_000),
}
