"""One client of a room, as the room sees it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from storage.records import Role


class Outbox(Protocol):
    """Where frames for a client go: a WebSocket, or a list in tests."""

    def send(self, frame: bytes) -> None:
        """Queue one frame; never blocks, never raises."""

    def send_framed(self, data: bytes) -> None:
        """The same of several that are encoded already (see `crdt.room.broadcast`), at the end of a turn."""

    def close(self, reason: CloseReason, message: str = "") -> None:
        """Close the client; frames queued before are still tried. message: for people, if there is more to say."""


@dataclass(slots=True, eq=False)
class Connection:
    """A client's state in its room.

    user         {"id", "name", "color", "colorLight", "avatar"} as put into presence states
    login_id     the login (`sid`) it came with, so that signing out closes it
    client_ids   Yjs client ids it announced in its presence
    may_write    whether its edits are accepted now; only `Members` sets this
    received     number of its sync updates so far
    unsaved      (log sequence, value of `received`) of updates that are not committed yet, None for nothing
    is_behind    it sent an update with a gap and has not answered our SyncStep1 yet
    strikes      how often its answer still had a gap
    """

    user: Mapping[str, Any]
    login_id: str
    role: Role
    outbox: Outbox
    wants_saved: bool = False
    may_write: bool = False
    client_ids: set[int] = field(default_factory=set)
    received: int = 0
    unsaved: deque[tuple[int, int]] | None = None
    is_behind: bool = False
    strikes: int = 0
    was_refused: bool = False
    presence_at: int = 0
    late_presence: dict[int, AwarenessEntry] | None = None
    user_id: str = ""

    def __post_init__(self) -> None:
        self.user_id = str(self.user["id"])

    def acknowledge_when_saved(self, sequence: int, saved_sequence: int) -> None:
        """Remember to say "saved" when the log is committed up to `sequence`, or say it now."""
        if self.wants_saved and not self.is_behind:
            if self.unsaved is None:
                self.unsaved = deque()
            self.unsaved.append((sequence, self.received))
            self.acknowledge(saved_sequence)

    def acknowledge(self, saved_sequence: int) -> None:
        """Say how many of this client's updates are committed."""
        count = 0
        while self.unsaved and self.unsaved[0][0] <= saved_sequence:
            count = self.unsaved.popleft()[1]
        if count:
            self.outbox.send(y_protocol.saved(count))
