"""One update as a room receives it: a record with its author, its time and its kind."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from crdt.errors import LimitExceeded
from crdt.limits import MAX_SYNC_BYTES, MAX_UPDATE_BYTES, LimitCounters, RoomLimits
from crdt.room.connection import Connection
from crdt.structs.admission import Admitted
from crdt.wire import update_parser
from crdt.wire.parsed_update import Parsed


class UpdateKind(Enum):
    """The cause of an update.

    LIVE    a client has edited
    ANSWER  a client was asked for its structs (SyncStep2); it may be a whole document
    SERVER  the server edits for a user whose client is not Yjs
    """

    LIVE = "live"
    ANSWER = "answer"
    SERVER = "server"


class Compared(NamedTuple):
    """A comparison of known structs that an update brings with those of the document.

    spans      {client id: (first clock, next clock)} of the structs that were compared
    differing  client ids whose structs differ
    """

    spans: Mapping[int, tuple[int, int]]
    differing: Set[int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A large update, checked in steps before the room takes it.

    See `crdt.lifecycle.stepwise.room_steps.prepare`.

    parsed    the scan of the update
    admitted  the part of it that may be taken, or None if that is unknown
    known     the result of `StructIndex.known_of` at the check
    foreign   the result of `Room.foreign` at the check
    compared  the comparison that `Claims.verify` needs, or None if it needs none
    """

    parsed: Parsed
    admitted: Admitted | None = None
    known: Sequence[int] = ()
    foreign: Set[int] = frozenset()
    compared: Compared | None = None

    def holds(self, known: Sequence[int], foreign: Set[int]) -> bool:
        """Whether `admitted` is still right; known, foreign: the present results."""
        # Clients may have edited between two steps. The part that may be taken depends only on two
        # results: how far the sections of the update are known, and which client ids are foreign.
        # If both are unchanged, so is the part.
        return self.admitted is not None and self.known == known and self.foreign == foreign


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update that was not checked yet.

    author    id of the user whose connection or request brought it
    now       milliseconds since 1970
    source    the connection that brought it; None for an edit of the server
    prepared  the result of its check in steps; None if it was not checked yet
    growth    the bytes of UTF-8 by which the document's text grows; None if that is not known
    """

    update: bytes
    author: str
    now: int
    kind: UpdateKind
    source: Connection | None = None
    prepared: Prepared | None = None
    growth: int | None = None

    def read(self) -> Parsed:
        """Return what is in the update; raises Rejected or LimitExceeded."""
        if self.prepared:
            return self.prepared.parsed
        # What the server makes is bound by other limits than what a client sends.
        is_ours = self.kind is UpdateKind.SERVER
        return update_parser.parse(self.update) if is_ours else update_parser.read(self.update)


def server_edit(update: bytes, user_id: str, now: int = 0, growth: int | None = None) -> Incoming:
    """Return an update that the server made for a user; arguments as in `Incoming`."""
    return Incoming(update, user_id, now, UpdateKind.SERVER, growth=growth)


def check_size(incoming: Incoming, limits: RoomLimits, limit_counters: LimitCounters) -> None:
    """Raise LimitExceeded if a client's update is too large for its kind."""
    if incoming.kind is UpdateKind.ANSWER:
        setting, limit = MAX_SYNC_BYTES, limits.sync_bytes
    else:
        setting, limit = MAX_UPDATE_BYTES, limits.update_bytes
    if len(incoming.update) > limit:
        limit_counters.count(setting)
        raise LimitExceeded(f"an update over {limit} bytes", setting.name)
