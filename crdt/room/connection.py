"""The state of one client in its room."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

from crdt.document.merging import EMPTY
from crdt.room.exchange import Outbox, Questions, Receipts, SentDocument
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from storage.records import Role


class Announced:
    """The presence that a client announces.

    client_ids  Yjs client ids in it
    taken_at    when its presence was applied last, in milliseconds since 1970
    late        {client id: entry} that came too soon after that; None if there are none
    """

    __slots__ = ("client_ids", "late", "taken_at")

    def __init__(self) -> None:
        self.client_ids: set[int] = set()
        self.taken_at = 0
        self.late: dict[int, AwarenessEntry] | None = None


@dataclass(slots=True, eq=False)
class Connection:
    """A client's state in its room.

    user         {"id", "name", "color", "colorLight", "avatar"} as put into presence states
    login_id     the login (`sid`) of the connection, so that signing out closes it
    wants_saved  the client asked how many of its updates are committed. If not, the room skips
                 `receipts`: looking at one more object costs time with each keystroke
    may_write    its edits are accepted now; only `Members` sets this
    was_refused  the client was told that it may not write
    """

    user: Mapping[str, Any]
    login_id: str
    role: Role
    outbox: Outbox
    wants_saved: bool = False
    may_write: bool = False
    was_refused: bool = False
    user_id: str = field(init=False)
    receipts: Receipts = field(init=False)
    questions: Questions = field(init=False)
    sent: SentDocument = field(init=False, default_factory=SentDocument)
    announced: Announced = field(init=False, default_factory=Announced)

    def __post_init__(self) -> None:
        self.user_id = str(self.user["id"])
        self.receipts = Receipts(self.outbox)
        self.questions = Questions(self.outbox)

    def ask_for(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Ask for the structs that an update of the client waits for, see `Questions.ask_for`."""
        # While a part is missing, "saved" would be wrong: it would count updates whose content the
        # server does not have.
        self.receipts.is_behind = True
        self.questions.ask_for(missing, clocks)

    def note_answer(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Note the structs that an answer of the client lacked, if any."""
        self.receipts.is_behind = bool(missing)
        self.questions.note_answer(missing, clocks)

    def refuse(self, update: bytes, reason: str) -> None:
        """Count an update that is dropped because the client may not write; say why once.

        The update stays unsaved until the client may write and syncs again.
        """
        if update == EMPTY:
            self.receipts.received += 1
            return
        self.receipts.note_refused()
        if not self.was_refused:
            self.was_refused = True
            self.outbox.send(y_protocol.permission_denied(reason))


class Observer(Protocol):
    """Gets all events of a room, and shows them to clients that do not use Yjs.

    Its methods are called inside the room's own calls, so they must be quick and never raise.
    """

    def edited(self) -> None:
        """Handle a change of the document."""

    def joined(self, connection: Connection) -> None:
        """Handle a client that joined."""

    def left(self, connection: Connection) -> None:
        """Handle a client that left."""

    def heard(self, entries: list[AwarenessEntry]) -> None:
        """Handle a change of presence."""
