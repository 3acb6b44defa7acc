"""Answers with a session's timeline: edits, versions, messages, runs, redactions by their time."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict

from crdt.history.cache import Answer
from crdt.history.playback import timeline as timelines
from handlers.http.views.fields import Timestamp
from handlers.http.views.people import Person
from handlers.http.views.times import rfc3339
from storage import records
from storage.records import VersionKind
from storage.runs.records import Outcome, Run

MAX_STRETCHES = 5_000
MAX_MARKS = 1_000


class TimelineAuthor(Person):
    """An author and how much they inserted and deleted in all, in UTF-16 code units."""

    inserted: int
    deleted: int


class _Notable(TypedDict, total=False):
    paste: int
    pause: int


class TimelineEntry(_Notable):
    """Edits of one user without a gap, from log position `first` to `sequence`.

    Amounts are UTF-16 code units. `paste` is the size of the largest insert, if it is large.
    `pause` is the time without edits before these edits in milliseconds, if it is long.
    """

    sequence: int
    first: int
    at: Timestamp
    until: Timestamp
    author: str
    inserted: int
    deleted: int


class VersionMark(TypedDict):
    """The mark of a version on the timeline."""

    at: Timestamp
    kind: VersionKind
    version: int
    label: str
    sequence: int


class ChatMark(TypedDict):
    """The mark of a chat message on the timeline."""

    at: Timestamp
    kind: Literal["chat"]
    id: str
    author: str


class RedactionMark(TypedDict):
    """The mark of edits from which a text was removed later."""

    at: Timestamp
    kind: Literal["redacted"]
    sequence: int
    author: str


class FileChange(TypedDict):
    """What happened to a file; `oldName` is its name before a rename, and null if not known."""

    change: Literal["created", "renamed", "deleted", "restored"]
    root: str
    name: str
    oldName: str | None


class FilesMark(TypedDict):
    """The mark of an update that changed `count` files; `changes` are the first five."""

    at: Timestamp
    kind: Literal["files"]
    sequence: int
    author: str
    count: int
    changes: list[FileChange]


class RunMark(TypedDict):
    """The mark of a run: its position is `sequence`, the code that it ran."""

    at: Timestamp
    kind: Literal["run"]
    number: int
    outcome: Outcome
    sequence: int
    author: str


Mark = VersionMark | ChatMark | RedactionMark | FilesMark | RunMark


class Timeline(TypedDict):
    """The edits of all users with their times and amounts; `duration` is in milliseconds."""

    first: Timestamp | None
    last: Timestamp | None
    duration: int
    sequence: int
    authors: list[TimelineAuthor]
    entries: list[TimelineEntry]
    marks: list[Mark]
    next: str | None


def timeline_entry(stretch: timelines.Stretch) -> TimelineEntry:
    """Return the entry for a stretch of edits of one user."""
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


def timeline_authors(stretches: Sequence[timelines.Stretch]) -> dict[str, dict[str, int]]:
    """Return {author: totals of their edits}, in the order of the authors' first edits."""
    totals: dict[str, dict[str, int]] = {}
    for stretch in stretches:
        total = totals.setdefault(stretch.author, {"inserted": 0, "deleted": 0})
        total["inserted"] += stretch.inserted
        total["deleted"] += stretch.deleted
    return totals


def marks(
    versions: Sequence[records.Version],
    messages: Sequence[records.Message],
    runs: Sequence[Run],
    stretches: Sequence[timelines.Stretch],
    most: int,
    changed: Iterable[timelines.FilesChanged] = (),
) -> list[Mark]:
    """Return all marks of a timeline, oldest first.

    They are versions, chat messages, runs, redacted edits, and updates that changed files.

    The clock may have been changed during the session. So a version is shown after the edits that
    it contains and before the next edits, even if its time differs. A run is shown after the edits
    that its code has. No message is shown before an earlier message, and no mark before the first
    edit.
    """
    timed: list[tuple[int, Mark]] = []
    sound = (version for version in versions if not version.is_damaged)
    for record in sorted(sound, key=lambda version: version.number):
        at = _between_edits(record, stretches)
        timed.append((at, _version_mark(record, at)))
    at = stretches[0].at if stretches else 0
    for message in messages:
        if message.is_damaged:
            continue
        at = max(at, message.created_at)
        timed.append((at, _chat_mark(message, at)))
    timed += _run_marks(runs, stretches)
    timed += [(update.at, _files_mark(update)) for update in changed]
    timed += [(stretch.at, _redaction_mark(stretch)) for stretch in stretches if stretch.redacted][
        -most:
    ]
    timed.sort(key=lambda mark: mark[0])
    return [mark for _, mark in timed]


def _run_marks(
    runs: Sequence[Run], stretches: Sequence[timelines.Stretch]
) -> list[tuple[int, Mark]]:
    """Return (time in ms, mark) of each run, by number.

    Time never goes back from one run to the next. A run may have ended long after the edits that
    its code has, so later edits do not bound its time.
    """
    timed: list[tuple[int, Mark]] = []
    earliest = 0
    for run in sorted(runs, key=lambda run: run.number):
        if run.is_damaged:
            continue
        index = bisect_right(stretches, run.sequence, key=lambda stretch: stretch.first) - 1
        begun = stretches[max(index, 0)].at if stretches else 0
        earliest = max(earliest, begun, run.created_at)
        timed.append((earliest, _run_mark(run, earliest)))
    return timed


def _between_edits(version: records.Version, stretches: Sequence[timelines.Stretch]) -> int:
    """Return the time in ms at which a version is shown.

    It is not before the edits that the version has, and not after the edits that it lacks.
    """
    index = bisect_right(stretches, version.sequence, key=lambda stretch: stretch.first) - 1
    if not stretches:
        return version.created_at
    if index < 0:
        return stretches[0].at
    stretch = stretches[index]
    is_inside = version.sequence < stretch.last
    earliest = stretch.at if is_inside else stretch.until
    following = (
        stretches[index + 1].at if index + 1 < len(stretches) else max(earliest, version.created_at)
    )
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
    return {
        "at": rfc3339(stretch.at),
        "kind": "redacted",
        "sequence": stretch.last,
        "author": stretch.author,
    }


def _files_mark(changed: timelines.FilesChanged) -> FilesMark:
    return {
        "at": rfc3339(changed.at),
        "kind": "files",
        "sequence": changed.sequence,
        "author": changed.author,
        "count": changed.count,
        "changes": [
            {"change": file.change, "root": file.root, "name": file.name, "oldName": file.old_name}
            for file in changed.changes
        ],
    }


def _run_mark(run: Run, at: int) -> RunMark:
    return {
        "at": rfc3339(at),
        "kind": "run",
        "number": run.number,
        "outcome": run.outcome,
        "sequence": run.sequence,
        "author": run.user_id,
    }


def timeline(
    folded: timelines.Timeline,
    after: int,
    versions: Sequence[records.Version],
    messages: Sequence[records.Message],
    runs: Sequence[Run],
) -> Answer:
    """Return the timeline after a log position, with its marks."""
    stretches = folded.stretches
    first = bisect_right(stretches, after, key=lambda stretch: stretch.first)
    shown = stretches[first : first + MAX_STRETCHES]
    has_more = first + MAX_STRETCHES < len(stretches)
    answer = {
        "first": rfc3339(stretches[0].at) if stretches else None,
        "last": rfc3339(stretches[-1].until) if stretches else None,
        "duration": stretches[-1].until - stretches[0].at if stretches else 0,
        "sequence": folded.sequence,
        "entries": [timeline_entry(stretch) for stretch in shown],
        "marks": marks(versions, messages, runs, stretches, MAX_MARKS, folded.files),
        "next": str(shown[-1].last) if has_more else None,
    }
    return Answer(json.dumps(answer), timeline_authors(stretches))
