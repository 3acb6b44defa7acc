"""Random concurrent edits of one text by several users, made from a seed."""

import random

from crdt.document.merging import merge
from tests.crdt.harness import Typist


def scribbled(seed: int) -> list[bytes]:
    """Return updates of three users who type at the same places.

    Some updates come merged into one, and some come twice.
    """
    source = random.Random(seed)
    typists = [Typist(client) for client in source.sample(range(1, 1 << 31), 3)]
    updates: list[bytes] = []
    for _ in range(120):
        typist = source.choice(typists)
        size = len(typist.text)
        if size > 4 and source.random() < 0.35:
            start = source.randrange(size - 2)
            updates.append(typist.delete(start, start + source.randint(1, 2)))
        else:
            place = source.choice((0, size // 2, size, source.randrange(size + 1)))
            updates.append(typist.insert(place, source.choice(("a", "bc", "d\n"))))
        if source.random() < 0.25:
            source.choice(typists).hear(typist.doc.get_update())
        if source.random() < 0.1:
            updates.append(merge(updates[-source.randint(2, 20) :]))
    return updates
