"""Makes a session of one person."""

from harness.simulator.dice import Dice
from harness.simulator.person import Habits, Person
from harness.simulator.trace import SequentialTrace, Transaction, apply, single_edits, time_text


def alone(
    seed: int, edits: int, habits: Habits, *, is_by_character: bool = False
) -> SequentialTrace:
    """Return a session of one person.

    seed             the same seed makes the same session
    edits            the number of patches; without `is_by_character` there may be a few more
                     if the last transaction has several patches
    is_by_character  each patch inserts or deletes one character, in its own transaction
    """
    person = Person(Dice(seed), habits)
    steps = person.steps()
    txns: list[Transaction] = []
    text, now, made = "", 0, 0
    while made < edits:
        step = next(steps)
        groups = [list(step.patches)] if step.patches else []
        if is_by_character:
            groups = [[single] for patch in step.patches for single in single_edits(patch)][
                : edits - made
            ]
        for patches in groups:
            txns.append({"time": time_text(now), "patches": patches})
            text = apply(text, patches)
            made += len(patches)
        now += step.pause_ms
    return {"startContent": "", "endContent": text, "txns": txns}
