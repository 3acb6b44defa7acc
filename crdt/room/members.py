"""Who is in a room: connections, their roles, and what they are told of each other."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crdt.closing import CloseReason
from crdt.document.struct_index import StructIndex
from crdt.limits import RoomLimits
from crdt.room.broadcast import Broadcast
from crdt.room.connection import Connection
from crdt.room.observer import Observer
from crdt.room.presence import Presence
from crdt.wire import y_protocol
from storage.records import Role


class Gathering:
    """The connections of a room.

    is_open    edits are taken; False once the session has ended
    index      of the document: who joins is asked for what it lacks
    broadcast  what everybody here is told
    """

    __slots__ = ("_observer", "broadcast", "connections", "index", "is_open", "presence")

    def __init__(
        self,
        index: StructIndex,
        limits: RoomLimits,
        *,
        is_open: bool,
        encode: Callable[[bytes], bytes],
        reached: Counter[str],
    ) -> None:
        """encode: how a frame goes over the wire, see `Broadcast`; reached: see `crdt.room.room`."""
        self.is_open = is_open
        self.index = index
        self.connections: dict[Connection, None] = {}
        self.broadcast = Broadcast(self.connections, encode)
        self.presence = Presence(self.broadcast, self.connections, index.owners, limits, reached)
        self._observer: Observer | None = None

    def join(self, connection: Connection) -> None:
        """Let a client in: ask for what it has (if it may write), tell it who is here."""
        self.connections[connection] = None
        if self._observer:
            self._observer.joined(connection)
        if self.may_write(connection):
            connection.outbox.send(y_protocol.sync_step1(self.index.clocks))
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

    def close(self, connections: Iterable[Connection], reason: CloseReason, message: str = "") -> None:
        """Close some connections; from this call on nothing from them is taken."""
        self.broadcast.flush()
        for connection in list(connections):
            self.leave(connection)
            connection.outbox.close(reason, message)

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
            connection.outbox.send(y_protocol.sync_step1(self.index.clocks))

    def may_write(self, connection: Connection) -> bool:
        """Whether a client's edits are taken now."""
        return self.is_open and connection.role.allows(Role.EDITOR)
