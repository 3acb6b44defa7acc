"""Presence in a room: who hears what, and how often."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crdt.limits import PRESENCE_MS, RoomLimits
from crdt.room.awareness import Awareness
from crdt.room.broadcast import Broadcast
from crdt.room.connection import Connection
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry


class Presence:
    """The presence states of a room's connections.

    broadcast  what tells everybody
    on_late    called with this when some presence has to wait for `tick`
    on_news    called with this when there is news to `publish`; that happens at once unless somebody does it later
    on_change  called with each change of the presence, if somebody wants to know
    """

    __slots__ = (
        "_awareness", "_connections", "_interval_ms", "_kept", "_news", "_owners", "_reached", "_source", "broadcast",
        "on_change", "on_late", "on_news",
    )  # fmt: skip

    def __init__(
        self,
        broadcast: Broadcast,
        connections: Mapping[Connection, None],
        owners: Mapping[int, str],
        limits: RoomLimits,
        reached: Counter[str],
    ) -> None:
        """reached: see `Awareness`."""
        self.broadcast = broadcast
        self._connections = connections
        self._owners = owners
        self._awareness = Awareness(limits.awareness, reached)
        self._reached = reached
        self._interval_ms = limits.presence_interval_ms
        self._kept = 2 * limits.awareness.clients_per_connection
        self._news: dict[int, AwarenessEntry] = {}
        self._source: Connection | None = None
        self.on_news: Callable[[Presence], None] = Presence.publish
        self.on_late: Callable[[Presence], None] = _do_nothing
        self.on_change: Callable[[list[AwarenessEntry]], None] | None = None

    def greet(self, connection: Connection) -> None:
        """Tell a client who is here."""
        states = self._awareness.states()
        if states:
            connection.outbox.send(y_protocol.awareness_update(states))

    def answer(self, connection: Connection) -> None:
        """Answer a query, also when nobody is here."""
        connection.outbox.send(y_protocol.awareness_update(self._awareness.states()))

    def left(self, connection: Connection) -> None:
        """Tell the others that a connection's clients are gone, unless another one speaks for them by now."""
        others = {client for other in self._connections for client in other.client_ids}
        self._announce(self._awareness.remove(connection.client_ids - others))

    def renamed(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture to everybody.

        That takes a clock of his own clients, who are told to raise theirs (see `Awareness.apply`).
        """
        changed = self._awareness.rename(user)
        self._announce(changed)
        for connection in self._connections:
            own = [entry._replace(state=None) for entry in changed if entry.client_id in connection.client_ids]
            if own:
                connection.outbox.send(y_protocol.awareness_update(own))

    def hear(self, connection: Connection, entries: Iterable[AwarenessEntry], now: int) -> None:
        """Take presence at most once an interval; what comes sooner waits for `tick`, the latest winning."""
        if now - connection.presence_at >= self._interval_ms and not connection.late_presence:
            connection.presence_at = now
            self._apply(connection, entries)
            return
        self._reached[PRESENCE_MS.name] += 1
        late = connection.late_presence
        if late is None:
            late = connection.late_presence = {}
        for entry in entries:
            client_id = entry.client_id
            if self._awareness.is_foreign(client_id, connection.user_id, self._owners):
                continue  # echoes of others must not push out his own
            if client_id in late or client_id in connection.client_ids or len(late) < self._kept:
                late[client_id] = entry
        self.on_late(self)

    def tick(self, now: int) -> bool:
        """Apply presence whose interval is over; return whether some is still waiting."""
        is_waiting = False
        for connection in list(self._connections):
            if not connection.late_presence:
                continue
            if now - connection.presence_at < self._interval_ms:
                is_waiting = True
                continue
            entries = list(connection.late_presence.values())
            connection.late_presence = None
            connection.presence_at = now
            self._apply(connection, entries)
        return is_waiting

    def _apply(self, connection: Connection, entries: Iterable[AwarenessEntry]) -> None:
        changed, bounced = self._awareness.apply(entries, connection.user, connection.client_ids, self._owners)
        if bounced:
            connection.outbox.send(y_protocol.awareness_update(bounced))
        self._announce(changed, source=connection)

    def _announce(self, entries: list[AwarenessEntry], source: Connection | None = None) -> None:
        if not entries:
            return
        if self.on_change:
            self.on_change(entries)
        is_first = not self._news
        self._source = source if is_first or self._source is source else None
        for entry in entries:
            self._news[entry.client_id] = entry
        if is_first:
            self.on_news(self)

    def publish(self) -> None:
        """Tell everybody the newest of each client in one frame; stock clients ignore their own in it."""
        if self._news:
            frame = y_protocol.awareness_update(list(self._news.values()))
            self._news = {}
            self.broadcast.add(frame, self._source)


def _do_nothing(_presence: Presence) -> None:
    """Nobody asked to be told."""
