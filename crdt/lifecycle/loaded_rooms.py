"""The rooms that are in memory."""

from collections.abc import Iterator

from crdt.room.closing import CloseReason
from crdt.room.context import LogSource
from crdt.room.room import Room


class LoadedRooms:
    """The loaded rooms by session id, and closing one for everybody in it."""

    __slots__ = ("_by_session",)

    def __init__(self) -> None:
        self._by_session: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._by_session)

    def __iter__(self) -> Iterator[Room]:
        """Iterate over the rooms that are loaded now, even if some are closed meanwhile."""
        return iter(list(self._by_session.values()))

    def __contains__(self, room: Room) -> bool:
        """Whether this very room is loaded, not another one of the same session."""
        return self._by_session.get(room.session_id) is room

    def get(self, session_id: str) -> Room | None:
        """Return a session's room if it is loaded."""
        return self._by_session.get(session_id)

    def add(self, room: Room) -> None:
        """Take in a room that was loaded."""
        self._by_session[room.session_id] = room

    def remove(self, room: Room) -> None:
        """Forget a room; harmless if it is not loaded."""
        if room in self:
            del self._by_session[room.session_id]

    def evict(self, room: Room, reason: CloseReason) -> None:
        """Forget a room and close everybody's connection to it."""
        self.remove(room)
        room.members.close(room.members.connections, reason)

    def lost(self, source: LogSource) -> None:
        """The store has another log than the room believes: its clients load it again."""
        room = self._by_session.get(source.session_id)
        if room is source:
            self.evict(room, CloseReason.RESTART)
