"""Finds the user of an open WebSocket, checks the limits, and lets the client join a room.

A client that may not join gets the reason.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import NamedTuple

from crdt.errors import RoomDamaged, RoomSetAside, RoomUnavailable
from crdt.room.connection import Connection
from crdt.wire import y_protocol
from handlers import errors, settings
from handlers.access import connect_wait_s, ensure_member, open_room, secret_hash
from handlers.close_codes import Close
from handlers.http.views import people
from handlers.security.tokens import Claims
from handlers.services import Services
from handlers.sync.editor import EditorConnection
from storage.errors import LimitReached, NotFound, StoreUnavailable
from storage.records import Admission, Role, User

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """The client may not join."""

    def __init__(self, close: Close, message: str = "", limit: str = "") -> None:
        """limit: the name of the limit that was exceeded."""
        super().__init__(message)
        self.close = close
        self.limit = limit


class _Admitted(NamedTuple):
    user: User
    login_id: str
    role: Role


class JoinRequest:
    """One client's request to join a session. Each connection has one such request."""

    def __init__(
        self,
        services: Services,
        request_id: str,
        session_id: str,
        query: Mapping[str, str],
        token: str,
    ) -> None:
        """token: the access token from the query, sub-protocol, header or cookie, "" for none."""
        self._services = services
        self._request_id = request_id
        self._session_id = session_id
        self._query = query
        self._token = token
        self._claims: Claims | None = None

    async def admit(self, editor: EditorConnection, passed_limit: str) -> None:
        """Join the session's room, or close the client with the reason.

        passed_limit  the name of the limit that the connection exceeds, see
                      `Connections.add`; "" for none
        """
        try:
            if passed_limit:
                raise _Refused(Close.TOO_MANY, limit=passed_limit)  # noqa: TRY301  # handled like errors of `_join`
            await self._join(editor)
        except _Refused as refused:
            self._refuse(editor, refused.close, str(refused), refused.limit)
        except (RoomUnavailable, StoreUnavailable):
            if self._services.is_draining():
                # The next server starts soon. So this client gets the same code as the connected
                # clients. Apps do not show this code as an error.
                editor.socket.close(Close.RESTART)
            else:
                self._refuse(editor, Close.UNAVAILABLE)
        except RoomSetAside as error:
            self._refuse(editor, Close.QUARANTINED, f"The session is {error}.")
        except RoomDamaged:
            self._refuse(editor, Close.QUARANTINED)
        except NotFound:
            self._refuse(editor, Close.NOT_FOUND)
        except Exception:
            _log.exception("a connection could not be opened")
            editor.socket.close(Close.INTERNAL)

    async def _join(self, editor: EditorConnection) -> None:
        """Put the client into its room, if its login and membership still allow it.

        Nothing here awaits between `open_room` and `editor.join`, as `open_room` requires. So the
        login or the membership cannot change between the check and the join.
        """
        connections, session_id = self._services.connections, self._session_id
        opening = open_room(
            self._services, session_id, self._check, lambda admitted: admitted.user.id
        )
        async with opening as (room, (user, login_id, role)):
            if editor.socket.is_closing:
                return
            connection = Connection(
                user=people.participant(user),
                login_id=login_id,
                role=role,
                outbox=editor.outbox,
                wants_saved=self._query.get("saved", "") == "1",
            )
            listener = editor.outbox if self._query.get("notes", "") == "1" else None
            if limit := connections.join(session_id, user.id, listener):
                raise _Refused(Close.TOO_MANY, "Too many connections to this session.", limit)
            editor.join(room, connection)
            _log.info("user %s joined session %s as %s", user.id, session_id, role)

    async def _check(self) -> _Admitted:
        """Return the connecting user, their login and their role. Raises: _Refused, NotFound."""
        is_first = self._claims is None
        claims = self._claims or await self._read_claims()
        self._claims = claims
        self._services.seen_logins.add(claims.login_id)
        admission = await self._services.store.admission(
            claims.login_id, self._session_id, self._services.clock()
        )
        if admission is None or admission.user.id != claims.user_id:
            raise _Refused(Close.NOT_SIGNED_IN, "This login has ended.")
        role = await self._role(admission)
        if is_first and connect_wait_s(self._services, claims.user_id):
            raise _Refused(
                Close.TOO_MANY, "Too many connection attempts.", settings.HANDSHAKES_PER_MIN.name
            )
        return _Admitted(admission.user, claims.login_id, role)

    async def _read_claims(self) -> Claims:
        """Return the user and login of the ticket or of the access token.

        A ticket can be used only once, and this uses it.
        """
        if secret := self._query.get("ticket", ""):
            ticket = await self._services.store.take_ticket(
                secret_hash(secret), self._services.clock()
            )
            if ticket is None or ticket.session_id != self._session_id:
                raise _Refused(Close.NOT_SIGNED_IN, "This ticket is unknown, used or expired.")
            return Claims(ticket.user_id, ticket.login_id)
        if not self._token:
            raise _Refused(Close.NOT_SIGNED_IN)
        try:
            return self._services.tokens.read_access_token(self._token)
        except errors.ApiError as error:
            is_expired = error.code == Close.TOKEN_EXPIRED.word
            raise _Refused(
                Close.TOKEN_EXPIRED if is_expired else Close.NOT_SIGNED_IN, error.message
            ) from None

    async def _role(self, admission: Admission) -> Role:
        """Return the user's role. A user who comes by the link becomes a member before that."""
        try:
            _, member = await ensure_member(self._services, *admission)
        except LimitReached:
            raise _Refused(Close.FORBIDDEN, "This session is full.") from None
        except errors.ApiError as error:
            message = error.message if error.status != 404 else "This session is by invitation."
            raise _Refused(Close.FORBIDDEN, message) from None
        if member.is_removed:
            raise _Refused(Close.REMOVED)
        return member.role

    def _refuse(
        self, editor: EditorConnection, close: Close, message: str = "", limit: str = ""
    ) -> None:
        """Tell the client the reason, and close its connection after a pause.

        y-websocket before 3.1 connects again after any close code. Without the pause, it would
        connect ten times a second.
        """
        message = message or close.message
        _log.info("request %s refused with %s: %s", self._request_id, close.code, close.word)
        editor.socket.forget_messages()
        editor.outbox.send(y_protocol.permission_denied(f"{close.word}: {message}"))
        hold_s = self._services.connections.limits.refusal_hold_s
        asyncio.get_running_loop().call_later(hold_s, editor.socket.close, close, message, limit)
