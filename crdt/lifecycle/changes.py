"""Applies committed changes of memberships, logins and sessions to open rooms.

A request does not act on data that it read before such a change: see docs/design/concurrency.md.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.lifecycle.log_writer import LogWriter
from crdt.room.closing import CloseReason
from storage.records import Role, Status

_T = TypeVar("_T")


class SessionCache(Protocol):
    """Keeps data of sessions; a deleted session's data must be dropped."""

    def forget(self, session_id: str) -> None:
        """Drop all data of a session."""


class Changes:
    """Gets each committed change, counts it, and applies it to the loaded rooms.

    Reading from the store takes time, so the data may have changed before they are used. The count
    shows whether anything changed.
    """

    def __init__(self, loaded: LoadedRooms, writer: LogWriter, cache: SessionCache) -> None:
        """loaded: the same object as in `writer`; cache: told when a session is deleted."""
        self._loaded = loaded
        self._writer = writer
        self._cache = cache
        self.count = 0

    def note(self) -> None:
        """Count a committed change."""
        self.count += 1

    async def read(self, read: Callable[[], Awaitable[_T]]) -> _T:
        """Return the result of `read` from a time without changes: it is called again after each.

        The caller may act on the result until it awaits something.
        """
        # An example: a client connects, and its role is read. Before the answer arrives, the owner
        # removes the member, and `member_gone` finds no connection to close. With the old answer
        # the client would stay in the room. But the count has changed, so the role is read again. A
        # lock would also do that, but then every request would wait for every other request.
        while True:
            before = self.count
            result = await read()
            if before == self.count:
                return result

    # -- one method for each kind of change -------------------------------------------------------

    def role_changed(self, session_id: str, user_id: str, role: Role) -> None:
        """Give a member a new role, which is committed."""
        self.note()
        if room := self._loaded.get(session_id):
            room.members.set_role(user_id, role)
            if role is Role.OWNER:
                room.quota.own(user_id)

    def member_gone(self, session_id: str, user_id: str, reason: CloseReason) -> None:
        """Close the connections of a member whose membership's end is committed."""
        self.note()
        if room := self._loaded.get(session_id):
            room.members.remove(user_id, reason)

    def user_changed(self, user: Mapping[str, Any]) -> None:
        """Show a user's new name or picture, which is committed; user: see `Connection.user`."""
        self.note()
        for room in self._loaded:
            room.members.rename(user)

    def logins_ended(self, login_ids: Iterable[str], reason: CloseReason) -> None:
        """Close the connections of logins whose end is committed."""
        self.note()
        ended = frozenset(login_ids)
        for room in self._loaded:
            room.members.close([c for c in room.members.connections if c.login_id in ended], reason)

    def login_replaced(self, login_id: str, successor: str) -> None:
        """Move a user's connections to another of their logins."""
        self.note()
        for room in self._loaded:
            for connection in room.members.connections:
                if connection.login_id == login_id:
                    connection.login_id = successor

    def status_changed(self, session_id: str, status: Status) -> None:
        """Open or close a session's room, after the session's new status is committed."""
        self.note()
        if room := self._loaded.get(session_id):
            room.members.set_open(is_open=status is Status.OPEN)

    def session_deleted(self, session_id: str) -> None:
        """Drop a session's room and log, after the session's deletion is committed."""
        self.note()
        self._cache.forget(session_id)
        if room := self._loaded.get(session_id):
            self._writer.forget(room, "the session was deleted")
            self._loaded.evict(room, CloseReason.SESSION_DELETED)
