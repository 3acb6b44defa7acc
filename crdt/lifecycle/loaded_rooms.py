"""The rooms that are in memory."""

from collections.abc import Iterator

from crdt.room.closing import CloseReason
from crdt.room.context import LogSource
from crdt.room.room import Room


class LoadedRooms:
    """The loaded rooms by session id."""

    __slots__ = ("_by_session",)

    def __init__(self) -> None:
        self._by_session: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._by_session)

    def __iter__(self) -> Iterator[Room]:
        """Iterate over the rooms that are loaded now, even if some are closed meanwhile."""
        return iter(list(self._by_session.values()))

    def __contains__(self, room: Room) -> bool:
        """Whether this room object is loaded, and not another one of the same session."""
        return self._by_session.get(room.session_id) is room

    def get(self, session_id: str) -> Room | None:
        """Return a session's room if it is loaded."""
        return self._by_session.get(session_id)

    def add(self, room: Room) -> None:
        """Add a room that was loaded."""
        self._by_session[room.session_id] = room

    def remove(self, room: Room) -> None:
        """Remove a room if it is loaded."""
        if room in self:
            del self._by_session[room.session_id]

    def evict(self, room: Room, reason: CloseReason) -> None:
        """Remove a room, and close all connections to it."""
        self.remove(room)
        room.members.close(room.members.connections, reason)

    def lost(self, source: LogSource) -> None:
        """Evict a room whose stored log differs from its own; its clients then load it again."""
        room = self._by_session.get(source.session_id)
        if room is source:
            self.evict(room, CloseReason.RESTART)
