"""Committed changes of memberships, logins and sessions: open rooms follow them.

Nobody acts on what they read before such a change: see docs/design/concurrency.md.
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
        """Keep nothing of a session any more."""


class Changes:
    """Is told of each committed change: makes the loaded rooms follow it, and counts it.

    Reading from the store takes time, and what was read may have changed before the answer is used.
    The count tells whether it has.
    """

    def __init__(self, loaded: LoadedRooms, writer: LogWriter, cache: SessionCache) -> None:
        """loaded: the same object that `writer` has; cache: told when a session is deleted."""
        self._loaded = loaded
        self._writer = writer
        self._cache = cache
        self.count = 0

    def note(self) -> None:
        """A change is committed."""
        self.count += 1

    async def read(self, read: Callable[[], Awaitable[_T]]) -> _T:
        """Return what `read` returned while nothing changed; reads again after each change.

        The caller may act on the result until it awaits something.
        """
        # An example: a client connects, and its role is read. Before the answer is there, the owner
        # removes the member, and `member_gone` finds no connection to close. With the old answer
        # the client would be let in for good. The count has changed, so the role is read again. A
        # lock would do that, too, but every request would wait for every other.
        while True:
            before = self.count
            result = await read()
            if before == self.count:
                return result

    # -- one method for each kind of change -------------------------------------------------------

    def role_changed(self, session_id: str, user_id: str, role: Role) -> None:
        """A membership's new role is committed."""
        self.note()
        if room := self._loaded.get(session_id):
            room.members.set_role(user_id, role)
            if role is Role.OWNER:
                room.quota.own(user_id)

    def member_gone(self, session_id: str, user_id: str, reason: CloseReason) -> None:
        """A membership's end is committed."""
        self.note()
        if room := self._loaded.get(session_id):
            room.members.remove(user_id, reason)

    def user_changed(self, user: Mapping[str, Any]) -> None:
        """A user's new name or picture is committed; `user` as `Connection.user`."""
        self.note()
        for room in self._loaded:
            room.members.rename(user)

    def logins_ended(self, login_ids: Iterable[str], reason: CloseReason) -> None:
        """The end of logins is committed."""
        self.note()
        ended = frozenset(login_ids)
        for room in self._loaded:
            room.members.close([c for c in room.members.connections if c.login_id in ended], reason)

    def login_replaced(self, login_id: str, successor: str) -> None:
        """A user's connections belong to another of their logins from now on."""
        self.note()
        for room in self._loaded:
            for connection in room.members.connections:
                if connection.login_id == login_id:
                    connection.login_id = successor

    def status_changed(self, session_id: str, status: Status) -> None:
        """A session's end or reopening is committed."""
        self.note()
        if room := self._loaded.get(session_id):
            room.members.set_open(is_open=status is Status.OPEN)

    def session_deleted(self, session_id: str) -> None:
        """A session's deletion is committed: nothing of it is written any more."""
        self.note()
        self._cache.forget(session_id)
        if room := self._loaded.get(session_id):
            self._writer.forget(room, "the session was deleted")
            self._loaded.evict(room, CloseReason.SESSION_DELETED)
