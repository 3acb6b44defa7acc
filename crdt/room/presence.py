"""Presence in a room: which client is told of whose presence, and how often.

Each client's presence is applied once an interval, and all news of a room goes out in one frame.
Fifty people who move their cursors would otherwise cause 2,500 writes to sockets for each round of
moves.
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
    """Says when a room's members hear of each other's presence."""

    def publish_soon(self, presence: "Presence") -> None:
        """Call `presence.publish`, now or soon. Asked once for all news that wait until then."""

    def tick_later(self, presence: "Presence") -> None:
        """Call `presence.tick` after an interval, and again for as long as it returns True."""


class Presence:
    """The presence states of a room's connections.

    broadcast  what tells everybody
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
        """Start with nobody.

        connections  the room's, `observers` too; both change as they come and go
        owners       {client id: user id} of the document
        scheduler    is asked for `publish` and `tick` when there is something for them to do
        limit_counters  how often each limit kept somebody from something
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
        """Return {client id: user id} of these clients, without those that are not here."""
        return self._awareness.users_of(client_ids)

    def greet(self, connection: Connection) -> None:
        """Tell a client who is here."""
        states = self._awareness.states()
        if states:
            connection.outbox.send(y_protocol.awareness_update(states))

    def answer(self, connection: Connection) -> None:
        """Answer a query, also when nobody is here."""
        connection.outbox.send(y_protocol.awareness_update(self._awareness.states()))

    def left(self, connection: Connection) -> None:
        """Tell the others that a connection's clients are gone,
        unless another connection speaks for them now.
        """
        # A client that reconnects may be here again before its old connection is known to be dead.
        others = {client for other in self._connections for client in other.announced.client_ids}
        self._announce(self._awareness.remove(connection.announced.client_ids - others))

    def renamed(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture to everybody.

        The states get the next clock, which the user's own clients would have used. So these
        clients are told that they have left, and raise their clocks (see `Awareness.apply`).
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

        Sooner entries wait for `tick`, and the newest of each id counts.
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
                # Echoes of others must not use up places among the waiting entries,
                # which the client's own presence needs.
                continue
            if client_id in late or client_id in announced.client_ids or len(late) < self._max_late:
                # One entry for each client id, the newest. So the number of ids bounds the waiting
                # entries, however fast a client sends.
                late[client_id] = entry
        self._scheduler.tick_later(self)

    def tick(self, now: int) -> bool:
        """Apply presence whose interval is over; return whether some is still waiting."""
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
        # A frame with the news of one connection is not sent back to it. One with news of several
        # goes to everybody: stock clients ignore their own.
        self._source = source if is_first or self._source is source else None
        for entry in entries:
            self._news[entry.client_id] = entry
        if is_first:
            self._scheduler.publish_soon(self)

    def publish(self) -> None:
        """Tell everybody the newest of each client in one frame;
        stock clients ignore their own in it.
        """
        if self._news:
            frame = y_protocol.awareness_update(list(self._news.values()))
            self._news = {}
            self.broadcast.add(frame, self._source)
