"""One client of a room, as the room sees it."""

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from storage.records import Role

_LINK_MS = 30_000
"""Milliseconds for which a document counts as on its way to a client, whatever its size."""
_LEAST_BYTES_PER_MS = 8
"""Bytes for each of which a millisecond is added:
the slowest link that is reckoned with brings 8 KiB/s."""


class Outbox(Protocol):
    """Where frames for a client go: a WebSocket, or a list in tests."""

    def send(self, frame: bytes) -> None:
        """Queue one frame; never blocks, never raises."""

    def send_framed(self, data: bytes) -> None:
        """Queue several frames that are encoded already (see `crdt.room.broadcast`),
        at the end of a turn.
        """

    def send_parts(self, frames: Sequence[bytes]) -> None:
        """Send one large answer in several frames,
        which together may be larger than what else may wait.
        """

    def close(self, reason: CloseReason, message: str = "") -> None:
        """Close the client, after trying to send what is queued.

        message  more for people, or ""
        """


class Receipts:
    """Tells a client how many of its updates are committed, if it wants to know.

    received   number of its sync updates so far
    unsaved    (log sequence, value of `received`) of updates that are not committed yet,
               None for nothing
    is_behind  the server left out a part of an update, so it counts nothing more as saved until an
               answer of the client has brought everything
    """

    __slots__ = ("_outbox", "is_behind", "received", "unsaved")

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.received = 0
        self.unsaved: deque[tuple[int, int]] | None = None
        self.is_behind = False

    def note(self, sequence: int, saved_sequence: int) -> None:
        """Count an update; say "saved" when the log is committed up to `sequence`,
        which may be now.
        """
        self.received += 1
        if not self.is_behind:
            if self.unsaved is None:
                self.unsaved = deque()
            self.unsaved.append((sequence, self.received))
            self.send(saved_sequence)

    def note_refused(self) -> None:
        """Count an update of which nothing is kept."""
        self.received += 1
        self.is_behind = True

    def send(self, saved_sequence: int) -> None:
        """Say how many of the client's updates are committed, if more are than it was told."""
        count = 0
        # One commit may have many updates of a client: one frame with the newest count says it all.
        while self.unsaved and self.unsaved[0][0] <= saved_sequence:
            count = self.unsaved.popleft()[1]
        if count:
            self._outbox.send(y_protocol.saved(count))


class Questions:
    """What a client was asked for, and what its answers lacked.

    In the methods, `clocks` is {client id: next clock} of the document.

    verifies   {client id: (first clock, next clock)} of structs that it was asked for because they
               are its own and others brought them
    asked_for  the question that it has not answered yet: {client id of which structs are missing:
               the clock up to which they are known}, or None
    lacks      {client id: the clock up to which its structs were known} for the structs that its
               last answer lacked. While these clocks stay, asking again is useless
    """

    __slots__ = ("_outbox", "asked_for", "lacks", "verifies")

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.verifies: dict[int, tuple[int, int]] = {}
        self.asked_for: dict[int, int] | None = None
        self.lacks: dict[int, int] = {}

    def ask_all(
        self, brought_by_others: Mapping[int, tuple[int, int]], clocks: Mapping[int, int]
    ) -> None:
        """Ask for all the client has that the document lacks,
        and for structs of their own that others brought.
        """
        # A state vector cannot say "send me these again", so it says less than is known: for these
        # clients, the clock before the structs that others brought.
        self.verifies.update(brought_by_others)
        known = {**clocks, **{client: first for client, (first, _) in brought_by_others.items()}}
        self._outbox.send(y_protocol.sync_step1(known))

    def ask_for(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Ask once for all that the client has, because its update waits for other structs.

        missing  client ids of those structs

        No second question is sent before the first is answered. Nor is a question sent again that
        would get the same answer: a stock client may never have the structs that its own updates
        wait for, and it sends these updates again at each sync.
        """
        known = {client: clocks.get(client, 0) for client in missing}
        # The client has answered this question before, and its answer lacked just these structs.
        is_answered = known.items() <= self.lacks.items() and not self.has_hope(clocks)
        if self.asked_for is None and not is_answered:
            self._ask(known, clocks)

    def ask_again(self, clocks: Mapping[int, int]) -> None:
        """Ask again if somebody else has brought structs that the client's last answer lacked."""
        if self.asked_for is None and self.has_hope(clocks):
            self._ask({}, clocks)

    def has_hope(self, clocks: Mapping[int, int]) -> bool:
        """Whether somebody else has brought structs that the client's last answer lacked."""
        return any(clocks.get(client, 0) != known for client, known in self.lacks.items())

    def _ask(self, known: dict[int, int], clocks: Mapping[int, int]) -> None:
        self.asked_for = known
        self._outbox.send(y_protocol.sync_step1(clocks))

    def note_answer(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Note which structs an answer lacked: the client does not have them,
        so it is not asked for them again.
        """
        asked_for, self.asked_for = self.asked_for or {}, None
        # The structs that the client was asked for count too: if its answer is incomplete, it does
        # not have them.
        self.lacks = (
            {client: clocks.get(client, 0) for client in (*asked_for, *missing)} if missing else {}
        )


class SentDocument:
    """The large document that a client was sent as an answer.

    clocks        {client id: next clock} of it, None for none
    on_way_until  the time up to which it may be on its way to a client on a slow link
    is_coming     it is being made ready to be sent
    """

    __slots__ = ("clocks", "is_coming", "on_way_until")

    def __init__(self) -> None:
        self.clocks: dict[int, int] | None = None
        self.on_way_until = 0
        self.is_coming = False

    def note(self, clocks: Mapping[int, int], size: int, now: int) -> None:
        """Note that a document of `size` bytes was sent.

        The client is told of all that comes after it.
        """
        self.clocks = dict(clocks)
        self.on_way_until = now + _LINK_MS + size // _LEAST_BYTES_PER_MS

    def is_enough(self, known: Mapping[int, int], now: int) -> bool:
        """Whether a client with these clocks has, or is about to get, all that it asks for.

        Stock clients ask again at an interval (`resyncInterval`),
        on a slow link before the first answer is there.
        """
        if self.is_coming:
            return True
        if self.clocks is None:
            return False
        # A second copy of a large document would only make a slow link slower. What came after the
        # first copy is sent to the client as it comes, so nothing is missing.
        return now < self.on_way_until or all(
            known.get(client, 0) >= clock for client, clock in self.clocks.items()
        )


class Announced:
    """The presence that a client announces.

    client_ids  Yjs client ids in it
    taken_at    when presence of it was taken last, in milliseconds since 1970
    late        {client id: entry} of what came too soon after that, None for nothing
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
    login_id     the login (`sid`) it came with, so that signing out closes it
    wants_saved  it wants to be told how many of its updates are committed. If not, `receipts` need
                 not be asked: to look at one more object costs time with each keystroke
    may_write    whether its edits are accepted now; only `Members` sets this
    was_refused  it was told that it may not write
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
        # While a part is missing, "saved" would be a lie, as it would count updates whose content
        # the server does not have.
        self.receipts.is_behind = True
        self.questions.ask_for(missing, clocks)

    def note_answer(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Note which structs an answer of the client lacked, if any."""
        self.receipts.is_behind = bool(missing)
        self.questions.note_answer(missing, clocks)


class Observer(Protocol):
    """Is told of all that happens in a room, and shows it to clients that are not Yjs.

    Its methods are called inside the room's own calls, so they are quick and never raise.
    """

    def edited(self) -> None:
        """The document has changed."""

    def joined(self, connection: Connection) -> None:
        """A client came in."""

    def left(self, connection: Connection) -> None:
        """A client is gone."""

    def heard(self, entries: list[AwarenessEntry]) -> None:
        """Presence has changed."""
