"""Sums up a session's edits for a slider: who typed, when, and how much."""

import pickle
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from crdt.history.playback.file_changes import MAX_SHOWN, FileChange, FileChanges
from crdt.history.playback.stored_log import StoredLog, stored
from crdt.log.codec import LogEntry
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse

GAP_MS = 2_000
"""Two edits of one user in a row belong to one stretch if they are at most this far apart."""
PAUSE_MS = 300_000
"""A time without edits is shown as a pause if it lasts at least this many milliseconds."""
PASTE = 100
"""An edit that inserts at least this many UTF-16 code units counts as a paste: nobody types that
many in one edit."""

MAX_FILE_MARKS = 1_000
"""The newest updates that changed files. Their names are at most a few megabytes."""

_END = 1 << 53

_View = TypeVar("_View")


@dataclass(slots=True)
class Stretch:
    """Edits of one user without a gap. Amounts are UTF-16 code units, as Yjs counts.

    first, last  log positions
    at, until    milliseconds since 1970 of the first and the last edit
    paste        the largest insert of one edit, or 0 if it is too small for a paste
    pause        milliseconds since the edit before it, or 0 if they are fewer than `PAUSE_MS`
    redacted     some of its text was redacted later
    """

    first: int
    last: int
    at: int
    until: int
    author: str
    inserted: int = 0
    deleted: int = 0
    paste: int = 0
    pause: int = 0
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class FilesChanged:
    """An update that created, renamed, deleted or restored files.

    at       its time in milliseconds since 1970
    count    how many files it changed
    changes  the first of these changes
    """

    sequence: int
    at: int
    author: str
    count: int
    changes: tuple[FileChange, ...]


class Timeline:
    """Folds a log into stretches. Structs and deletions that an update repeats count once.

    Time never goes back. If the server's clock was set back, an entry counts as made at the time
    of the entry before it.

    files  the newest updates that changed files, oldest first
    """

    __slots__ = ("_clocks", "_deleted", "_table", "files", "sequence", "stretches")

    def __init__(self) -> None:
        self.sequence = 0
        self.stretches: list[Stretch] = []
        self.files: deque[FilesChanged] = deque(maxlen=MAX_FILE_MARKS)
        self._table = FileChanges()
        self._clocks: dict[int, int] = {}
        self._deleted: dict[int, Ranges] = {}

    def add(self, entry: LogEntry) -> None:
        """Take the next entry of the log; raises Rejected if it is malformed."""
        self.sequence += 1
        parsed = parse(entry.update, STORED_LIMITS)
        inserted, deleted = self._inserted(parsed), self._removed(parsed)
        last = self.stretches[-1] if self.stretches else None
        now = max(entry.at, last.until) if last else entry.at
        if last is None or last.author != entry.author or now - last.until > GAP_MS:
            since = now - last.until if last else 0
            last = Stretch(self.sequence, self.sequence, now, now, entry.author)
            last.pause = since if since >= PAUSE_MS else 0
            self.stretches.append(last)
        last.last, last.until = self.sequence, now
        last.inserted += inserted
        last.deleted += deleted
        last.redacted = last.redacted or entry.redacted
        if inserted >= PASTE:
            last.paste = max(last.paste, inserted)
        self._note_files(parsed, now, entry.author)

    def _note_files(self, parsed: Parsed, now: int, author: str) -> None:
        changes = self._table.take(parsed)
        if changes:
            shown = tuple(changes[:MAX_SHOWN])
            self.files.append(FilesChanged(self.sequence, now, author, len(changes), shown))

    def _inserted(self, parsed: Parsed) -> int:
        count = 0
        for client, (_, after) in parsed.spans.items():
            known = self._clocks.get(client, 0)
            if after > known:
                # After a broken connection a client may send the same structs again. Only structs
                # above the highest clock so far are new.
                count += after - max(known, parsed.spans[client][0])
                self._clocks[client] = after
        return count

    def _removed(self, parsed: Parsed) -> int:
        return sum(
            self._deleted.setdefault(client, Ranges()).add(start, end)
            for client, start, end in parsed.ranges
        )


def fold(
    packed: bytes, log: StoredLog, view: Callable[[Timeline], _View]
) -> tuple[int, bytes, _View]:
    """Continue a timeline to the end of a log; return (log position, timeline, a view of it).

    packed  a timeline that `fold` returned, or b"" for a new one

    Raises RoomDamaged.
    """
    timeline: Timeline = pickle.loads(packed) if packed else Timeline()  # noqa: S301  # our own, never stored
    with stored():
        for sequence, entry in log.entries(timeline.sequence, _END):
            if sequence == timeline.sequence + 1:
                timeline.add(entry)
    return timeline.sequence, pickle.dumps(timeline), view(timeline)


class Ranges:
    """Half-open ranges of integers; ranges that touch are joined."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> int:
        """Add a range; return how many of its integers are new."""
        # One range replaces all ranges that overlap or touch the new one. An example: 3 to 8 is
        # added to 0 to 3 and 8 to 9. The result is 0 to 9, and 5 integers of it are new.
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        known = sum(
            max(0, min(end, self._ends[at]) - max(start, self._starts[at]))
            for at in range(first, last)
        )
        self._starts[first:last] = (
            [min(start, *self._starts[first : first + 1])] if first < last else [start]
        )
        self._ends[first:last] = [max(end, *self._ends[last - 1 : last])] if first < last else [end]
        return end - start - known
