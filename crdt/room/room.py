"""A room: one session's live document, those connected to it, and what is not yet saved.

Synchronous on purpose: a room changes only inside one call, in order of arrival, so there is
nothing to lock. Knows no clock (times come in as milliseconds since 1970), no socket and no
store; `rooms` loads it, writes its log and closes it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set

from crdt.closing import CloseReason
from crdt.crashmark import CrashMark
from crdt.document import admission, fast_path
from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.document.quota import DocumentQuota
from crdt.document.server_edits import ServerEdits, code_root
from crdt.errors import Gap, Rejected, RoomUnavailable
from crdt.limits import MAX_SYNC_BYTES, MAX_UNSAVED_BYTES, MAX_UNSAVED_ROOM_BYTES, MAX_UPDATE_BYTES, RoomLimits
from crdt.log import codec
from crdt.log.contributions import MANY, Contributions
from crdt.log.pending import Journal
from crdt.log.restore import RestoredDocument
from crdt.room.connection import Connection
from crdt.room.members import Gathering
from crdt.text.text_map import Edit
from crdt.wire import update_parser, y_protocol
from crdt.wire.content import LIVE_LIMITS, SYNC_LIMITS
from crdt.wire.parsed_update import Parsed
from storage.records import Chunk, Role

_MAX_STRIKES = 3
_SYNC = bytes((y_protocol.SYNC,))
_VIEWER = Role.VIEWER


class Room(Gathering):
    """The live document of a session and its connections.

    accepts_foreign see `StructIndex.admit`: the server ended without saving all it had relayed
    journal         what is not saved yet, and the log positions
    pins            uses of the room beside its connections; it stays loaded while there are any
    idle_since      when `rooms` first saw nobody using it
    checkpointed    log position of the stored checkpoint
    packed          log position up to which the log was looked at for packing
    on_edit         called after each change of the document with the room and the bytes of its update
    has_memory      asked whether all rooms together may keep so many bytes more that are not saved
    on_lost         called with the room when the store turns out to have another log than the room believes
    contributions   who wrote what
    """

    __slots__ = (
        "_deferred_by", "_mark", "_quota", "_reached", "_server_edits", "accepts_foreign", "checkpointed",
        "checkpointed_at", "contributions", "document", "has_memory", "idle_since", "journal", "limits",
        "main_root", "on_edit", "on_lost", "packed", "pins", "session_id",
    )  # fmt: skip

    def __init__(
        self,
        session_id: str,
        restored: RestoredDocument,
        limits: RoomLimits,
        *,
        random_below: Callable[[int], int],
        checkpointed: int = 0,
        main_root: str = "codemirror",
        is_open: bool = True,
        accepts_foreign: bool = False,
        encode: Callable[[bytes], bytes] = bytes,
        mark: CrashMark | None = None,
        reached: Counter[str] | None = None,
    ) -> None:
        """encode: how a frame goes over the wire, see `Broadcast`; mark: where who is worked for is written.

        reached  counts, by the name of a setting, how often it kept somebody from something
        """
        self._reached: Counter[str] = Counter() if reached is None else reached
        super().__init__(restored.index, limits, is_open=is_open, encode=encode, reached=self._reached)
        self.session_id = session_id
        self.limits = limits
        self._mark = mark or CrashMark()
        self._deferred_by: str | None = None
        self.main_root = main_root
        self.accepts_foreign = accepts_foreign
        self.document = Document(restored.state, self.index.split_surrogates)
        self.journal = Journal(session_id, restored.sequence)
        self.contributions = Contributions(restored.authorship, restored.contributors, restored.edited_at)
        self.pins = 0
        self.idle_since: int | None = None
        self.checkpointed = checkpointed
        self.checkpointed_at = 0
        self.packed = 0
        self.on_edit: Callable[[Room, int], None] = _do_nothing
        self.has_memory: Callable[[int], bool] = _has_memory
        self.on_lost: Callable[[Room], None] = _do_nothing
        self._server_edits = ServerEdits(self.document, self.index, random_below)
        self._quota = DocumentQuota(self.document, self.index, limits, len(restored.state), self._reached)

    # -- what comes in ----------------------------------------------------------------------------

    def receive(self, connection: Connection, frame: bytes, now: int, parsed: Parsed | None = None) -> None:
        """Handle one frame of a client that has joined.

        parsed  the scan of the update in it, when `rooms` did that elsewhere because it is large

        Raises ProtocolError, DocumentFull or RoomUnavailable; the caller closes the connection.
        """
        if connection not in self.connections:
            return
        if self.is_open and connection.role is not _VIEWER:
            typed = fast_path.read(frame, self.index, connection.user_id)
            if typed and self._type(connection, typed, frame, now):
                return
        if frame[:1] == _SYNC:
            self.settle()
        with self._mark.at(self.session_id, connection.user_id):
            self._receive(connection, y_protocol.decode(frame), now, parsed)

    def _receive(self, connection: Connection, message: y_protocol.Message, now: int, parsed: Parsed | None) -> None:
        match message:
            case y_protocol.SyncUpdate(update):
                self._write(connection, update, now, parsed, is_answer=False)
            case y_protocol.AwarenessUpdate(entries):
                self.presence.hear(connection, entries, now)
            case y_protocol.SyncStep1(state_vector):
                y_protocol.decode_state_vector(state_vector)
                connection.outbox.send(y_protocol.sync_step2(self.document.diff(state_vector)))
            case y_protocol.SyncStep2(update):
                self._write(connection, update, now, parsed, is_answer=True)
            case y_protocol.QueryAwareness():
                self.presence.answer(connection)

    def _type(self, connection: Connection, typed: fast_path.SimpleEdit, frame: bytes, now: int) -> bool:
        """Take a keystroke; False, and nothing has happened, if a limit is near: the long way decides."""
        client, first, after, update, place = typed
        size = len(update)
        journal = self.journal
        if (
            journal.unsaved_bytes + size > self.limits.unsaved_bytes
            or not self.has_memory(size)
            or not self._quota.reserve(size, after - first)
        ):
            return False
        connection.received += 1
        author = connection.user_id
        self.document.defer(update)
        if self._deferred_by != author:
            self._deferred_by = author if self._deferred_by is None else ""
        if after:
            self.index.clocks[client] = after
            if place:
                self.index.parents.extend(client, first, place)
        entry = fast_path.new_tuple(codec.Entry, (now, author, update, False, False))
        journal.add(entry)
        contributions = self.contributions
        contributions.last_edit_at = now
        contributions.typed.append((client, first, after, entry, journal.sequence))
        if len(contributions.typed) >= MANY:
            contributions.fold()
        self._recorded(size)
        self.broadcast.add(frame, connection)
        connection.owe(journal.sequence, journal.saved_sequence)
        return True

    def _write(
        self, connection: Connection, update: bytes, now: int, parsed: Parsed | None, *, is_answer: bool
    ) -> None:
        connection.received += 1
        if not self.may_write(connection):
            self._refuse(connection, update)
            return
        if len(update) > (self.limits.sync_bytes if is_answer else self.limits.update_bytes):
            self._reached[MAX_SYNC_BYTES.name if is_answer else MAX_UPDATE_BYTES.name] += 1
            raise Rejected("update too large")
        accepts_foreign = is_answer and self.accepts_foreign
        try:
            self._take(
                connection.user_id,
                update,
                now,
                parsed,
                connection,
                is_answer=is_answer,
                accepts_foreign=accepts_foreign,
            )
        except Gap as gap:
            self._ask_again(connection, gap, is_answer=is_answer)
            return
        if is_answer:
            connection.is_behind = False
            connection.strikes = 0
        connection.owe(self.journal.sequence, self.journal.saved_sequence)

    def _refuse(self, connection: Connection, update: bytes) -> None:
        """Drop a reader's update: nothing of it counts as saved until he may write and has synced again."""
        if update == EMPTY:
            return
        connection.is_behind = True
        if not connection.was_refused:
            connection.was_refused = True
            reason = "forbidden: viewers cannot edit" if self.is_open else "session_ended: nobody can edit"
            connection.outbox.send(y_protocol.permission_denied(reason))

    def _take(
        self,
        author: str,
        update: bytes,
        now: int,
        parsed: Parsed | None,
        source: Connection | None,
        *,
        is_answer: bool = False,
        accepts_foreign: bool = False,
    ) -> None:
        """Scan, apply, relay and log one update."""
        if update == EMPTY:
            return
        if self.journal.unsaved_bytes + len(update) > self.limits.unsaved_bytes:
            self._reached[MAX_UNSAVED_ROOM_BYTES.name] += 1
            raise RoomUnavailable("too much is waiting to be saved")
        if not self.has_memory(len(update)):
            self._reached[MAX_UNSAVED_BYTES.name] += 1
            raise RoomUnavailable("too much is waiting to be saved")
        limits = SYNC_LIMITS if is_answer else LIVE_LIMITS
        index = self.index
        accepted = admission.check_update(
            index, parsed or update_parser.read(update, limits), author, limits, accepts_foreign=accepts_foreign
        )
        if not accepted:
            return
        parsed, update = accepted, accepted.update
        self._quota.check(parsed, update, is_exact=source is None or is_answer)
        unclaimed: Set[int] = frozenset()
        if accepts_foreign and source:
            unclaimed = parsed.spans.keys() - index.owners.keys() - source.client_ids
        if not index.take(parsed, author, self.document.apply, unclaimed):
            return
        entry = codec.Entry(now, author, update, bool(unclaimed))
        self.journal.add(entry)
        self.contributions.note(parsed, entry, self.journal.sequence)
        self._recorded(len(update))
        self.broadcast.add(y_protocol.sync_update(update), source)

    def _recorded(self, size: int) -> None:
        self.on_edit(self, size)
        if self._observer:
            self._observer.edited()

    def _ask_again(self, connection: Connection, gap: Gap, *, is_answer: bool) -> None:
        """Ask once for everything; a client whose answers still have gaps is sent away for a while."""
        if is_answer:
            connection.strikes += 1
            if connection.strikes >= _MAX_STRIKES:
                self.close([connection], CloseReason.GAP, str(gap))
                return
        if is_answer or not connection.is_behind:
            connection.is_behind = True
            connection.outbox.send(y_protocol.sync_step1(self.index.clocks))

    # -- saving -----------------------------------------------------------------------------------

    def take_unsaved(self, now: int) -> Chunk | None:
        """Return the chunk to write next, the same again until `saved` is called.

        Nothing is stored that pycrdt has not loaded; raises RoomDamaged if it does not.
        """
        self.contributions.fold()
        self.settle()
        return self.journal.take(now)

    def settle(self) -> None:
        """Integrate keystrokes in the name of who typed them; raises RoomDamaged as `Document.catch_up`."""
        with self._mark.at(self.session_id, self._deferred_by or ""):
            self.document.catch_up()
        self._deferred_by = None

    def saved(self) -> None:
        """The chunk last taken is committed: acknowledge what waited for it."""
        self.journal.committed()
        for connection in self.connections:
            if connection.unsaved:
                connection.acknowledge(self.journal.saved_sequence)

    @property
    def is_used(self) -> bool:
        return bool(self.connections) or self.pins > 0

    # -- text -------------------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """Return {root: text} of all text roots and the main root."""
        self.settle()
        with self._mark.at(self.session_id):
            return self.document.texts(dict.fromkeys((self.main_root, *self.index.text_roots)))

    def edit_text(self, user_id: str, text: str, now: int) -> None:
        """Turn the session's code into `text` by a small edit of this user's; raises as `edit` does."""
        self.edit(user_id, {code_root(self.files(), self.main_root): text}, now)

    def edit(self, user_id: str, files: Mapping[str, str], now: int, edits: Sequence[Edit] | None = None) -> None:
        """Turn roots' texts into `files` by one edit of this user's; `edits` as `Document.edit` takes them.

        Raises DocumentFull, Rejected or RoomUnavailable; the document is then unchanged.
        """
        self.settle()
        with self._mark.at(self.session_id, user_id):
            update = self._server_edits.update(user_id, files, edits)
            if update != EMPTY:
                self._take(user_id, update, now, update_parser.parse(update, SYNC_LIMITS), None)


def _do_nothing(*_arguments: object) -> None:
    """Nobody asked to be told."""


def _has_memory(_size: int) -> bool:
    return True
