"""A room: one session's live document, its connections, and its updates that are not saved yet.

A room is synchronous on purpose: it changes only inside one call, in order of arrival, so it needs
no lock. It knows no clock (times come in as milliseconds since 1970), no socket and no store;
`crdt.lifecycle` loads it, writes its log and closes it.
"""

import logging
from collections.abc import Mapping, Sequence, Set

from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.document.quota import DocumentQuota
from crdt.document.server_edits import MAIN_ROOT, ServerEdits
from crdt.log import codec
from crdt.log.contributions import Contributions
from crdt.log.journal import Journal
from crdt.log.restore import RestoredDocument
from crdt.room.claims import BROUGHT
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.context import RoomContext
from crdt.room.incoming import Incoming, Prepared, UpdateKind, check_size, server_edit
from crdt.room.members import Members
from crdt.room.upkeep import Upkeep
from crdt.structs import fast_path
from crdt.structs.admission import Admitted, check_update
from crdt.text.text_map import Edit
from crdt.wire import y_protocol
from crdt.wire.parsed_update import Parsed
from storage.records import Chunk

_log = logging.getLogger(__name__)
_SYNC = bytes((y_protocol.SYNC,))
_NOBODY: frozenset[int] = frozenset()
_NO_RIGHT = "forbidden: viewers cannot edit"
_SESSION_ENDED = "session_ended: nobody can edit"


class Room:
    """The live document of a session and its connections.

    members        the connections and their rights
    index          the structs of the document
    journal        updates that are not saved yet, and log positions
    contributions  the authors of the document
    quota          limits the growth of the document
    server_edits   makes edits for users whose client is not Yjs
    upkeep         the notes of `crdt.lifecycle` about the room
    """

    __slots__ = (
        "_context", "_deferred_by", "contributions", "document", "index",
        "journal", "main_root", "members", "quota", "server_edits", "session_id", "upkeep",
    )  # fmt: skip

    def __init__(
        self,
        session_id: str,
        restored: RestoredDocument,
        context: RoomContext,
        *,
        main_root: str = MAIN_ROOT,
        is_open: bool = True,
        checkpointed: int = 0,
    ) -> None:
        """Start without connections.

        main_root     name of the text that holds the session's code
        is_open       False for a session that has ended
        checkpointed  log position of the stored checkpoint
        """
        self.session_id = session_id
        self.main_root = main_root
        self.index = restored.index
        self.document = Document(
            restored.state,
            self.index.split_surrogates,
            restored.traits,
            context.cpu_s,
            self.index.parents.is_in_sequence,
        )
        self.journal = Journal(session_id, restored.sequence)
        self.contributions = Contributions(
            restored.authorship, restored.contributors, restored.edited_at
        )
        self.members = Members(self.index, self.contributions, context, is_open=is_open)
        self.upkeep = Upkeep(checkpointed=checkpointed)
        self._context = context
        self._deferred_by: str | None = None
        self.server_edits = ServerEdits(self.document, self.index, context.random_below)
        limits, counters = context.limits, context.limit_counters
        self.quota = DocumentQuota(self.document, self.index, limits, len(restored.state), counters)

    # -- frames of clients ------------------------------------------------------------------------

    def receive(
        self, connection: Connection, frame: bytes, now: int, prepared: Prepared | None = None
    ) -> None:
        """Handle a frame of a client that has joined; prepared: the update in it, or None.

        Raises ProtocolError, LimitExceeded or RoomUnavailable; then the caller closes the
        connection. Raises NeedsSteps for a long update: the caller prepares it and calls again.
        """
        if connection.may_write:  # only a connection that has joined may write
            typed = fast_path.read(frame, self.index, connection.user_id)
            if typed and self._type(connection, typed, frame, now):
                return
        elif connection not in self.members.connections:
            return
        if frame[:1] == _SYNC:
            self.integrate_pending()
        with self._context.mark.at(self.session_id, connection.user_id):
            known = prepared.parsed.update if prepared else None
            self._receive(connection, y_protocol.decode(frame, known), now, prepared)

    def _receive(
        self, connection: Connection, message: y_protocol.Message, now: int, done: Prepared | None
    ) -> None:
        match message:
            case y_protocol.SyncUpdate(update):
                live = Incoming(update, connection.user_id, now, UpdateKind.LIVE, connection, done)
                self._write(connection, live)
            case y_protocol.AwarenessUpdate(entries):
                self.members.hear(connection, entries, now)
            case y_protocol.SyncStep1(state_vector):
                self.members.answer(connection, state_vector, self.document, self.session_id, now)
            case y_protocol.SyncStep2(update):
                kind = UpdateKind.ANSWER
                answer = Incoming(update, connection.user_id, now, kind, connection, done)
                with connection.questions.receiving():
                    self._write(connection, answer)
            case y_protocol.QueryAwareness():
                self.members.presence.answer(connection)

    def _type(
        self, connection: Connection, typed: fast_path.Keystroke, frame: bytes, now: int
    ) -> bool:
        """Take a keystroke and return True. Near a limit return False, so that `_write` decides."""
        client, first, after, update, parent, _, _, _ = typed
        journal, context, size = self.journal, self._context, len(update)
        if (
            journal.unsaved_bytes + size > context.limits.unsaved_bytes
            or not context.sink.has_capacity(size)
            or not self.quota.reserve(size, after - first)
        ):
            return False
        # The table must have the structs now, because the next frame may refer to them. pycrdt may
        # get them later: the text is not read before `integrate_pending`.
        author = connection.user_id
        self.document.defer(typed)
        if self._deferred_by != author:
            self._deferred_by = author if self._deferred_by is None else ""
        if after:
            self.index.clocks[client] = after
            if parent:
                self.index.parents.extend(client, first, parent)
        journal.add((now, author, update, False, False))
        self.contributions.note_keystroke(typed, now, author, journal.sequence)
        self._tell(frame, size, connection)
        if connection.wants_saved:
            connection.receipts.note(journal.sequence, journal.saved_sequence)
        return True

    def _tell(self, frame: bytes, size: int, source: Connection | None) -> None:
        """Have a logged update of `size` bytes written, and relay it to the other clients."""
        self._context.sink.wrote(self, size)
        members = self.members
        for observer in members.observers:
            observer.edited()
        members.broadcast.add(frame, source)

    def _write(self, connection: Connection, incoming: Incoming) -> None:
        """Take an update of a client, or tell the client why it is refused."""
        if not connection.may_write:
            is_open = self.members.is_open
            connection.refuse(incoming.update, _NO_RIGHT if is_open else _SESSION_ENDED)
            return
        if incoming.prepared is None:
            self.quota.check_quick(incoming.update, is_exact=incoming.kind is UpdateKind.ANSWER)
        check_size(incoming, self._context.limits, self._context.limit_counters)
        missing, differing = self._accept(incoming)
        if differing:
            self.members.close([connection], CloseReason.CONFLICT)
            return
        self.members.claims.compare(connection, missing, self.document)
        if incoming.kind is not UpdateKind.LIVE:
            self.members.note_answer(connection, missing)
        elif missing:
            connection.ask_for(missing, self.index.clocks)
        self.members.ask_waiting()
        if connection.wants_saved:
            connection.receipts.note(self.journal.sequence, self.journal.saved_sequence)

    # -- the stages of an update that is not a keystroke ------------------------------------------

    def _accept(self, incoming: Incoming) -> tuple[Set[int], Set[int]]:
        """Scan, apply, log and relay one update, or the part of it that can be integrated now.

        Returns (client ids whose structs the other part waits for, client ids with differing
        structs). Raises Rejected, LimitExceeded, RoomUnavailable or NeedsSteps; nothing has changed
        then.
        """
        if incoming.update == EMPTY:
            return _NOBODY, _NOBODY
        self._context.check_unsaved(self.journal, len(incoming.update))
        read = incoming.read()
        if incoming.source is not None and incoming.prepared is None:
            self.document.check_values(read)
        verified = self.members.claims.verify(incoming, read, self.document)
        parsed, missing, differing = self._admit(incoming, read)
        if parsed is not None:
            self._take(incoming, parsed)
        return missing, differing | verified

    def _take(self, incoming: Incoming, parsed: Parsed) -> None:
        """Apply, log and relay an admitted update."""
        unclaimed = self.members.claims.unclaimed(incoming, parsed)
        if not self.index.take(parsed, incoming.author, self.document.apply, unclaimed):
            return
        if self.members.claims.are_first_brought(incoming, unclaimed):
            _log.info(BROUGHT, incoming.author, self.session_id)
        update = parsed.update
        entry = codec.LogEntry(incoming.now, incoming.author, update, bool(unclaimed))
        self.journal.add(entry)
        self.contributions.note(parsed, entry, self.journal.sequence)
        self._tell(y_protocol.sync_update(update), len(update), incoming.source)

    def foreign(self, incoming: Incoming, read: Parsed) -> Set[int]:
        """Return the client ids for which an update may not bring new structs now."""
        # After an unclean end, one browser may have the only copy of other users' text.
        accepts_all = self._context.accepts_foreign and incoming.kind is UpdateKind.ANSWER
        foreign = _NOBODY if accepts_all else self.members.claims.foreign(incoming, read)
        return foreign | self.members.claims.unshown(incoming, read, self.document)

    def _admit(self, incoming: Incoming, read: Parsed) -> Admitted:
        """Check a scanned update against the document and its quota; return the part to apply."""
        prepared, foreign = incoming.prepared, self.foreign(incoming, read)
        admitted = None
        if prepared and prepared.holds(self.index.known_of(read), foreign):
            admitted = prepared.admitted
        if admitted is None:
            admitted = check_update(self.index, read, incoming.author, foreign, self.document.state)
        if (parsed := admitted.parsed) is not None:
            # A live edit is one of many, so its size is enough. Other kinds may replace all text.
            is_exact = incoming.kind is not UpdateKind.LIVE
            self.quota.check(parsed, incoming.author, is_exact=is_exact, growth=incoming.growth)
        return admitted

    # -- saving -----------------------------------------------------------------------------------

    def next_chunk(self, now: int) -> Chunk | None:
        """Return the chunk to write next; it is the same chunk until `saved` is called.

        pycrdt must have loaded all that is stored; raises RoomDamaged if it fails.
        """
        self.contributions.fold()
        self.integrate_pending()
        self.members.ask_waiting()
        return self.journal.next_chunk(now)

    def integrate_pending(self) -> None:
        """Integrate the deferred keystrokes; raises RoomDamaged as `Document.catch_up`."""
        with self._context.mark.at(self.session_id, self._deferred_by or ""):
            self.document.catch_up()
        self._deferred_by = None

    def saved(self) -> None:
        """Note that the last chunk is committed, and acknowledge the updates in it."""
        self.journal.committed()
        for connection in self.members.connections:
            if connection.wants_saved:
                connection.receipts.send(self.journal.saved_sequence)

    @property
    def is_used(self) -> bool:
        """Whether a client is connected, or other work needs the room to stay loaded."""
        return bool(self.members.connections) or self.upkeep.pins > 0

    # -- text -------------------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """Return {root: text} of all text roots and the main root."""
        self.integrate_pending()
        with self._context.mark.at(self.session_id):
            return self.document.texts(dict.fromkeys((self.main_root, *self.index.text_roots)))

    def edit(
        self, user_id: str, files: Mapping[str, str], now: int, edits: Sequence[Edit] | None = None
    ) -> None:
        """Turn roots' texts into `files` by one edit of this user.

        Raises LimitExceeded, Rejected, RoomUnavailable, TextUnavailable; then nothing has changed.
        """
        self.integrate_pending()
        with self._context.mark.at(self.session_id, user_id):
            self.take_edit(
                server_edit(self.server_edits.update(user_id, files, edits), user_id, now)
            )

    def take_edit(self, edit: Incoming) -> None:
        """Take an update that the server made for a user (`server_edit`); raises as `edit`."""
        self._accept(edit)
