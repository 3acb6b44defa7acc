"""Keeps the presence of a room: presence states by Yjs client id, merged by clock.

A client speaks only for its own client ids. All other entries of its frames are ignored, but they
are no reason to close its connection. Stock providers answer each presence update, even one from
the server, with an update that repeats it. The server puts the true user into each state, so names
and colours cannot be forged. This module uses no clock and no I/O.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crdt.limits import (
    PRESENCE_BYTES,
    PRESENCE_CLIENTS,
    PRESENCE_DEPTH,
    AwarenessLimits,
    LimitCounters,
)
from crdt.wire.y_protocol import AwarenessEntry

MAX_AWARENESS_CLOCK = (1 << 31) - 1
"""The largest clock of a presence state."""
_MAX_REMEMBERED = 4_096
"""Client ids of a room whose newest clock is remembered, including those of clients that left."""


@dataclass(frozen=True, slots=True)
class _Presence:
    """The presence of one client id: user, newest clock, and state (None if it left)."""

    user_id: str
    clock: int
    state: str | None


class Awareness:
    """The presence table of one room.

    A client that reconnects announces itself with the clock under which it was removed, and other
    clients would ignore that. So the server sends this client an entry which says that the client
    has left. Then the client raises its clock and announces itself again (y-protocols,
    `applyAwarenessUpdate`). A client that is not in this table gets such an entry, too, once. The
    server may have restarted: then the other clients know this client, and removed it when their
    connections broke.
    """

    __slots__ = ("_limit_counters", "_limits", "_table")

    def __init__(self, limits: AwarenessLimits, limit_counters: LimitCounters) -> None:
        """limit_counters: count the refusals by each limit."""
        self._limits = limits
        self._limit_counters = limit_counters
        self._table: OrderedDict[int, _Presence] = OrderedDict()

    def apply(
        self,
        entries: Iterable[AwarenessEntry],
        user: Mapping[str, Any],
        own: set[int],
        owners: Mapping[int, str],
    ) -> tuple[list[AwarenessEntry], list[AwarenessEntry]]:
        """Merge one client's entries.

        Returns (the changes to show to other clients, the entries to send back to this client).

        user    put into each state as `user`; `user["id"]` decides for which
                client ids the client may speak
        own     the connection's client ids; ids that it announces are added
        owners  {client id: user id} of the document: no other user may appear under such an id
        """
        user_id = user["id"]
        changed: list[AwarenessEntry] = []
        bounced: list[AwarenessEntry] = []
        for client_id, clock, state in entries:
            presence = self._table.get(client_id)
            # This is an echo of another user's presence, or an attempt to appear under that user's
            # id. Stock clients send echoes, so this is not an error.
            if self.is_foreign(client_id, user_id, owners):
                continue
            if clock > MAX_AWARENESS_CLOCK or not _is_newer(clock, state, presence):
                if presence and _is_return(clock, state, presence):
                    bounced.append(AwarenessEntry(client_id, presence.clock, None))
                continue
            # Each entry costs memory in every browser of the room, so a connection may speak only
            # for a few ids.
            if client_id not in own and len(own) >= self._limits.clients_per_connection:
                self._limit_counters.count(PRESENCE_CLIENTS)
                continue
            if state is not None:
                state = self._with_user(state, user)  # noqa: PLW2901  # the client's own text is not used again
                if state is None:
                    continue
                own.add(client_id)
            self._put(client_id, _Presence(user_id, clock, state))
            changed.append(AwarenessEntry(client_id, clock, state))
            if presence is None and clock < MAX_AWARENESS_CLOCK:
                bounced.append(AwarenessEntry(client_id, clock, None))
        return changed, bounced

    def is_foreign(self, client_id: int, user_id: str, owners: Mapping[int, str]) -> bool:
        """Whether a client id belongs to another user, by its presence or by its structs."""
        presence = self._table.get(client_id)
        return (presence.user_id if presence else owners.get(client_id, user_id)) != user_id

    def users_of(self, client_ids: Iterable[int]) -> dict[int, str]:
        """Return {client id: user id} of those clients that are present."""
        table = self._table
        entries = ((client_id, table.get(client_id)) for client_id in client_ids)
        return {
            client_id: entry.user_id
            for client_id, entry in entries
            if entry and entry.state is not None
        }

    def remove(self, client_ids: Iterable[int]) -> list[AwarenessEntry]:
        """Remove the clients of a closed connection from the table.

        Returns the entries for the other clients: an equal clock, no state.
        """
        gone = []
        for client_id in client_ids:
            presence = self._table.get(client_id)
            if presence and presence.state is not None:
                self._put(client_id, _Presence(presence.user_id, presence.clock, None))
                gone.append(AwarenessEntry(client_id, presence.clock, None))
        return gone

    def rename(self, user: Mapping[str, Any]) -> list[AwarenessEntry]:
        """Put a changed user into the states of that user.

        Returns the states with the next clock, so that clients take them.
        """
        changed = []
        for client_id, presence in list(self._table.items()):
            if presence.user_id == user["id"] and presence.state is not None:
                state = self._with_user(presence.state, user)
                self._put(client_id, _Presence(presence.user_id, presence.clock + 1, state))
                changed.append(AwarenessEntry(client_id, presence.clock + 1, state))
        return changed

    def states(self) -> list[AwarenessEntry]:
        """Return the entries of all clients that are present."""
        return [
            AwarenessEntry(client_id, presence.clock, presence.state)
            for client_id, presence in self._table.items()
            if presence.state is not None
        ]

    def _put(self, client_id: int, presence: _Presence) -> None:
        """Keep the newest clock of a client, even if the client has left.

        Otherwise late echoes would show it again.
        """
        self._table[client_id] = presence
        self._table.move_to_end(client_id)
        if len(self._table) > _MAX_REMEMBERED:
            # The table is in order of the last change, so this is the client that left longest ago.
            # Clients that are present are never forgotten.
            oldest = next(
                (key for key, presence in self._table.items() if presence.state is None), client_id
            )
            del self._table[oldest]

    def _with_user(self, text: str, user: Mapping[str, Any]) -> str | None:
        """Return a state with the true user in it.

        Returns None if it is not a JSON object within the limits.
        """
        if len(text.encode()) > self._limits.state_bytes:
            self._limit_counters.count(PRESENCE_BYTES)
            return None
        try:
            state = json.loads(text)
            if not is_shallow(state, self._limits.depth):
                self._limit_counters.count(PRESENCE_DEPTH)
                return None
            if not isinstance(state, dict):
                return None
            # The client's own fields of the user stay, such as a cursor style, but the true fields
            # replace equal ones.
            given = state.get("user")
            state["user"] = {**(given if isinstance(given, dict) else {}), **user}
            return json.dumps(state, separators=(",", ":"), allow_nan=False)
        except RecursionError:
            self._limit_counters.count(PRESENCE_DEPTH)
            return None
        except ValueError:
            return None


def _is_newer(clock: int, state: str | None, presence: _Presence | None) -> bool:
    """Whether an entry counts, by the rule of `applyAwarenessUpdate` in y-protocols.

    An entry without a state, for a client that is not in the table, does not count: that client
    cannot leave.
    """
    if presence is None:
        return state is not None
    return clock > presence.clock or (
        clock == presence.clock and state is None and presence.state is not None
    )


def is_shallow(value: object, depth: int) -> bool:
    """Whether a JSON value has at most `depth` levels of objects and lists inside each other."""
    level = [value]
    for _ in range(depth):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return True
        level = inner
    return not any(isinstance(item, dict | list) for item in level)


def _is_return(clock: int, state: str | None, presence: _Presence) -> bool:
    """Whether a removed client announces itself with a clock that other clients would ignore."""
    return presence.state is None and state is not None and clock <= presence.clock
