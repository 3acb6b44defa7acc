"""From an open WebSocket into a room: who it is, whether there is a place, and why not."""

import logging
from collections.abc import Mapping

from crdt.errors import RoomDamaged, RoomSetAside, RoomUnavailable
from crdt.room.connection import Connection
from crdt.wire import y_protocol
from handlers import errors
from handlers.access import connect_wait_s, enter_as, entering, secret_hash
from handlers.close_codes import Close
from handlers.http.views import people
from handlers.security.tokens import Claims
from handlers.services import Services
from handlers.sync.editor import SyncPeer
from storage.errors import LimitReached, NotFound, StoreUnavailable
from storage.records import Admission, Role, User

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """The client does not get in."""

    def __init__(self, close: Close, message: str = "") -> None:
        super().__init__(message or close.message)
        self.close = close


class Entrance:
    """Used once for each connection, and then let go of."""

    def __init__(
        self, services: Services, peer: SyncPeer, request_id: str, query: Mapping[str, str], token: str
    ) -> None:
        """token: an access token from query, sub-protocol, header or cookie, or nothing."""
        self._services = services
        self._peer = peer
        self._request_id = request_id
        self._query = query
        self._token = token
        self._session_id = ""
        self._claims: Claims | None = None

    async def let_in(self, session_id: str, *, fits: bool) -> None:
        """Join the session's room, or say why not; fits: there is a place for one more connection."""
        try:
            if not fits:
                raise _Refused(Close.TOO_MANY)
            await self._join(session_id)
        except _Refused as refused:
            self._refuse(refused.close, str(refused))
        except (RoomUnavailable, StoreUnavailable):
            self._refuse(Close.UNAVAILABLE, Close.UNAVAILABLE.message)
        except RoomSetAside as error:
            self._refuse(Close.QUARANTINED, f"The session is {error}.")
        except RoomDamaged:
            self._refuse(Close.QUARANTINED, Close.QUARANTINED.message)
        except NotFound:
            self._refuse(Close.NOT_FOUND, Close.NOT_FOUND.message)
        except Exception:
            _log.exception("a connection could not be opened")
            self._peer.shut(Close.INTERNAL)

    async def _join(self, session_id: str) -> None:
        """Let the client into its room; no change of login or membership slips in between."""
        sockets = self._services.sockets
        self._session_id = session_id
        async with entering(self._services, session_id, self._admitted) as (room, (user, login_id, role)):
            if self._peer.is_closing:
                return
            if not sockets.has_room(session_id, user.id):
                raise _Refused(Close.TOO_MANY, "Too many connections to this session.")
            connection = Connection(
                user=people.participant(user),
                login_id=login_id,
                role=role,
                outbox=self._peer,
                wants_saved=self._query.get("saved", "") == "1",
            )
            self._peer.join(room, connection, is_listening=self._query.get("notes", "") == "1")
            _log.info("user %s joined session %s as %s", user.id, session_id, role)

    async def _admitted(self) -> tuple[User, str, Role]:
        """Return who connects, his login, and his role; raises _Refused or NotFound."""
        is_first = self._claims is None
        claims = self._claims or await self._claimed()
        self._claims = claims
        self._services.seen_logins.add(claims.login_id)
        found = await self._services.store.admission(claims.login_id, self._session_id, self._services.clock())
        if found is None or found.user.id != claims.user_id:
            raise _Refused(Close.NOT_SIGNED_IN, "This login has ended.")
        user = found.user
        role = await self._role(found)
        if is_first and connect_wait_s(self._services, user.id):
            raise _Refused(Close.TOO_MANY, "Too many connection attempts.")
        return user, claims.login_id, role

    async def _claimed(self) -> Claims:
        """Return whom a ticket or an access token speaks for; a ticket is used up by that."""
        if ticket := self._query.get("ticket", ""):
            taken = await self._services.store.take_ticket(secret_hash(ticket), self._services.clock())
            if taken is None or taken.session_id != self._session_id:
                raise _Refused(Close.NOT_SIGNED_IN, "This ticket is unknown, used or expired.")
            return Claims(taken.user_id, taken.login_id)
        if not self._token:
            raise _Refused(Close.NOT_SIGNED_IN)
        try:
            return self._services.tokens.read_access_token(self._token)
        except errors.ApiError as error:
            is_expired = error.code == Close.TOKEN_EXPIRED.word
            raise _Refused(Close.TOKEN_EXPIRED if is_expired else Close.NOT_SIGNED_IN, error.message) from None

    async def _role(self, found: Admission) -> Role:
        """Return the user's role; whoever has the link becomes a member on the way."""
        try:
            _, member = await enter_as(self._services, *found)
        except LimitReached:
            raise _Refused(Close.FORBIDDEN, "This session is full.") from None
        except errors.ApiError as error:
            message = error.message if error.status != 404 else "This session is by invitation."
            raise _Refused(Close.FORBIDDEN, message) from None
        if member.is_removed:
            raise _Refused(Close.REMOVED)
        return member.role

    def _refuse(self, close: Close, message: str) -> None:
        """Say why, and close after a while: old clients come back ten times a second (facts/yjs-protocol.md)."""
        _log.info("request %s refused with %s: %s", self._request_id, close.code, close.word)
        self._peer.send(y_protocol.permission_denied(f"{close.word}: {message}"))
        self._peer.shut_later(self._services.sockets.limits.refusal_hold_s, close, message)
