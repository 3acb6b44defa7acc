"""The parts outside a room that it needs; they are handed to its constructor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crdt.crashmark import CrashMark
from crdt.errors import RoomUnavailable
from crdt.limits import MAX_UNSAVED_BYTES, MAX_UNSAVED_ROOM_BYTES, LimitCounters, RoomLimits
from crdt.log.journal import Journal
from crdt.room.connection import Connection
from crdt.room.presence import PresenceScheduler
from storage.records import Chunk


class LogSource(Protocol):
    """A room as the log writer sees it: new records, and the news that they are stored."""

    @property
    def session_id(self) -> str:
        """The session that the records belong to."""

    @property
    def journal(self) -> Journal:
        """The updates that the room has accepted and the store may not have yet."""

    def next_chunk(self, now: int) -> Chunk | None:
        """Return the chunk to write next; it is this chunk again until `saved` is called."""

    def saved(self) -> None:
        """The chunk returned last is committed."""


class LogSink(Protocol):
    """The log writer as a room sees it."""

    def has_capacity(self, size: int) -> bool:
        """Whether all rooms together may keep `size` more bytes that are not saved."""

    def wrote(self, source: LogSource, size: int) -> None:
        """The source has something new to write, of `size` bytes."""


class LargeAnswerer(Protocol):
    """Sends large documents, away from the rooms' turns."""

    def answer(
        self,
        connection: Connection,
        session_id: str,
        parts: Sequence[bytes],
        known: Mapping[int, int],
    ) -> None:
        """Send a client soon what it lacks of a session's document, which comes in parts.

        known  {client id: next clock} of what it has
        """


@dataclass(frozen=True, slots=True)
class RoomContext:
    """What all rooms of a process share.

    limits           bounds on each room
    sink             commits the log, and bounds what all rooms together have not saved
    scheduler        decides when a room's members are sent their frames
    random_below     returns a random integer from 0 to below its argument
    encode           returns a frame as it goes over the wire
    mark             names the session and user for whom native code works
    limit_counters   how often each limit refused something
    cpu_s            returns seconds of CPU time that the calling thread has used
    accepts_foreign  the server ended without saving all it had relayed (see `Room`)
    large_answers    sends large documents in parts; without it they are sent whole
    """

    limits: RoomLimits
    sink: LogSink
    scheduler: PresenceScheduler
    random_below: Callable[[int], int]
    encode: Callable[[bytes], bytes] = bytes
    mark: CrashMark = field(default_factory=CrashMark)
    limit_counters: LimitCounters = field(default_factory=LimitCounters)
    cpu_s: Callable[[], float] = float
    accepts_foreign: bool = False
    large_answers: LargeAnswerer | None = None

    def check_unsaved(self, journal: Journal, size: int) -> None:
        """Raise RoomUnavailable if a room, or all rooms together,
        have too much to save to take `size` more bytes.
        """
        if journal.unsaved_bytes + size > self.limits.unsaved_bytes:
            self.limit_counters.count(MAX_UNSAVED_ROOM_BYTES)
            raise RoomUnavailable("too much is waiting to be saved")
        if not self.sink.has_capacity(size):
            self.limit_counters.count(MAX_UNSAVED_BYTES)
            raise RoomUnavailable("too much is waiting to be saved")
