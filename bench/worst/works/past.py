"""Expensive requests about a long log.

Many people wrote it, and some of its updates change two places.
"""

import select
from functools import partial

from bench.worst.people import Editor
from bench.worst.stage import Stage, Work, get, once
from harness import costly

_UPDATES = 13_000
_LATE = 10_000
"""The log position from which a page of the replay begins."""
_PEOPLE = 12
_EVERY = 20
"""One update in this many changes both the beginning and the end of a person's line. A client that
was offline sends such updates when it is back."""
_PAUSE_S = 0.02
_KEY = "long log"


class _Writer:
    """One of the people who wrote the log. They type in their own line."""

    def __init__(self, number: int, editor: Editor) -> None:
        self.editor = editor
        self._client = 100 + number
        self._left, self._right = (1, number), (1, number + 1)
        self._head, self._last = self._right, self._left
        self._clock = 0

    def write(self, number: int) -> None:
        structs = [costly.string(b"x", self._last, self._right)]
        first = (self._client, self._clock)
        if number % _EVERY == 0 and self._clock:
            structs.append(costly.string(b"y", self._left, self._head))
            self._head = (self._client, self._clock + 1)
        elif not self._clock:
            self._head = first
        self.editor.update(costly.update(self._client, self._clock, structs))
        self._last, self._clock = first, self._clock + len(structs)
        while select.select([self.editor.socket], [], [], 0)[0]:
            self.editor.read()


def _fill(here: Stage) -> None:
    owner = here.person()
    session_id = owner.session()
    people = [owner, *here.people(session_id, _PEOPLE - 1)]
    with owner.editor(session_id) as editor:
        editor.update(costly.update(1, 0, [costly.string(b"\n" * (_PEOPLE + 1))]))
        editor.await_saved()
    writers = [
        _Writer(number, person.editor(session_id).__enter__())
        for number, person in enumerate(people)
    ]
    try:
        for number in range(here.few(_UPDATES) // _PEOPLE):
            for writer in writers:
                writer.write(number)
            writers[0].editor.drain(here.pause(_PAUSE_S))
        for writer in writers:
            writer.editor.await_saved()
    finally:
        for writer in writers:
            writer.editor.socket.close()
    here.prepared[_KEY] = (owner, session_id)


def _ask(here: Stage, path: str) -> None:
    get(here, path.replace("LATE", str(here.few(_LATE))), _KEY)


def _work(name: str, path: str) -> Work:
    act = partial(_ask, path=path)
    return Work(name, f"of a log of {_UPDATES:,} updates", act, once(_KEY, _fill))


WORKS = (
    _work("long replay", "/code/{}/replay?from=LATE"),
    _work("long timeline", "/code/{}/timeline"),
    _work("long blame", "/code/{}/blame"),
    _work("late moment", "/code/{}/at/LATE"),
    _work("long exported replay", "/code/{}/export?format=replay"),
)
