"""A room: one session's live document, those connected to it, and what is not yet saved.

Synchronous on purpose: a room changes only inside one call, in order of arrival, so there is
nothing to lock. Knows no clock (times come in as milliseconds since 1970), no socket and no
store; `rooms` loads it, writes its log and closes it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from crdt import keystroke, log, protocol, scan
from crdt.authoring import Authoring, adopted_root
from crdt.broadcast import Broadcast
from crdt.connection import Connection
from crdt.content import LIVE_LIMITS, SYNC_LIMITS
from crdt.document import EMPTY, Document
from crdt.errors import Gap, Rejected, RoomUnavailable
from crdt.fullness import RoomLeft
from crdt.journal import Journal
from crdt.limits import RoomLimits
from crdt.observer import Observer
from crdt.presence import Presence
from crdt.scan import Parsed
from crdt.stored import Restored
from crdt.textmap import Edit
from storage.records import Chunk, Role

TRY_LATER = 1013
_MAX_STRIKES = 3


class Room:
    """The live document of a session and its connections.

    is_open         edits are taken; False once the session has ended
    accepts_carried see `Known.admit`: the server ended without saving all it had relayed
    journal         what is not saved yet, and the log positions
    pins            uses of the room beside its connections; it stays loaded while there are any
    idle_since      when `rooms` first saw nobody using it
    checkpointed    log position of the stored checkpoint
    packed          log position up to which the log was looked at for packing
    broadcast       what everybody here is told
    on_edit         called after each change of the document with the bytes of its update
    on_lost         called when the store turns out to have another log than the room believes
    contributors    {user id: last log position} since the newest version
    """

    def __init__(
        self,
        session_id: str,
        restored: Restored,
        limits: RoomLimits,
        *,
        random_below: Callable[[int], int],
        checkpointed: int = 0,
        main_root: str = "codemirror",
        is_open: bool = True,
        accepts_carried: bool = False,
        encode: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """encode: how a frame goes over the wire, see `Broadcast`."""
        self.session_id = session_id
        self.limits = limits
        self.main_root = main_root
        self.is_open = is_open
        self.accepts_carried = accepts_carried
        self.known = restored.known
        self.authorship = restored.authorship
        self.document = Document(restored.state, self.known.torn)
        self.journal = Journal(session_id, restored.sequence)
        self.connections: dict[Connection, None] = {}
        self.broadcast = Broadcast(self.connections, encode)
        self.presence = Presence(
            self.broadcast, self.connections, self.known.owners, limits.awareness, limits.presence_interval_ms
        )
        self.contributors = restored.contributors
        self.first_edit_at, self.last_edit_at = restored.edited_at or (0, 0)
        self.pins = 0
        self.idle_since: int | None = None
        self.checkpointed = checkpointed
        self.checkpointed_at = 0
        self.packed = 0
        self.on_edit: Callable[[int], None] = lambda _size: None
        self.on_lost: Callable[[], None] = lambda: None
        self._authoring = Authoring(self.document, self.known, random_below)
        self._observer: Observer | None = None
        self._room_left = RoomLeft(self.document, self.known, limits, len(restored.state))

    # -- who is here ------------------------------------------------------------------------------

    def join(self, connection: Connection) -> None:
        """Let a client in: ask for what it has (if it may write), tell it who is here."""
        self.connections[connection] = None
        if self._observer:
            self._observer.joined(connection)
        if self.may_write(connection):
            connection.outbox.send(protocol.sync_step1(self.known.clocks))
        self.presence.greet(connection)

    def leave(self, connection: Connection) -> None:
        """Take a client out, and its presence with it. Harmless when it has left already."""
        if connection in self.connections:
            del self.connections[connection]
            self.presence.left(connection)
            if self._observer:
                self._observer.left(connection)

    def observe(self, observer: Observer | None) -> None:
        """Tell one observer, or none any more, what happens from now on."""
        self._observer = observer
        self.presence.on_change = observer.heard if observer else None

    def close(self, connections: Iterable[Connection], code: int, reason: str) -> None:
        """Close some connections; from this call on nothing from them is taken."""
        self.broadcast.flush()
        for connection in list(connections):
            self.leave(connection)
            connection.outbox.close(code, reason)

    def set_role(self, user_id: str, role: Role) -> None:
        """Change what a user's open connections may do, without a reconnect."""
        for connection in self.connections:
            if connection.user_id == user_id:
                could_write = self.may_write(connection)
                connection.role = role
                self._welcome_writer(connection, could_write=could_write)

    def rename(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture, if he is here."""
        there = [connection for connection in self.connections if connection.user_id == user["id"]]
        for connection in there:
            connection.user = dict(user)
        if there:
            self.presence.renamed(user)

    def set_open(self, *, is_open: bool) -> None:
        """End or reopen the session for everybody here."""
        before = {connection: self.may_write(connection) for connection in self.connections}
        self.is_open = is_open
        for connection, could_write in before.items():
            self._welcome_writer(connection, could_write=could_write)

    def _welcome_writer(self, connection: Connection, *, could_write: bool) -> None:
        if self.may_write(connection) and not could_write:
            connection.was_refused = False
            connection.outbox.send(protocol.sync_step1(self.known.clocks))

    def may_write(self, connection: Connection) -> bool:
        """Whether a client's edits are taken now."""
        return self.is_open and connection.role.allows(Role.EDITOR)

    # -- what comes in ----------------------------------------------------------------------------

    def receive(self, connection: Connection, frame: bytes, now: int, parsed: Parsed | None = None) -> None:
        """Handle one frame of a client that has joined.

        parsed  the scan of the update in it, when `rooms` did that elsewhere because it is large

        Raises ProtocolError, DocumentFull or RoomUnavailable; the caller closes the connection.
        """
        if connection not in self.connections:
            return
        if self.is_open and connection.role is not Role.VIEWER:
            typed = keystroke.read(frame, self.known, connection.user_id)
            if typed and self._type(connection, typed, frame, now):
                return
        match protocol.decode(frame):
            case protocol.SyncUpdate(update):
                self._write(connection, update, now, parsed, is_answer=False)
            case protocol.AwarenessUpdate(entries):
                self.presence.hear(connection, entries, now)
            case protocol.SyncStep1(state_vector):
                protocol.decode_state_vector(state_vector)
                connection.outbox.send(protocol.sync_step2(self.document.diff(state_vector)))
            case protocol.SyncStep2(update):
                self._write(connection, update, now, parsed, is_answer=True)
            case protocol.QueryAwareness():
                self.presence.answer(connection)

    def _type(self, connection: Connection, typed: keystroke.Keystroke, frame: bytes, now: int) -> bool:
        """Take a keystroke; False, and nothing has happened, if a limit is near: the long way decides."""
        client, first, after, update = typed
        size = len(update)
        journal = self.journal
        if journal.unsaved_bytes + size > self.limits.unsaved_bytes or not self._room_left.takes(size, after - first):
            return False
        connection.received += 1
        self.document.defer(update)
        if after:
            self.known.clocks[client] = after
            self.authorship.add(client, first, after, now // 1_000, connection.user_id)
        self._record(log.Entry(now, connection.user_id, update))
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
            raise Rejected("update too large")
        carries = is_answer and self.accepts_carried
        try:
            self._take(connection.user_id, update, now, parsed, connection, is_answer=is_answer, carries=carries)
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
            connection.outbox.send(protocol.permission_denied(reason))

    def _take(
        self,
        author: str,
        update: bytes,
        now: int,
        parsed: Parsed | None,
        source: Connection | None,
        *,
        is_answer: bool = False,
        carries: bool = False,
    ) -> None:
        """Scan, apply, relay and log one update."""
        if update == EMPTY:
            return
        if self.journal.unsaved_bytes + len(update) > self.limits.unsaved_bytes:
            raise RoomUnavailable("too much is waiting to be saved")
        if parsed is None:
            parsed = scan.parse(update, SYNC_LIMITS if is_answer else LIVE_LIMITS)
        known = self.known
        known.admit(parsed, author, carries=carries)
        self._room_left.check(parsed, update, is_exact=source is None or is_answer)
        torn = known.cut_by(parsed)
        try:
            if not self.document.apply(update, cuts=bool(torn)):
                return
        except Rejected:
            known.torn -= torn
            raise
        unclaimed: Set[int] = frozenset()
        if carries and source:
            unclaimed = parsed.spans.keys() - known.owners.keys() - source.client_ids
        self.authorship.note(parsed, now, author)
        known.commit(parsed, author, unclaimed)
        self._record(log.Entry(now, author, update, bool(unclaimed)))
        self.broadcast.add(protocol.sync_update(update), source)

    def _record(self, entry: log.Entry) -> None:
        self.journal.add(entry)
        if not self.contributors:
            self.first_edit_at = entry.at
        self.contributors[entry.author] = self.journal.sequence
        self.last_edit_at = entry.at
        self.on_edit(len(entry.update))
        if self._observer:
            self._observer.edited()

    def _ask_again(self, connection: Connection, gap: Gap, *, is_answer: bool) -> None:
        """Ask once for everything; a client whose answers still have gaps is sent away for a while."""
        if is_answer:
            connection.strikes += 1
            if connection.strikes >= _MAX_STRIKES:
                self.close([connection], TRY_LATER, f'{{"code":"gap","message":"{gap}"}}')
                return
        if is_answer or not connection.is_behind:
            connection.is_behind = True
            connection.outbox.send(protocol.sync_step1(self.known.clocks))

    # -- saving -----------------------------------------------------------------------------------

    def take_unsaved(self, now: int) -> Chunk | None:
        """Return the chunk to write next, the same again until `saved` is called.

        Nothing is stored that pycrdt has not loaded; raises RoomDamaged if it does not.
        """
        self.document.catch_up()
        return self.journal.take(now)

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
        return self.document.texts({**dict.fromkeys([self.main_root]), **self.known.text_roots})

    def edit_text(self, user_id: str, text: str, now: int) -> None:
        """Turn the session's code into `text` by a small edit of this user's; raises as `edit` does."""
        self.edit(user_id, {adopted_root(self.files(), self.main_root): text}, now)

    def edit(self, user_id: str, files: Mapping[str, str], now: int, edits: Sequence[Edit] | None = None) -> None:
        """Turn roots' texts into `files` by one edit of this user's; `edits` as `Document.edit` takes them.

        Raises DocumentFull, Rejected or RoomUnavailable; the document is then unchanged.
        """
        update = self._authoring.update(user_id, files, edits)
        if update != EMPTY:
            self._take(user_id, update, now, scan.parse(update, SYNC_LIMITS), None)

    def versioned(self, sequence: int, now: int) -> None:
        """A version of the document at this log position is stored."""
        self.contributors = {user: last for user, last in self.contributors.items() if last > sequence}
        self.first_edit_at = now
