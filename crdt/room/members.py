"""The members of a room: their connections, their right to write, and the frames that they get."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.document.raw_document import CUT_BYTES
from crdt.log.contributions import Contributions
from crdt.room.broadcast import Broadcast
from crdt.room.claims import Claims
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection, Observer
from crdt.room.context import RoomContext
from crdt.room.presence import Presence
from crdt.structs.struct_index import StructIndex
from crdt.wire import y_protocol
from crdt.wire.rewriting.splitting import SPLIT_BYTES
from crdt.wire.y_protocol import AwarenessEntry
from storage.records import Role


def may_write(role: Role, *, is_open: bool) -> bool:
    """Whether edits of a member with this role are accepted.

    No other code in a room decides that.
    """
    return is_open and role.allows(Role.EDITOR)


class Members:
    """The connections of a room.

    is_open    edits are accepted; False once the session has ended
    observers  other objects that are told of all events in the room
    broadcast  sends frames to all connections of the room
    claims     decides which user each client id belongs to
    """

    __slots__ = (
        "_changed_roles", "_index", "_large_answers", "_waiting", "broadcast", "claims",
        "connections", "is_open", "observers", "presence",
    )  # fmt: skip

    def __init__(
        self,
        index: StructIndex,
        contributions: Contributions,
        context: RoomContext,
        *,
        is_open: bool,
    ) -> None:
        """index: the structs of the document; clients that may write are asked for further ones."""
        self.is_open = is_open
        self.connections: dict[Connection, None] = {}
        self.observers: list[Observer] = []
        # Changes since the room was loaded; None: no longer a member.
        self._changed_roles: dict[str, Role | None] = {}
        self._index = index
        self._large_answers = context.large_answers
        self._waiting: set[Connection] = set()  # connections whose last answer lacked structs
        self.broadcast = Broadcast(self.connections, context.encode, context.scheduler)
        self.presence = Presence(
            self.broadcast,
            self.connections,
            self.observers,
            index.owners,
            context.limits,
            context.scheduler,
            context.limit_counters,
        )
        self.claims = Claims(index, contributions, self.presence, self.connections)

    def join(self, connection: Connection) -> None:
        """Let a client join: send it the presence of other clients.

        If it may write, ask it for its structs.
        """
        self.connections[connection] = None
        # The role of a client that joins was checked just now, so it is the newest one.
        if connection.user_id in self._changed_roles:
            self._changed_roles[connection.user_id] = connection.role
        for observer in self.observers:
            observer.joined(connection)
        self._update_rights(connection)
        self.presence.greet(connection)

    def hear(self, connection: Connection, entries: Iterable[AwarenessEntry], now: int) -> None:
        """Take presence from a client.

        If it announces an id under which other users brought structs, ask it for these structs.
        """
        known = set(connection.announced.client_ids)
        self.presence.hear(connection, entries, now)
        if connection.may_write and (new := connection.announced.client_ids - known):
            # The owner of an id is back: now the structs of the owner can be compared with those
            # that other users brought.
            brought = self.claims.brought_by_others(connection.user_id, new)
            if brought:
                connection.questions.ask_all(brought, self._index.clocks)

    def answer(
        self,
        connection: Connection,
        state_vector: bytes,
        document: Document,
        session_id: str,
        now: int,
    ) -> None:
        """Send a client the updates it lacks; a large document is sent only once."""
        known, sent = y_protocol.decode_state_vector(state_vector), connection.sent
        self.claims.compare(connection, known, document)
        if sent.is_enough(known, now):
            if not sent.is_coming:
                connection.outbox.send(y_protocol.sync_step2(EMPTY))
            return
        size = document.size
        if size > SPLIT_BYTES and self._large_answers:
            self._large_answers.answer(connection, session_id, document.parts(), known)
        else:
            diff = document.diff(state_vector, cuts=self._index.has_cut(known))
            connection.outbox.send(y_protocol.sync_step2(diff))
        if size > CUT_BYTES:
            sent.note(self._index.clocks, size, now)

    def note_answer(self, connection: Connection, missing: Set[int]) -> None:
        """Note that a client has answered.

        missing  client ids of which its answer still lacks structs
        """
        connection.note_answer(missing, self._index.clocks)
        if missing:
            self._waiting.add(connection)
        else:
            self._waiting.discard(connection)

    def ask_waiting(self) -> None:
        """Ask those clients again whose edits wait for structs that have come meanwhile."""
        if self._waiting:
            self._waiting.intersection_update(self.connections)
            for connection in self._waiting:
                connection.questions.ask_again(self._index.clocks)

    def leave(self, connection: Connection) -> None:
        """Remove a client and its presence, if it has not left already."""
        if connection in self.connections:
            del self.connections[connection]
            # The right to write ends first: a later frame of this client may still be in the
            # server, and must not be accepted.
            connection.may_write = False
            self.presence.left(connection)
            for observer in self.observers:
                observer.left(connection)

    def observe(self, observer: Observer) -> None:
        """Tell an observer of all events from now on."""
        self.observers.append(observer)

    def stop_observing(self, observer: Observer) -> None:
        """Tell an observer of no more events, if it is observing."""
        if observer in self.observers:
            self.observers.remove(observer)

    def close(
        self, connections: Iterable[Connection], reason: CloseReason, message: str = ""
    ) -> None:
        """Close some connections; from this call on no frame of them is accepted."""
        # Earlier edits that wait for the broadcast are sent first: the closed clients have a right
        # to them.
        self.broadcast.flush()
        for connection in list(connections):
            self.leave(connection)
            connection.outbox.close(reason, message)

    def takes_late_edits(self, connection: Connection) -> bool:
        """Whether an edit that a client sent before it left is accepted.

        It is not accepted if its user may no longer write.
        """
        role = self._changed_roles.get(connection.user_id, connection.role)
        return role is not None and may_write(role, is_open=self.is_open)

    def remove(self, user_id: str, reason: CloseReason) -> None:
        """Close the connections of a user who is no longer a member."""
        self._changed_roles[user_id] = None
        self.close(
            [connection for connection in self.connections if connection.user_id == user_id], reason
        )

    def set_role(self, user_id: str, role: Role) -> None:
        """Change the rights of a user's open connections, without a reconnect."""
        self._changed_roles[user_id] = role
        for connection in list(self.connections):
            if connection.user_id == user_id:
                connection.role = role
                self._update_rights(connection)

    def rename(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture, if the user is connected."""
        connections = [
            connection for connection in self.connections if connection.user_id == user["id"]
        ]
        for connection in connections:
            connection.user = dict(user)
        if connections:
            self.presence.renamed(user)

    def set_open(self, *, is_open: bool) -> None:
        """End or reopen the session for all connections."""
        self.is_open = is_open
        for connection in list(self.connections):
            self._update_rights(connection)

    def _update_rights(self, connection: Connection) -> None:
        """Note whether a client may write.

        A client that gains this right is asked for its structs.
        """
        could_write = connection.may_write
        connection.may_write = may_write(connection.role, is_open=self.is_open)
        if connection.may_write and not could_write:
            connection.was_refused = False
            own = self.claims.owned(connection.user_id)
            connection.questions.ask_all(
                self.claims.brought_by_others(connection.user_id, own), self._index.clocks
            )
