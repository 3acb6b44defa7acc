"""Who else is told what happens in a room: what shows it to clients that are not Yjs."""

from typing import Protocol

from crdt.room.connection import Connection
from crdt.wire.y_protocol import AwarenessEntry


class Observer(Protocol):
    """Called inside the room's calls: quick, and never raises."""

    def edited(self) -> None:
        """The document has changed."""

    def joined(self, connection: Connection) -> None:
        """A client came in."""

    def left(self, connection: Connection) -> None:
        """A client is gone."""

    def heard(self, entries: list[AwarenessEntry]) -> None:
        """Presence has changed."""
