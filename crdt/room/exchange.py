"""What the server and one client have told and asked each other.

That is: which updates of the client are committed, which structs it was asked for, and which large
document it was sent. Not for the client's rights and presence: see `crdt.room.connection`.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Protocol

from crdt.errors import NeedsSteps
from crdt.room.closing import CloseReason
from crdt.wire import y_protocol

_LINK_MS = 30_000
"""Milliseconds for which a document counts as on its way to a client, however large it is."""
_LEAST_BYTES_PER_MS = 8
"""A millisecond is added for each of this many bytes: the slowest expected link carries 8 KiB/s."""


class Outbox(Protocol):
    """The queue of frames for a client: a WebSocket, or a list in tests."""

    def send(self, frame: bytes) -> None:
        """Queue one frame; never blocks, never raises."""

    def send_framed(self, data: bytes) -> None:
        """Queue several encoded frames at the end of a turn (see `crdt.room.broadcast`)."""

    def send_parts(self, frames: Sequence[bytes]) -> None:
        """Send one large answer in several frames.

        Together they may be larger than the limit of the queue.
        """

    def close(self, reason: CloseReason, message: str = "") -> None:
        """Close the client, after trying to send the queued frames.

        message  further text for people, or ""
        """


class Receipts:
    """Tells a client how many of its updates are committed, if it wants to know.

    received   number of its sync updates so far
    unsaved    (log position, value of `received`) of updates that are not committed yet;
               None if there are none
    is_behind  the server left out a part of an update. So no more updates count as saved until an
               answer of the client has brought all missing structs
    """

    __slots__ = ("_outbox", "is_behind", "received", "unsaved")

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.received = 0
        self.unsaved: deque[tuple[int, int]] | None = None
        self.is_behind = False

    def note(self, sequence: int, saved_sequence: int) -> None:
        """Count an update, and send "saved" when the log is committed up to `sequence`.

        The log may be committed up to there already.
        """
        self.received += 1
        if not self.is_behind:
            if self.unsaved is None:
                self.unsaved = deque()
            self.unsaved.append((sequence, self.received))
            self.send(saved_sequence)

    def note_refused(self) -> None:
        """Count an update that was dropped as a whole."""
        self.received += 1
        self.is_behind = True

    def send(self, saved_sequence: int) -> None:
        """Tell a client how many of its updates are committed, if the number has grown."""
        count = 0
        # One commit may have many updates of a client: one frame with the newest count is enough.
        while self.unsaved and self.unsaved[0][0] <= saved_sequence:
            count = self.unsaved.popleft()[1]
        if count:
            self._outbox.send(y_protocol.saved(count))


class Questions:
    """The questions that a client was asked, and the structs that its answers lacked.

    In the methods, `clocks` is {client id: next clock} of the document.

    verifies   {client id: (first clock, next clock)} of structs that the client was asked for
               although the document has them. They are compared with those of the document
    asked_for  the unanswered question: {client id with missing structs: the clock up to which they
               are known}, or None
    lacks      {client id: the clock up to which its structs were known} for the structs that its
               last answer lacked. Asking again is useless until these clocks change
    sent       the number of questions that the client was asked
    answered   the number of questions that it has answered
    shown      {client id without an owner: the number of the question whose answer shows the
               structs under it; 0 if the client has sent them without a question}
    """

    __slots__ = ("_outbox", "answered", "asked_for", "lacks", "sent", "shown", "verifies")

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.sent = self.answered = 0
        self.shown: dict[int, int] = {}
        self.verifies: dict[int, tuple[int, int]] = {}
        self.asked_for: dict[int, int] | None = None
        self.lacks: dict[int, int] = {}

    def ask_all(
        self, brought_by_others: Mapping[int, tuple[int, int]], clocks: Mapping[int, int]
    ) -> None:
        """Ask a client for structs that the document lacks, and for those that other users brought.

        brought_by_others  see `Claims.brought_by_others`
        """
        # A state vector cannot say "send these structs again". So for these client ids it has the
        # clock before the structs that other users brought.
        self.verifies.update(brought_by_others)
        known = {**clocks, **{client: first for client, (first, _) in brought_by_others.items()}}
        self._send(known)

    def compare(self, clients: Set[int], clocks: Mapping[int, int]) -> None:
        """Ask a client for all structs under these client ids, to compare them with the known."""
        # The answer brings everything that the document lacks, too. So no other question is needed
        # before it comes.
        self.asked_for = self.asked_for or {}
        self.ask_all({client: (0, clocks[client]) for client in clients}, clocks)
        self.shown.update(dict.fromkeys(clients, self.sent))

    def has_shown(self, client: int) -> bool:
        """Whether the question about a client id was answered, or is not needed."""
        return client in self.shown and self.shown[client] <= self.answered

    def note_shown(self, clients: Set[int]) -> None:
        """Note that the client has sent its structs under some client ids."""
        self.shown.update(dict.fromkeys(clients, 0))

    def note_compared(self, clients: Collection[int]) -> None:
        """Note the client ids whose structs were in an update, and were compared."""
        # If another question waits for its answer, the other structs may be in that answer.
        is_last = self.answered == self.sent
        self.verifies = {
            client: span
            for client, span in self.verifies.items()
            if not (is_last or client in clients)
        }

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Count an answer, which the block takes.

        A client may send answers without a question, which do not count.
        """
        before = self.answered
        self.answered = min(before + 1, self.sent)
        try:
            yield
        except NeedsSteps:
            # The same answer comes again. If it counted twice, the answer to a second question
            # would count before the client has sent it.
            self.answered = before
            raise

    def ask_for(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Ask once for all structs of the client, because its update waits for other structs.

        missing  client ids of those structs

        No second question is sent before the first is answered. Also, a question is not repeated if
        its answer would be the same as before. A stock client may never have the structs that its
        own updates wait for, and it sends these updates again at each sync.
        """
        known = {client: clocks.get(client, 0) for client in missing}
        # The client has answered this question before, and its answer lacked these structs.
        is_answered = known.items() <= self.lacks.items() and not self.has_hope(clocks)
        if self.asked_for is None and not is_answered:
            self._ask(known, clocks)

    def ask_again(self, clocks: Mapping[int, int]) -> None:
        """Ask again if another client has brought structs that the client's last answer lacked."""
        if self.asked_for is None and self.has_hope(clocks):
            self._ask({}, clocks)

    def has_hope(self, clocks: Mapping[int, int]) -> bool:
        """Whether another client has brought structs that the client's last answer lacked."""
        return any(clocks.get(client, 0) != known for client, known in self.lacks.items())

    def _ask(self, known: dict[int, int], clocks: Mapping[int, int]) -> None:
        self.asked_for = known
        self._send(clocks)

    def _send(self, clocks: Mapping[int, int]) -> None:
        self.sent += 1
        self._outbox.send(y_protocol.sync_step1(clocks))

    def note_answer(self, missing: Set[int], clocks: Mapping[int, int]) -> None:
        """Note the structs that an answer lacked: the client is not asked for them again."""
        asked_for, self.asked_for = self.asked_for or {}, None
        # The structs that the client was asked for count, too: if its answer is incomplete, it does
        # not have them.
        self.lacks = (
            {client: clocks.get(client, 0) for client in (*asked_for, *missing)} if missing else {}
        )


class SentDocument:
    """The large document that a client was sent as an answer.

    clocks        {client id: next clock} of the document; None if no document was sent
    on_way_until  the time until which it may be on its way to a client on a slow link
    is_coming     the document is being prepared for sending
    """

    __slots__ = ("clocks", "is_coming", "on_way_until")

    def __init__(self) -> None:
        self.clocks: dict[int, int] | None = None
        self.on_way_until = 0
        self.is_coming = False

    def note(self, clocks: Mapping[int, int], size: int, now: int) -> None:
        """Note that a document of `size` bytes was sent.

        The client gets all later updates separately.
        """
        self.clocks = dict(clocks)
        self.on_way_until = now + _LINK_MS + size // _LEAST_BYTES_PER_MS

    def is_enough(self, known: Mapping[int, int], now: int) -> bool:
        """Whether a client with these clocks has, or will soon get, all that it asks for.

        Stock clients ask again at an interval (`resyncInterval`). On a slow link they do so before
        the first answer has arrived.
        """
        if self.is_coming:
            return True
        if self.clocks is None:
            return False
        # A second copy of a large document would only make a slow link slower. Updates after the
        # first copy are sent to the client as they come, so nothing is missing.
        return now < self.on_way_until or all(
            known.get(client, 0) >= clock for client, clock in self.clocks.items()
        )
