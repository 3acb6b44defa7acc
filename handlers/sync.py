"""`/sync/:sessionId`: where Yjs editors connect (docs/api.md, close codes)."""

import json
import logging
from urllib.parse import parse_qs

from crdt import protocol
from crdt.connection import Connection
from crdt.errors import CrdtError, DocumentFull, ProtocolError, RoomDamaged, RoomUnavailable
from crdt.room import Room
from handlers import errors, ids, network, views
from handlers.account import NO_ACCESS
from handlers.base import ACCESS_COOKIE
from handlers.entry import enter, entering, secret_hash
from handlers.tokens import Claims
from handlers.user import NOT_SIGNED_IN
from handlers.websocket import MALFORMED, SyncSocket
from storage.errors import LimitReached, NotFound, StoreUnavailable
from storage.records import Role, User

NO_SUCH_SESSION = 4404
DOCUMENT_FULL = 4413
DAMAGED = 4500
STORE_AWAY = 4503
TOO_MANY = 4529

_SUB_PROTOCOL = "access_token"
_UPGRADE_REQUIRED = 426
_SYNC_STEP1 = b"\x00\x00"
_BYTES_PER_UPDATE = 64 << 10

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """The client does not get in."""

    def __init__(self, code: int, word: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.word = word


class SyncHandler(SyncSocket):
    """One Yjs editor."""

    room: Room | None = None
    connection: Connection | None = None
    request_id = ""
    _address = ""
    _is_counted = False
    _session_id = ""
    _claims: Claims | None = None

    # -- the handshake ----------------------------------------------------------------------------

    def check_origin(self, origin: str) -> bool:
        return True  # decided in `prepare`, where it is known whether a cookie is all that signs in

    async def prepare(self) -> None:
        """Refuse a page of another site before anything is opened, if only the cookie speaks for it."""
        self.request_id = ids.new_id(self.services.random_bytes)
        self.set_header("X-Request-Id", self.request_id)
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            self._reply_problem(
                errors.ApiError(426, "upgrade_required", "This address is for WebSockets: use a Yjs provider.")
            )
            return
        settings = self.services.settings
        self._address = network.client_address(self.request, settings.trusted_hops)
        if self._given_token() or self._query().get("ticket"):
            return
        if not network.is_allowed_origin(self.request, settings.origins, settings.trusted_hops):
            self._reply_problem(errors.bad_origin())

    def _reply_problem(self, problem: errors.ApiError) -> None:
        self.set_status(problem.status)
        if problem.status == _UPGRADE_REQUIRED:
            self.set_header("Upgrade", "websocket")
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(views.problem(problem, self._reason, self.request_id)))

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return _SUB_PROTOCOL if _SUB_PROTOCOL in subprotocols else None

    def _given_token(self) -> str:
        """Return an access token that the page itself had: from query, sub-protocol or header."""
        if token := self._query().get("token", ""):
            return token
        offered = [part.strip() for part in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if len(offered) > 1 and offered[0] == _SUB_PROTOCOL:
            return offered[1]
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def _query(self) -> dict[str, str]:
        """Query parameters; the provider may add its own behind a second question mark."""
        return {name: values[-1] for name, values in parse_qs(self.request.query.replace("?", "&")).items()}

    # -- joining ----------------------------------------------------------------------------------

    async def open(self, session_id: str) -> None:
        self.set_nodelay(True)
        fits = self.services.sockets.opened(self._address)
        self._is_counted = True
        try:
            if not fits:
                raise _Refused(TOO_MANY, "too_many", "Too many connections.")
            await self._join(ids.normalize(session_id))
        except _Refused as refused:
            self._refuse(refused.code, refused.word, str(refused))
        except (RoomUnavailable, StoreUnavailable):
            self._refuse(STORE_AWAY, "unavailable", "The session cannot be loaded now.")
        except RoomDamaged:
            self._refuse(DAMAGED, "quarantined", "The stored document is damaged.")
        except NotFound:
            self._refuse(NO_SUCH_SESSION, "not_found", "There is no such session.")
        except Exception:
            _log.exception("a connection could not be opened")
            self.shut(1011, '{"code":"internal"}')

    async def _join(self, session_id: str) -> None:
        """Let the client into its room; no change of login or membership slips in between."""
        sockets = self.services.sockets
        self._session_id = session_id
        async with entering(self.services, session_id, self._admitted) as (room, (user, login_id, role)):
            if self._is_closing or self.ws_connection is None:
                return
            if not sockets.has_room(session_id, user.id):
                raise _Refused(TOO_MANY, "too_many", "Too many connections to this session.")
            self.connection = Connection(
                user=views.participant(user),
                login_id=login_id,
                role=role,
                outbox=_Outbox(self),
                wants_saved=self._query().get("saved", "") == "1",
            )
            self.room = room
            sockets.joined(self, session_id, user.id)
            if self._query().get("notes", "") == "1":
                sockets.listen(self, session_id)
            room.join(self.connection)
            _log.info("user %s joined session %s as %s", user.id, session_id, role)

    async def _admitted(self) -> tuple[User, str, Role]:
        """Return who connects, his login, and his role; raises _Refused or NotFound."""
        is_first = self._claims is None
        user, login_id = await self._signed_in()
        role = await self._role(self._session_id, user)
        if is_first and self.services.limiters.handshakes.wait_s(user.id):
            raise _Refused(TOO_MANY, "too_many", "Too many connection attempts.")
        return user, login_id, role

    async def _signed_in(self) -> tuple[User, str]:
        claims = self._claims
        if claims is None:
            claims = self._claims = await self._claimed()
        self.services.seen_logins.add(claims.login_id)
        user = await self.services.store.signed_in(claims.login_id, self.services.clock())
        if user is None or user.id != claims.user_id:
            raise _Refused(NOT_SIGNED_IN, "not_signed_in", "This login has ended.")
        return user, claims.login_id

    async def _claimed(self) -> Claims:
        """Return whom a ticket or an access token speaks for; a ticket is used up by that."""
        if ticket := self._query().get("ticket", ""):
            taken = await self.services.store.take_ticket(secret_hash(ticket), self.services.clock())
            if taken is None or taken.session_id != self._session_id:
                raise _Refused(NOT_SIGNED_IN, "not_signed_in", "This ticket is unknown, used or expired.")
            return Claims(taken.user_id, taken.login_id)
        token = self._given_token() or self.get_cookie(ACCESS_COOKIE) or ""
        if not token:
            raise _Refused(NOT_SIGNED_IN, "not_signed_in", "Sign in first.")
        try:
            return self.services.tokens.read_access_token(token)
        except errors.ApiError as error:
            raise _Refused(NOT_SIGNED_IN, error.code, error.message) from None

    async def _role(self, session_id: str, user: User) -> Role:
        """Return the user's role; whoever has the link becomes a member on the way."""
        try:
            _, member = await enter(self.services, user, session_id)
        except LimitReached:
            raise _Refused(NO_ACCESS, "forbidden", "This session is full.") from None
        except errors.ApiError as error:
            message = error.message if error.status != 404 else "This session is by invitation."
            raise _Refused(NO_ACCESS, "forbidden", message) from None
        if member.is_removed:
            raise _Refused(NO_ACCESS, "removed", "The owner removed you from this session.")
        return member.role

    def _refuse(self, code: int, word: str, message: str) -> None:
        """Say why, and close after a while: old clients come back ten times a second (facts/yjs-protocol.md)."""
        _log.info("request %s refused with %s: %s", self.request_id, code, word)
        self.send(protocol.permission_denied(f"{word}: {message}"))
        reason = json.dumps({"code": word, "message": message})
        self._loop.call_later(self.services.sockets.limits.refusal_hold_s, self.shut, code, reason)

    # -- joined -----------------------------------------------------------------------------------

    def cost(self, message: bytes) -> float:
        """A question for the whole document costs by its size: answering takes 40 ms for some megabytes."""
        if message[:2] == _SYNC_STEP1 and self.room:
            return 1 + self.room.document.size / _BYTES_PER_UPDATE
        return super().cost(message)

    def receive(self, frame: bytes) -> None:
        if self.room and self.connection:
            try:
                self.services.rooms.receive(self.room, self.connection, frame)
            except CrdtError as error:
                self._fail(error)

    async def receive_large(self, frame: bytes) -> None:
        if self.room and self.connection:
            try:
                await self.services.rooms.receive_large(self.room, self.connection, frame)
            except CrdtError as error:
                self._fail(error)

    def _fail(self, error: CrdtError) -> None:
        """What one client did closes that client."""
        code, word = _close_code(error)
        if self.room and self.connection:
            _log.info("user %s in session %s: %s", self.connection.user_id, self.room.session_id, error)
            self.room.close([self.connection], code, json.dumps({"code": word, "message": str(error)}))

    def on_close(self) -> None:
        self._is_closing = True
        self._out.clear()
        if self.room and self.connection:
            user_id, session_id = self.connection.user_id, self.room.session_id
            _log.info("user %s left session %s, code %s", user_id, session_id, self.close_code)
            self.services.sockets.left(self, session_id, user_id)
            self.room.leave(self.connection)
            self.room = self.connection = None
        if self._is_counted:
            self._is_counted = False
            self.services.sockets.closed(self._address)


class _Outbox:
    """A socket as its room sees it."""

    __slots__ = ("_socket", "send")

    def __init__(self, socket: SyncSocket) -> None:
        self._socket = socket
        self.send = socket.send

    def close(self, code: int, reason: str) -> None:
        self._socket.shut(code, reason)


def _close_code(error: CrdtError) -> tuple[int, str]:
    match error:
        case ProtocolError():
            return MALFORMED, "malformed"
        case DocumentFull():
            return DOCUMENT_FULL, "too_large"
        case RoomDamaged():
            return DAMAGED, "quarantined"
    return STORE_AWAY, "unavailable"
