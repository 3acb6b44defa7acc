"""Pairs of texts that are expensive to compare: {name: (old, new)}."""

import random
from functools import partial
from typing import Any

from collab_server.server import Server
from crdt.document.editing.text_edits import edit_copy
from crdt.document.server_edits import edit_moved
from crdt.text.byte_edits import edits_between
from handlers.http.views.differences import encoded_differences

_DICE = random.Random(5)
_LINES = [f"{number:x}\n" for number in range(40_000)]

TEXTS = {
    "changed lines": (
        "".join(f"{line}x\n" for line in _LINES),
        "".join(f"{line}y\n" for line in _LINES),
    ),
    "newlines": ("\n" * 400_000, "A" + "\n" * 400_000 + "Z"),
    "words of one line": ("ab cd " * 50_000, "ab ce " * 50_000),
    "shuffled lines": ("".join(_LINES), "".join(_DICE.sample(_LINES, len(_LINES)))),
    "rotated lines": ("ab\n" * 100_000, "b\na" * 100_000),
    "emoji": ("\U0001f600" * 60_000, "a" + "\U0001f600" * 59_000 + "b"),
    "another text": ("x\n" * 100_000, "y " * 100_000),
}


def jobs_of(server: Server) -> list[str]:
    """Return a list that collects the names of the functions by which workers compare texts."""
    workers, names = server.parts.services.workers, list[str]()
    run = workers.run

    async def run_and_note(function: Any, *arguments: Any, **options: Any) -> Any:
        plain = function.func if isinstance(function, partial) else function
        if plain in (edit_copy, edit_moved, edits_between, encoded_differences):
            names.append(plain.__name__)
        return await run(function, *arguments, **options)

    workers.run = run_and_note  # type: ignore[method-assign, assignment]
    return names
