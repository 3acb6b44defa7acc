"""What happened in a session, summed up for a slider: who typed when, and how much."""

import pickle
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from crdt.history.playback.stored_log import StoredLog, stored
from crdt.log.codec import LogEntry
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse

GAP_MS = 2_000
"""Two edits in a row of one user, at most this many milliseconds apart, belong to one stretch."""
PAUSE_MS = 300_000
"""A time without edits is shown as a pause if it is at least this many milliseconds long."""
PASTE = 100
"""An edit that inserts this many UTF-16 code units or more counts as a paste: nobody types that in
one edit."""

_END = 1 << 53

_View = TypeVar("_View")


@dataclass(slots=True)
class Stretch:
    """Edits of one user without a gap. Amounts are UTF-16 code units, as Yjs counts.

    first, last  log positions
    at, until    milliseconds since 1970 of the first and the last edit
    paste        the largest insert of one edit, if it is large enough to be a paste, else 0
    pause        milliseconds since the last edit before it, if they are at least `PAUSE_MS`, else 0
    redacted     text of it was taken out later
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


class Timeline:
    """Folds a log into stretches. Structs and deletions that an update repeats count once.

    Time never goes back: while the server's clock is behind an edit that is in the log,
    time stands still.
    """

    __slots__ = ("_clocks", "_deleted", "sequence", "stretches")

    def __init__(self) -> None:
        self.sequence = 0
        self.stretches: list[Stretch] = []
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

    def _inserted(self, parsed: Parsed) -> int:
        count = 0
        for client, (_, after) in parsed.spans.items():
            known = self._clocks.get(client, 0)
            if after > known:
                # After a broken connection a client may send again what it sent before. Only what
                # lies beyond the highest clock so far is new.
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
    """Go on with a timeline, to the end of a log; return (log position, timeline, a view of it).

    packed  a timeline as it was returned, b"" for a new one

    Raises RoomDamaged.
    """
    timeline: Timeline = pickle.loads(packed) if packed else Timeline()  # noqa: S301  # our own, never stored
    with stored():
        for sequence, entry in log.entries(timeline.sequence, _END):
            if sequence == timeline.sequence + 1:
                timeline.add(entry)
    return timeline.sequence, pickle.dumps(timeline), view(timeline)


class Ranges:
    """Half-open ranges of integers, joined where they touch."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> int:
        """Add a range; return how much of it is new."""
        # All ranges that overlap or touch the new one are replaced by one range. An example: 0 to 3
        # and 8 to 9 are there, and 3 to 8 is added: one range is left, 0 to 9, and 5 of it are new.
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
