"""Answers with a session's history: the steps for a player, and the author of each line."""

import json
from collections.abc import Iterable, Sequence
from typing import TypedDict

from crdt.history import blame as blaming
from crdt.history.cache import Answer
from crdt.history.playback import replay as replays
from crdt.history.playback.replay import Step
from handlers.http.views.fields import From, Timestamp
from handlers.http.views.names import FileName, file_names
from handlers.http.views.people import Person
from handlers.http.views.times import rfc3339

ReplayEdit = tuple[int, int, int, str]
"""[index of the root, position, deleted, inserted], in UTF-16 code units."""
ReplayStep = tuple[int, int, list[ReplayEdit]]
"""[milliseconds since the previous step, index of the author, edits]."""


class Renames(TypedDict):
    """The files that changed their names with a step, were deleted, or came back.

    `step` is the index of the step.
    """

    step: int
    names: list[FileName]


class Replay(From):
    """The texts at a log position, and the changes of each update after it.

    A step is [milliseconds since the previous step, index of the author, edits]. An edit is [index
    of the root, position, deleted, inserted], in UTF-16 code units. `others` are the roots that are
    not texts, so the steps do not show them. `names` are the files at the log position `from`, and
    `renames` are the steps that change names, in order.
    """

    to: int
    at: Timestamp | None
    files: dict[str, str]
    roots: list[str]
    authors: list[Person]
    steps: list[ReplayStep]
    others: list[str]
    names: list[FileName]
    renames: list[Renames]
    next: str | None


class BlameLine(TypedDict):
    """A line, with the author and time of its newest part; both are null for an empty line.

    `carried` has the same meaning as in `BlameRun`.
    """

    line: int
    text: str
    author: str | None
    at: Timestamp | None
    carried: bool


class BlameRun(TypedDict):
    """A part of a text that one user wrote; positions are UTF-16 code units.

    `carried` means that the author's client only sent this part. Another user typed it, but that
    user's client has not confirmed it.
    """

    start: int
    length: int
    author: str
    at: Timestamp
    carried: bool


class Blame(TypedDict):
    """The author of each line and of each run of the present text.

    `name` is the name of its file.
    """

    root: str
    name: str
    sequence: int
    authors: list[Person]
    lines: list[BlameLine]
    runs: list[BlameRun]


def replay(replayed: replays.Replayed) -> Answer:
    """Return a part of a replay, without its log positions."""
    steps = replayed.steps
    names = Names(replayed.files)
    shown = names.steps(steps, steps[0].at if steps else 0)
    renames: list[Renames] = [
        {"step": index, "names": file_names(step.names)}
        for index, step in enumerate(steps)
        if step.names
    ]
    return Answer(
        json.dumps(
            {
                "at": rfc3339(steps[0].at) if steps else None,
                "files": replayed.files,
                "roots": list(names.roots),
                "steps": shown,
                "others": replayed.others,
                "names": file_names(replayed.names),
                "renames": renames,
            }
        ),
        {author: {} for author in names.authors},
    )


class Names:
    """Roots and authors in the order of their first step. Steps name them by their index."""

    def __init__(self, roots: Iterable[str] = (), authors: Iterable[str] = ()) -> None:
        self.roots = {root: number for number, root in enumerate(roots)}
        self.authors = {author: number for number, author in enumerate(authors)}

    def steps(self, steps: Sequence[Step], before: int) -> list[ReplayStep]:
        """Return steps in their JSON form; `before` is the time of the previous step in ms."""
        shown: list[ReplayStep] = []
        for step in steps:
            author = self.authors.setdefault(step.author, len(self.authors))
            edits = [
                (self.roots.setdefault(root, len(self.roots)), position, deleted, inserted)
                for root, position, deleted, inserted in step.edits
            ]
            shown.append((step.at - before, author, edits))
            before = step.at
        return shown


def blame(record: blaming.Blame) -> Answer:
    """Return the author of each line and of each run of a text."""
    lines: list[BlameLine] = [
        {
            "line": number,
            "text": line.text,
            "author": line.author,
            "at": rfc3339(line.at) if line.at is not None else None,
            "carried": line.is_carried,
        }
        for number, line in enumerate(record.lines, 1)
    ]
    runs: list[BlameRun] = [
        {
            "start": run.start,
            "length": run.length,
            "author": run.author,
            "at": rfc3339(run.at),
            "carried": run.is_carried,
        }
        for run in record.runs
    ]
    return Answer(
        json.dumps({"lines": lines, "runs": runs}), {run.author: {} for run in record.runs}
    )
