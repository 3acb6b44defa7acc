"""The parts outside a room that the room needs; its constructor gets them."""

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
    """A room as the log writer sees it: it gives chunks, and is told that they are stored."""

    @property
    def session_id(self) -> str:
        """The session that the records belong to."""

    @property
    def journal(self) -> Journal:
        """The updates that the room has accepted and the store may not have yet."""

    def next_chunk(self, now: int) -> Chunk | None:
        """Return the chunk to write next; it is the same chunk until `saved` is called."""

    def saved(self) -> None:
        """Note that the chunk returned last is committed."""


class LogSink(Protocol):
    """The log writer as a room sees it."""

    def has_capacity(self, size: int) -> bool:
        """Whether all rooms together may keep `size` more bytes that are not saved."""

    def wrote(self, source: LogSource, size: int) -> None:
        """Note that a source has new updates to write, of `size` bytes."""


class LargeAnswerer(Protocol):
    """Sends large documents, outside the calls of rooms."""

    def answer(
        self,
        connection: Connection,
        session_id: str,
        parts: Sequence[bytes],
        known: Mapping[int, int],
    ) -> None:
        """Soon send a client those updates of a session's document that it lacks.

        parts  updates that together are the document
        known  {client id: next clock} of the structs that the client has
        """


@dataclass(frozen=True, slots=True)
class RoomContext:
    """The parts that all rooms of a process share.

    limits           bounds on each room
    sink             commits the log, and bounds the unsaved bytes of all rooms together
    scheduler        decides when a room's members are sent their frames
    random_below     returns a random integer from 0 to below its argument
    encode           returns a frame as bytes for the socket
    mark             names the session and user that native code works for
    limit_counters   count the refusals by each limit
    cpu_s            returns seconds of CPU time that the calling thread has used
    accepts_foreign  the last process ended without saving all updates it had relayed (see `Room`)
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
        """Raise RoomUnavailable if too many bytes are unsaved to take `size` more.

        Both a room and all rooms together have a limit.
        """
        if journal.unsaved_bytes + size > self.limits.unsaved_bytes:
            self.limit_counters.count(MAX_UNSAVED_ROOM_BYTES)
            raise RoomUnavailable("too much is waiting to be saved")
        if not self.sink.has_capacity(size):
            self.limit_counters.count(MAX_UNSAVED_BYTES)
            raise RoomUnavailable("too much is waiting to be saved")
