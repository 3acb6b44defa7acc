"""Lets text clients join and leave sessions, and keeps their presence alive."""

import asyncio
import logging

from crdt.room.room import Room
from handlers import errors
from handlers.access import connect_wait_s, join_session, open_room
from handlers.services import Services
from handlers.socketio.client import EventClient
from handlers.socketio.session.text_connection import Identity, TextConnection
from handlers.socketio.session.text_session import TextSession
from handlers.socketio.sign_in import signed_in
from storage.background import end_task, start_task
from storage.records import Role, User

_TICK_S = 10.0
"""Seconds after which presence is announced again.
y-protocols forgets a client after 30 s without an announcement."""

_log = logging.getLogger(__name__)


class TextSessions:
    """All text sessions by session id."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions: dict[str, TextSession] = {}
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep presence alive; call inside the event loop."""
        self._ticking = start_task(self._tick_forever(), "socket.io presence")

    async def stop(self) -> None:
        """Stop keeping presence alive."""
        await end_task(self._ticking)

    def close(self) -> None:
        """Stop observing all rooms."""
        for session in self._sessions.values():
            session.close()

    def find(self, session_id: str) -> TextSession | None:
        """Return the text session of a session, None if it has no text clients."""
        return self._sessions.get(session_id)

    def has_lost(self, session_id: str, user_id: str) -> bool:
        """Whether a user's client lost its connection a short while ago, and may come back."""
        session = self._sessions.get(session_id)
        if session is None or self._services.rooms.find(session_id) is not session.room:
            return False
        return bool(session.lost(user_id))

    async def join(self, client: EventClient, session_id: str) -> Role:
        """Put a client into a session and return its role there.

        Raises: ApiError, NotFound, LimitReached, RoomUnavailable and StoreUnavailable.
        """
        if wait := connect_wait_s(self._services, client.user.id):
            raise errors.rate_limited(wait, "Too many sessions joined.")
        opening = open_room(
            self._services,
            session_id,
            lambda: self._admitted(client, session_id),
            lambda _: client.user.id,
            reads_texts=True,
        )
        async with opening as (room, admitted):
            if not client.is_gone:
                self.leave(client, is_lost=False)
                self._connect(client, room, *admitted)
            return admitted[1]

    def leave(self, client: EventClient, *, is_lost: bool) -> None:
        """Take a client out of its session; no effect if it has joined none."""
        connection, session = client.connection, client.session
        if connection and session:
            client.connection = client.session = None
            # A guest who became a full user has a new login.
            client.login_id = connection.connection.login_id
            self._services.connections.leave(session.room.session_id, connection.user_id)
            session.remove(connection, is_lost=is_lost)
            session.room.members.leave(connection.connection)

    async def _admitted(self, client: EventClient, session_id: str) -> tuple[User, Role]:
        user = await signed_in(self._services, client.user.id, client.login_id)
        _, member = await join_session(self._services, user, session_id)
        if member.is_removed:
            raise errors.removed()
        return user, member.role

    def _connect(self, client: EventClient, room: Room, user: User, role: Role) -> None:
        services, session_id = self._services, room.session_id
        # All code that may raise comes before the connection is counted.
        # Otherwise an error would leave the count too high.
        session = self._sessions.get(session_id)
        if session is None or session.room is not room:
            session = TextSession(room, services.text_changes)
        client_id = 1 + int.from_bytes(services.random_bytes(4)) % ((1 << 32) - 1)
        connection = TextConnection(
            client, session, Identity(user, client.login_id, role, client_id), services.clock
        )
        if limit := services.connections.join(session_id, user.id):
            if session is not self._sessions.get(session_id):
                session.close()
            raise errors.too_many("Too many connections to this session.", limit)
        self._sessions[session_id] = session
        client.user, client.connection, client.session = user, connection, session
        room.members.join(connection.connection)
        session.add(connection, services.clock())
        connection.announce()
        _log.info("user %s joined session %s as %s, by Socket.IO", user.id, session_id, role)

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for session_id, session in list(self._sessions.items()):
                try:
                    self._tick(session_id, session)
                except Exception:  # presence in the other sessions must still be announced
                    _log.exception("presence in session %s cannot be announced", session_id)

    def _tick(self, session_id: str, session: TextSession) -> None:
        for connection in list(session.connections):
            connection.announce()
        if not session.is_used:
            session.close()
            del self._sessions[session_id]
