"""The members of a room: their connections, whether these may write,
and the news of each other that they get.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from crdt.log.contributions import Contributions
from crdt.room.broadcast import Broadcast
from crdt.room.claims import Claims
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection, Observer
from crdt.room.context import RoomContext
from crdt.room.presence import Presence
from crdt.structs.struct_index import StructIndex
from crdt.wire.y_protocol import AwarenessEntry
from storage.records import Role


def may_write(role: Role, *, is_open: bool) -> bool:
    """Whether edits of a member with this role are accepted.

    Nothing else in a room decides that.
    """
    return is_open and role.allows(Role.EDITOR)


class Members:
    """The connections of a room.

    is_open    edits are accepted; False once the session has ended
    observers  objects besides connections that are told of all that happens in the room
    broadcast  frames for everybody here
    claims     which user each client id belongs to
    """

    __slots__ = (
        "_changed_roles", "_index", "_waiting", "broadcast", "claims",
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
        """index: the structs of the document; clients that may write are asked for more."""
        self.is_open = is_open
        self.connections: dict[Connection, None] = {}
        self.observers: list[Observer] = []
        self._changed_roles: dict[
            str, Role | None
        ] = {}  # since the room was loaded; None: no member any more
        self._index = index
        self._waiting: set[Connection] = set()  # those whose last answer lacked something
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
        """Let a client in: ask for its structs if it may write,
        and send it the presence of the others.
        """
        self.connections[connection] = None
        # A client that joins was checked just now, so its role is the newest one.
        if connection.user_id in self._changed_roles:
            self._changed_roles[connection.user_id] = connection.role
        for observer in self.observers:
            observer.joined(connection)
        self._update_rights(connection)
        self.presence.greet(connection)

    def hear(self, connection: Connection, entries: Iterable[AwarenessEntry], now: int) -> None:
        """Take presence. If a client announces an id under which others brought structs,
        ask it for these.
        """
        known = set(connection.announced.client_ids)
        self.presence.hear(connection, entries, now)
        if connection.may_write and (new := connection.announced.client_ids - known):
            # The owner of an id is back: now their structs can be compared with those that others
            # brought.
            brought = self.claims.brought_by_others(connection.user_id, new)
            if brought:
                connection.questions.ask_all(brought, self._index.clocks)

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
        """Take a client out, and its presence with it. Harmless if it has left already."""
        if connection in self.connections:
            del self.connections[connection]
            # First of all, so that a frame of this client that is on its way through the server
            # finds no right to write.
            connection.may_write = False
            self.presence.left(connection)
            for observer in self.observers:
                observer.left(connection)

    def observe(self, observer: Observer) -> None:
        """Tell an observer what happens from now on."""
        self.observers.append(observer)

    def stop_observing(self, observer: Observer) -> None:
        """Tell an observer nothing more. Harmless if it is not observing."""
        if observer in self.observers:
            self.observers.remove(observer)

    def close(
        self, connections: Iterable[Connection], reason: CloseReason, message: str = ""
    ) -> None:
        """Close some connections; from this call on nothing from them is accepted."""
        # Earlier edits that wait to be broadcast are sent first: the clients that are closed have a
        # right to them.
        self.broadcast.flush()
        for connection in list(connections):
            self.leave(connection)
            connection.outbox.close(reason, message)

    def takes_late_edits(self, connection: Connection) -> bool:
        """Whether an edit is accepted that a client sent before it left:
        not if its user may no longer write.
        """
        role = self._changed_roles.get(connection.user_id, connection.role)
        return role is not None and may_write(role, is_open=self.is_open)

    def remove(self, user_id: str, reason: CloseReason) -> None:
        """Close the connections of a user who is no member any more."""
        self._changed_roles[user_id] = None
        self.close(
            [connection for connection in self.connections if connection.user_id == user_id], reason
        )

    def set_role(self, user_id: str, role: Role) -> None:
        """Change what a user's open connections may do, without a reconnect."""
        self._changed_roles[user_id] = role
        for connection in list(self.connections):
            if connection.user_id == user_id:
                connection.role = role
                self._update_rights(connection)

    def rename(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture, if the user is here."""
        connections = [
            connection for connection in self.connections if connection.user_id == user["id"]
        ]
        for connection in connections:
            connection.user = dict(user)
        if connections:
            self.presence.renamed(user)

    def set_open(self, *, is_open: bool) -> None:
        """End or reopen the session for everybody here."""
        self.is_open = is_open
        for connection in list(self.connections):
            self._update_rights(connection)

    def _update_rights(self, connection: Connection) -> None:
        """Note whether a client may write.

        A client that may from now on is asked for its structs.
        """
        could_write = connection.may_write
        connection.may_write = may_write(connection.role, is_open=self.is_open)
        if connection.may_write and not could_write:
            connection.was_refused = False
            own = self.claims.owned(connection.user_id)
            connection.questions.ask_all(
                self.claims.brought_by_others(connection.user_id, own), self._index.clocks
            )
