"""Decides which user a client id belongs to, and who else may bring new structs under that id.

A client id belongs to the user who announced it in their presence, or who types under it. Browsers
also hold text of other users, and bring it without bad intent: after a crash, after a restored
backup, or for a user whose network failed. Such structs are taken, and stay marked with the user
who brought them.

Two things must stay impossible. No client may edit in the name of a user who is connected. And two
different contents under one id must be noticed: otherwise they would split the document forever,
with equal state vectors. So an owner who comes back is asked for the structs that other users
brought, and the two are compared.

An example: Ada's browser has client id 5. Ada types "hello" without a network, and Bob's browser
gets it from Ada's in another way. Bob brings it in an answer while Ada is away: it is taken,
without an owner. Ada comes back and announces id 5. The server asks Ada's browser for clock 0 and
later. The browser sends "hello", and the id is Ada's. If it sent "hallo", its connection would be
closed.

Nobody comes back for an id that belongs to no user, such as the fixed id of an app's template. So
each client is asked once for the structs that it has under such an id, and what it adds to them
waits for its answer. An example: Ada's release of an app begins each document with "title", under
id 1, and Bob's with "headline". Bob's browser would only send "ine", because Ada's has brought
clocks 0 to 4. The server asks it for clock 0 and later, gets "headline", and closes its connection.

The server cannot trust a client's word: a client id is only a number in the bytes, and any client
may write any number.

See docs/design/documents.md.
"""

from collections.abc import Collection, Iterable, Mapping, Set

from crdt.document.document import Document
from crdt.errors import NeedsSteps
from crdt.log.contributions import Contributions
from crdt.room.connection import Connection
from crdt.room.incoming import Incoming, UpdateKind
from crdt.room.presence import Presence
from crdt.structs.admission import asks_for_state
from crdt.structs.overlap import find_differing
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed

_NOBODY: frozenset[int] = frozenset()
MAX_COMPARED_BYTES = 32 << 10
"""Most bytes of a document whose structs under ids without an owner are compared. Templates are
small. But a whole document that was moved here from another server has no owners either. It may be
large, and each client would have to send all of it again."""
AT_ONCE_BYTES = 4 << 10
"""Bytes of a document and an update that are compared on the event loop. That takes 8 µs for
each struct, of which 4 KiB can have about 500. A thread compares more: 32 KiB would hold the event
loop for 33 ms."""

Spans = dict[int, tuple[int, int]]

BROUGHT = (
    "user %s brought edits of others that session %s lacked, as after a restored backup or a crash"
)
"""A log message with an author and a session, see `Claims.are_first_brought`."""


class Claims:
    """The claims of users on the client ids of one document."""

    __slots__ = ("_connections", "_contributions", "_has_noted_brought", "_index", "_presence")

    def __init__(
        self,
        index: StructIndex,
        contributions: Contributions,
        presence: Presence,
        connections: Mapping[Connection, None],
    ) -> None:
        """connections: those of the room, which change as clients join and leave."""
        self._has_noted_brought = False
        self._connections = connections
        self._index = index
        self._contributions = contributions
        self._presence = presence

    def foreign(self, incoming: Incoming, parsed: Parsed) -> Set[int]:
        """Return the client ids for which an update may not bring new structs now.

        These are the ids of other connected users, who bring their own structs. A live edit may not
        have structs under the id of any other user. If its sender has such structs, they come with
        its next answer.
        """
        here = self._presence.users_of(parsed.spans)
        present = {client for client, user in here.items() if user != incoming.author}
        foreign = self._index.foreign(parsed, incoming.author)
        if incoming.kind is UpdateKind.ANSWER and foreign:
            # An editor without presence does not tell under which of its user's ids it types. So
            # all ids of this user count as ids of a connected user.
            silent = {
                connection.user_id
                for connection in self._connections
                if connection.may_write and not connection.announced.client_ids
            }
            foreign = {client for client in foreign if self._index.owners[client] in silent}
        return present | foreign

    def unshown(self, incoming: Incoming, parsed: Parsed, document: Document) -> Set[int]:
        """Return the client ids whose known structs the sender must show before it adds to them."""
        if incoming.source is None:
            return _NOBODY
        # An update that begins with clock 0 has the known structs in it, and admission compares
        # them. So its sender need not be asked.
        doubtful = self._doubtful(incoming.source, parsed.spans, document)
        return {client for client in doubtful if parsed.spans[client][0] > 0}

    def compare(self, connection: Connection, clients: Collection[int], document: Document) -> None:
        """Ask a client once for its structs under those client ids that have no owner."""
        questions = connection.questions
        doubtful = self._doubtful(connection, clients, document) - questions.shown.keys()
        if doubtful:
            questions.compare(doubtful, self._index.clocks)

    def _doubtful(
        self, connection: Connection, clients: Collection[int], document: Document
    ) -> Set[int]:
        """Return the client ids without an owner under which a client may have other content."""
        owners, clocks, questions = self._index.owners, self._index.clocks, connection.questions
        # Nearly every update has ids of owners only. So this must cost next to nothing.
        if all(map(owners.__contains__, clients)):
            return _NOBODY
        if document.size > MAX_COMPARED_BYTES or not connection.may_write:
            return _NOBODY
        return {
            client
            for client in clients
            if client not in owners
            and client in clocks
            and client not in connection.announced.client_ids
            and not questions.has_shown(client)
        }

    def unclaimed(self, incoming: Incoming, parsed: Parsed) -> Set[int]:
        """Return the client ids of an admitted update that its sender does not get as own ids."""
        source, owners = incoming.source, self._index.owners
        if source is None:
            return _NOBODY
        others = {
            client for client in parsed.spans if owners.get(client) not in (None, incoming.author)
        }
        announced = source.announced.client_ids
        if incoming.kind is UpdateKind.LIVE and not announced:
            # An editor without presence never announces an id, so it owns the id under which it
            # types.
            return others
        # New ids that the sender did not announce are not the sender's: the update brings their
        # structs for another user.
        return others | (parsed.spans.keys() - owners.keys() - announced)

    def are_first_brought(self, incoming: Incoming, unclaimed: Set[int]) -> bool:
        """Note that the sender of an accepted update has shown its structs under these client ids.

        Returns True if the update is the first answer with structs of other users since the room
        was loaded.
        """
        if incoming.source:
            incoming.source.questions.note_shown(unclaimed)
        if (
            incoming.kind is not UpdateKind.ANSWER
            or self._has_noted_brought
            or not unclaimed & self._index.owners.keys()
        ):
            return False
        self._has_noted_brought = True
        return True

    def brought_by_others(self, user_id: str, clients: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Return those of a user's client ids under which other users brought structs.

        The result is {client id: (first clock that another user brought, next clock)}.
        """
        authorship, clocks = self._contributions.authorship, self._index.clocks
        brought = {}
        for client in clients:
            first = authorship.first_of_others(client, user_id)
            if first is not None:
                brought[client] = (first, clocks[client])
        return brought

    def owned(self, user_id: str) -> list[int]:
        """Return the client ids of a user."""
        return [client for client, owner in self._index.owners.items() if owner == user_id]

    def verify(self, incoming: Incoming, parsed: Parsed, document: Document) -> Set[int]:
        """Compare structs that a client sent again with the structs in the document.

        The client was asked for them because another client brought them, or it has them under an
        id without an owner. If they are its user's, equal structs count as brought by this user
        from now on. Returns the client ids whose structs differ. Raises NeedsSteps if a thread must
        compare them.
        """
        if (connection := incoming.source) is None:
            return _NOBODY
        spans = self.to_compare(connection, parsed, document)
        self._check_quick(incoming, parsed, document, spans)
        if spans is None:
            return _NOBODY
        connection.questions.note_compared(spans)
        if not spans:
            return _NOBODY
        done = incoming.prepared and incoming.prepared.compared
        if done and done.spans == spans:
            differing = done.differing
        else:
            differing = find_differing(document.state(), parsed.update, spans)
        doubtful = self._doubtful(connection, parsed.spans, document)
        connection.questions.note_shown(doubtful & spans.keys())
        self._confirm(
            connection, {client: span for client, span in spans.items() if client not in differing}
        )
        return differing

    def _check_quick(
        self, incoming: Incoming, parsed: Parsed, document: Document, spans: Spans | None
    ) -> None:
        """Raise NeedsSteps if comparing known structs takes long."""
        if incoming.prepared or document.size + len(incoming.update) <= AT_ONCE_BYTES:
            return
        # `check_update` looks up known structs of other users in the whole document, too.
        if spans or asks_for_state(self._index, parsed, incoming.author):
            raise NeedsSteps

    def to_compare(
        self, connection: Connection, parsed: Parsed, document: Document
    ) -> Spans | None:
        """Return {client id: (first clock, next clock)} of known structs that are to be compared.

        Returns None if the client need not show any.
        """
        verifies = connection.questions.verifies
        doubtful = self._doubtful(connection, parsed.spans, document)
        if not (doubtful or verifies):
            return None
        asked = {client: (0, self._index.clocks[client]) for client in doubtful}
        asked.update(verifies)
        overlaps: Spans = {}
        for client, (first, after) in asked.items():
            start, end = parsed.spans.get(client, (0, 0))
            # A part without the first of these structs does not show what the client has. It must
            # not count as its answer. Also, a client could send such parts again and again, and
            # each comparison reads the whole document.
            if start <= first < min(after, end):
                overlaps[client] = (first, min(after, end))
        return overlaps

    def _confirm(self, connection: Connection, spans: Mapping[int, tuple[int, int]]) -> None:
        for client, (first, after) in spans.items():
            if client in connection.announced.client_ids:
                self._index.owners.setdefault(client, connection.user_id)
            if self._index.owners.get(client) == connection.user_id:
                self._contributions.authorship.reassign(client, first, after, connection.user_id)
