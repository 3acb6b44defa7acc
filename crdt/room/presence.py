"""Decides which clients get which presence states, and how often.

Each client's presence is applied once an interval, and all changed presence of a room is sent in
one frame. Otherwise fifty users who move their cursors would cause 2,500 writes to sockets for each
round of moves.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from crdt.limits import PRESENCE_MS, LimitCounters, RoomLimits
from crdt.room.awareness import Awareness
from crdt.room.broadcast import Broadcast, FlushScheduler
from crdt.room.connection import Connection, Observer
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry


class PresenceScheduler(FlushScheduler, Protocol):
    """Decides when the clients of a room get each other's presence."""

    def publish_soon(self, presence: "Presence") -> None:
        """Call `presence.publish`, now or soon. Called once for all changes until then."""

    def tick_later(self, presence: "Presence") -> None:
        """Call `presence.tick` after an interval, and again as long as it returns True."""


class Presence:
    """The presence states of a room's connections.

    broadcast  sends presence to all connections
    """

    __slots__ = (
        "_awareness",
        "_connections",
        "_interval_ms",
        "_limit_counters",
        "_max_late",
        "_news",
        "_observers",
        "_owners",
        "_scheduler",
        "_source",
        "broadcast",
    )  # fmt: skip

    def __init__(
        self,
        broadcast: Broadcast,
        connections: Mapping[Connection, None],
        observers: Sequence[Observer],
        owners: Mapping[int, str],
        limits: RoomLimits,
        scheduler: PresenceScheduler,
        limit_counters: LimitCounters,
    ) -> None:
        """Start without any presence.

        connections  the connections of the room; they change as clients join and leave
        owners       {client id: user id} of the document
        scheduler    is asked for `publish` and `tick` when they have work to do
        limit_counters  count the refusals by each limit
        """
        self.broadcast = broadcast
        self._connections = connections
        self._observers = observers
        self._owners = owners
        self._awareness = Awareness(limits.awareness, limit_counters)
        self._limit_counters = limit_counters
        self._interval_ms = limits.presence_interval_ms
        self._max_late = 2 * limits.awareness.clients_per_connection
        self._scheduler = scheduler
        self._news: dict[int, AwarenessEntry] = {}
        self._source: Connection | None = None

    def users_of(self, client_ids: Iterable[int]) -> dict[int, str]:
        """Return {client id: user id} of those clients that are present."""
        return self._awareness.users_of(client_ids)

    def greet(self, connection: Connection) -> None:
        """Send a client the presence of all clients, if there are any."""
        states = self._awareness.states()
        if states:
            connection.outbox.send(y_protocol.awareness_update(states))

    def answer(self, connection: Connection) -> None:
        """Answer a client's query for presence, even if no client is present."""
        connection.outbox.send(y_protocol.awareness_update(self._awareness.states()))

    def left(self, connection: Connection) -> None:
        """Tell the other clients that a connection's client ids are gone.

        An id that another connection has announced stays.
        """
        # A client may reconnect before the server notices that the old connection is dead.
        others = {client for other in self._connections for client in other.announced.client_ids}
        self._announce(self._awareness.remove(connection.announced.client_ids - others))

    def renamed(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture to all clients.

        The states get the next clock, which the user's own clients would have used. So the server
        tells these clients that they have left, and they raise their clocks (see
        `Awareness.apply`).
        """
        changed = self._awareness.rename(user)
        self._announce(changed)
        for connection in self._connections:
            own = [
                entry._replace(state=None)
                for entry in changed
                if entry.client_id in connection.announced.client_ids
            ]
            if own:
                connection.outbox.send(y_protocol.awareness_update(own))

    def hear(self, connection: Connection, entries: Iterable[AwarenessEntry], now: int) -> None:
        """Take presence at most once an interval.

        Earlier entries wait for `tick`, and only the newest entry of each id counts.
        """
        announced = connection.announced
        if now - announced.taken_at >= self._interval_ms and not announced.late:
            announced.taken_at = now
            self._apply(connection, entries)
            return
        self._limit_counters.count(PRESENCE_MS)
        late = announced.late
        if late is None:
            late = announced.late = {}
        for entry in entries:
            client_id = entry.client_id
            if self._awareness.is_foreign(client_id, connection.user_id, self._owners):
                # Echoes of other clients must not use up the places for waiting entries, because
                # the client's own presence needs them.
                continue
            if client_id in late or client_id in announced.client_ids or len(late) < self._max_late:
                # Only the newest entry of each client id is kept. So the number of ids bounds the
                # waiting entries, however fast a client sends.
                late[client_id] = entry
        self._scheduler.tick_later(self)

    def tick(self, now: int) -> bool:
        """Apply presence whose interval is over; return whether some presence still waits."""
        is_waiting = False
        for connection in list(self._connections):
            announced = connection.announced
            if not announced.late:
                continue
            if now - announced.taken_at < self._interval_ms:
                is_waiting = True
                continue
            entries = list(announced.late.values())
            announced.late = None
            announced.taken_at = now
            self._apply(connection, entries)
        return is_waiting

    def _apply(self, connection: Connection, entries: Iterable[AwarenessEntry]) -> None:
        changed, bounced = self._awareness.apply(
            entries, connection.user, connection.announced.client_ids, self._owners
        )
        if bounced:
            connection.outbox.send(y_protocol.awareness_update(bounced))
        self._announce(changed, source=connection)

    def _announce(self, entries: list[AwarenessEntry], source: Connection | None = None) -> None:
        if not entries:
            return
        for observer in self._observers:
            observer.heard(entries)
        is_first = not self._news
        # A frame with the presence of one connection is not sent back to it. A frame with the
        # presence of several connections is sent to all: stock clients ignore their own presence.
        self._source = source if is_first or self._source is source else None
        for entry in entries:
            self._news[entry.client_id] = entry
        if is_first:
            self._scheduler.publish_soon(self)

    def publish(self) -> None:
        """Send the newest presence of each client to all clients, in one frame."""
        if self._news:
            frame = y_protocol.awareness_update(list(self._news.values()))
            self._news = {}
            self.broadcast.add(frame, self._source)
