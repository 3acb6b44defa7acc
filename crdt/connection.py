"""One client of a room, as the room sees it."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from crdt.protocol import AwarenessEntry
from storage.records import Role


class Outbox(Protocol):
    """Where frames for a client go: a WebSocket, or a list in tests."""

    def send(self, frame: bytes) -> None:
        """Queue one frame; never blocks, never raises."""

    def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket close code; frames queued before are still tried."""


@dataclass(slots=True, eq=False)
class Connection:
    """A client's state in its room.

    user         {"id", "name", "color", "colorLight", "avatar"} as put into presence states
    login_id     the login (`sid`) it came with, so that signing out closes it
    client_ids   Yjs client ids it announced in its presence
    received     number of its sync updates so far
    unsaved      (log sequence, value of `received`) of updates that are not committed yet
    acknowledged value of `received` up to which "saved" was said
    is_behind    it sent an update with a gap and has not answered our SyncStep1 yet
    strikes      how often its answer still had a gap
    """

    user: dict[str, Any]
    login_id: str
    role: Role
    outbox: Outbox
    wants_saved: bool = False
    client_ids: set[int] = field(default_factory=set)
    received: int = 0
    acknowledged: int = 0
    unsaved: deque[tuple[int, int]] = field(default_factory=deque)
    is_behind: bool = False
    strikes: int = 0
    was_refused: bool = False
    presence_at: int = 0
    late_presence: dict[int, AwarenessEntry] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        return str(self.user["id"])
