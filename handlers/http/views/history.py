"""Looking back: who typed when, the timeline's marks, every step for a player."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from crdt.history import blame as blaming
from crdt.history import timeline as timelines
from crdt.history.replay import Step
from handlers.http.times import rfc3339
from handlers.http.views.fields import From, Timestamp
from handlers.http.views.people import Person, person
from storage import records
from storage.records import VersionKind


class TimelineAuthor(Person):
    """An author and how much they wrote and deleted in all, in UTF-16 code units."""

    inserted: int
    deleted: int


class _Notable(TypedDict, total=False):
    paste: int
    pause: int


class TimelineEntry(_Notable):
    """Edits of one user without a gap, from log position `first` to `sequence`.

    Amounts are UTF-16 code units. `paste` is the largest insert if it is a large one, `pause` the milliseconds before
    if those are many.
    """

    sequence: int
    first: int
    at: Timestamp
    until: Timestamp
    author: str
    inserted: int
    deleted: int


class VersionMark(TypedDict):
    """A version was made."""

    at: Timestamp
    kind: VersionKind
    version: int
    label: str
    sequence: int


class ChatMark(TypedDict):
    """A chat message was sent."""

    at: Timestamp
    kind: Literal["chat"]
    id: str
    author: str


class RedactionMark(TypedDict):
    """A text was taken out of these edits later."""

    at: Timestamp
    kind: Literal["redacted"]
    sequence: int
    author: str


Mark = VersionMark | ChatMark | RedactionMark


class Timeline(TypedDict):
    """Who typed when and how much; `duration` is in milliseconds."""

    first: Timestamp | None
    last: Timestamp | None
    duration: int
    sequence: int
    authors: list[TimelineAuthor]
    entries: list[TimelineEntry]
    marks: list[Mark]
    next: str | None


ReplayEdit = tuple[int, int, int, str]
"""[index of the root, position, deleted, inserted], in UTF-16 code units."""
ReplayStep = tuple[int, int, list[ReplayEdit]]
"""[milliseconds since the step before, index of the author, edits]."""


class Replay(From):
    """The texts at a log position, and what each update after it changed.

    A step is [milliseconds since the one before, index of the author, edits], an edit [index of the root, position,
    deleted, inserted], in UTF-16 code units. `others` are the roots that are no texts, so the steps do not show them.
    """

    to: int
    at: Timestamp | None
    files: dict[str, str]
    roots: list[str]
    authors: list[Person]
    steps: list[ReplayStep]
    others: list[str]
    next: str | None


class BlameLine(TypedDict):
    """A line, who wrote its newest part and when; null for an empty line. `carried`: see a run."""

    line: int
    text: str
    author: str | None
    at: Timestamp | None
    carried: bool


class BlameRun(TypedDict):
    """A part of a text that one user wrote; positions are UTF-16 code units.

    `carried`: the author only brought it. Somebody else typed it, whose client has not confirmed it.
    """

    start: int
    length: int
    author: str
    at: Timestamp
    carried: bool


class Blame(TypedDict):
    """Who wrote each line and each run of a text as it is."""

    root: str
    sequence: int
    authors: list[Person]
    lines: list[BlameLine]
    runs: list[BlameRun]


def timeline_entry(stretch: timelines.Stretch) -> TimelineEntry:
    """Return some edits of one user."""
    notable: _Notable = {}
    if stretch.paste:
        notable["paste"] = stretch.paste
    if stretch.pause:
        notable["pause"] = stretch.pause
    return {
        "sequence": stretch.last,
        "first": stretch.first,
        "at": rfc3339(stretch.at),
        "until": rfc3339(stretch.until),
        "author": stretch.author,
        "inserted": stretch.inserted,
        "deleted": stretch.deleted,
        **notable,
    }


def timeline_authors(
    stretches: Sequence[timelines.Stretch], people: Mapping[str, records.User]
) -> list[TimelineAuthor]:
    """Return the authors of all edits with their totals, in the order in which they began."""
    inserted, deleted = Counter[str](), Counter[str]()
    for stretch in stretches:
        inserted[stretch.author] += stretch.inserted
        deleted[stretch.author] += stretch.deleted
    return [{**person(author, people), "inserted": inserted[author], "deleted": deleted[author]} for author in inserted]


def marks(
    versions: Sequence[records.Version],
    messages: Sequence[records.Message],
    stretches: Sequence[timelines.Stretch],
    most: int,
) -> list[Mark]:
    """Return versions, chat messages and redacted edits as marks of a timeline, oldest first.

    The clock may have been set while the session went on. So a version is shown between the edits that it was made
    between, no message before the one that it answers, and nothing before the first edit.
    """
    timed: list[tuple[int, Mark]] = []
    for record in sorted(versions, key=lambda version: version.number):
        at = _between_edits(record, stretches)
        timed.append((at, _version_mark(record, at)))
    at = stretches[0].at if stretches else 0
    for message in messages:
        at = max(at, message.created_at)
        timed.append((at, _chat_mark(message, at)))
    timed += [(stretch.at, _redaction_mark(stretch)) for stretch in stretches if stretch.redacted][-most:]
    timed.sort(key=lambda mark: mark[0])
    return [mark for _, mark in timed]


def _between_edits(version: records.Version, stretches: Sequence[timelines.Stretch]) -> int:
    """Return when a version was made, in ms: not before the edits that it has, not after those that it lacks."""
    index = bisect_right(stretches, version.sequence, key=lambda stretch: stretch.first) - 1
    if not stretches:
        return version.created_at
    if index < 0:
        return stretches[0].at
    stretch = stretches[index]
    is_inside = version.sequence < stretch.last
    earliest = stretch.at if is_inside else stretch.until
    following = stretches[index + 1].at if index + 1 < len(stretches) else max(earliest, version.created_at)
    return min(max(earliest, version.created_at), stretch.until if is_inside else following)


def _version_mark(record: records.Version, at: int) -> VersionMark:
    return {
        "at": rfc3339(at),
        "kind": record.kind,
        "version": record.number,
        "label": record.label,
        "sequence": record.sequence,
    }


def _chat_mark(message: records.Message, at: int) -> ChatMark:
    return {"at": rfc3339(at), "kind": "chat", "id": message.id, "author": message.sender_id}


def _redaction_mark(stretch: timelines.Stretch) -> RedactionMark:
    return {"at": rfc3339(stretch.at), "kind": "redacted", "sequence": stretch.last, "author": stretch.author}


def replay_steps(steps: Sequence[Step], files: Mapping[str, str]) -> tuple[list[str], list[str], list[ReplayStep]]:
    """Return (roots, ids of the authors, steps that name both by their index); `files` are the texts before."""
    authors = {author: number for number, author in enumerate(dict.fromkeys(step.author for step in steps))}
    edited = (root for step in steps for root, *_ in step.edits)
    roots = {root: number for number, root in enumerate(dict.fromkeys([*files, *edited]))}
    shown: list[ReplayStep] = []
    before = steps[0].at if steps else 0
    for step in steps:
        edits = [(roots[root], position, deleted, inserted) for root, position, deleted, inserted in step.edits]
        shown.append((step.at - before, authors[step.author], edits))
        before = step.at
    return list(roots), list(authors), shown


def blame(root: str, sequence: int, record: blaming.Blame, people: Mapping[str, records.User]) -> Blame:
    """Return who wrote a text; `sequence` is the log position that it stands at."""
    return {
        "root": root,
        "sequence": sequence,
        "authors": [person(author, people) for author in blame_authors(record)],
        "lines": [
            {
                "line": number,
                "text": line.text,
                "author": line.author,
                "at": rfc3339(line.at) if line.at is not None else None,
                "carried": line.is_carried,
            }
            for number, line in enumerate(record.lines, 1)
        ],
        "runs": [
            {
                "start": run.start,
                "length": run.length,
                "author": run.author,
                "at": rfc3339(run.at),
                "carried": run.is_carried,
            }
            for run in record.runs
        ],
    }


def blame_authors(record: blaming.Blame) -> list[str]:
    """Return the ids of the authors of a text's runs, in the order of their first one."""
    return list(dict.fromkeys(run.author for run in record.runs))
