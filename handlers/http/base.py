"""The base of all HTTP handlers: finds the user, checks and reads the request, answers.

Its answers for errors are in `handlers.http.error_answers`.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import stream_request_body

from handlers import compression, errors, ids, settings
from handlers.access import membership
from handlers.http import headers, json_pieces, network, queries, schemas
from handlers.http.body import Body, parse_json
from handlers.http.error_answers import ErrorAnswers
from handlers.services import Services
from storage.records import Member, Role, Session, User

ACCESS_COOKIE = "accessToken"
REFRESH_COOKIE = "refreshToken"
REFRESH_PATH = "/user"

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}\Z")
_STATE_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_MAX_BODY_BYTES = 1 << 40


@stream_request_body
class BaseHandler(ErrorAnswers):
    """A request of the API. Its body is read piece by piece, so never past the body's limit.

    needs_login    requests without sign-in are answered with 401
    is_public      the answer is the same for everybody: no token is read,
                   so the request counts for no user
    counts_itself  a request without sign-in counts only against the high limit of its address; the
                   handler itself counts failures and other limits
    body_bytes     most bytes of a body
    """

    needs_login = True
    is_public = False
    counts_itself = False
    body_bytes: int | None = None
    user: User | None
    login_id: str
    by_cookie: bool
    body: Body

    def initialize(self, services: Services) -> None:
        """Set up the state of a request, before its user is known and its body is read."""
        self.services = services
        self.user = None
        self.login_id = ""
        self.by_cookie = False
        self.body = Body(self.body_bytes or services.settings.json_bytes, services.bodies)
        given = self.request.headers.get("X-Request-Id", "")
        self.request_id = given if _REQUEST_ID.match(given) else ids.new_id(services.random_bytes)
        self.set_header("X-Request-Id", self.request_id)
        headers.demand_tls(
            self, is_secure=network.is_secure(self.request, services.settings.trusted_hops)
        )

    # -- before the verb --------------------------------------------------------------------------

    def set_default_headers(self) -> None:
        headers.set_defaults(self)

    async def prepare(self) -> None:
        origin = self.request.headers.get("Origin", "").lower()
        headers.allow_cross_origin(self, origin, self.services.settings.origins)
        if self.request.method == "OPTIONS":
            return
        self.request.connection.set_max_body_size(_MAX_BODY_BYTES)  # type: ignore[union-attr]
        self.body.declared(self.request.headers.get("Content-Length", "0"))
        try:
            if not self.is_public:
                await self._authenticate()
        finally:
            await self._hold_back(self._count_request())
        self.body.payer = self.user.id if self.user else self.address
        self._check_origin()
        if self.needs_login and self.user is None:
            raise errors.not_signed_in()

    def data_received(self, chunk: bytes) -> None:
        if self._finished:
            return
        try:
            self.body.add(chunk)
        except errors.ApiError as error:
            self.send_error(error.status, exc_info=(type(error), error, None))

    def on_finish(self) -> None:
        self.body.release()

    def on_connection_close(self) -> None:
        is_body_slow = self.request.request_time() >= self.services.settings.request_s
        is_body_here = self.request._body_future.done()  # noqa: SLF001  # no public name
        self.services.limit_counters.count(settings.REQUEST_S, is_body_slow and not is_body_here)
        super().on_connection_close()
        self.body.release()

    async def _authenticate(self) -> None:
        """Find the user of the request: by a bearer token first, then by the cookie."""
        token = self.access_token()
        if not token:
            return
        try:
            claims = self.services.tokens.read_access_token(token)
            user = await self.services.store.signed_in(claims.login_id, self.services.clock())
            if user is None or user.id != claims.user_id:
                raise errors.not_signed_in("This login has ended.")
        except errors.ApiError as error:
            if error.status == 401 and not self.needs_login:
                return
            raise
        self.user = user
        self.login_id = claims.login_id
        self.services.seen_logins.add(claims.login_id)

    def access_token(self) -> str:
        """Return the access token of the request, which may be invalid; "" if there is none."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = self.get_cookie(ACCESS_COOKIE) or ""
            self.by_cookie = bool(token)
        return token.strip()

    def _count_request(self) -> int:
        """Count the request; return by how many seconds it is too early, 0 if it is allowed.

        It counts for its user. If the access token has expired, it counts for its login,
        otherwise for its address.
        """
        limiters = self.services.limiters
        if self.user:
            return limiters.signed_in.wait_s(self.user.id)
        if self.is_public or self.counts_itself:
            return limiters.pages.wait_s(self.address)
        if login_id := self.services.tokens.login_of(self.access_token()):
            return limiters.signed_in.wait_s(f"login {login_id}")
        return limiters.anonymous.wait_s(self.address)

    async def count_failure(self) -> None:
        """Count a failed request of a handler that `counts_itself`; raises ApiError 429."""
        await self._hold_back(self.services.limiters.anonymous.wait_s(self.address))

    async def _hold_back(self, wait_s: int) -> None:
        """Raise ApiError 429 unless `wait_s` is 0, after a pause for clients that retry early."""
        if wait_s:
            await asyncio.sleep(min(wait_s, self.services.connections.limits.refusal_hold_s))
            raise errors.rate_limited(wait_s)

    def _check_origin(self) -> None:
        """Raise ApiError 403 if a page of another site uses the browser's cookies.

        Requests without a user are checked too: such a page may not sign the browser in or out.
        """
        if self.request.method not in _STATE_CHANGING:
            return
        settings = self.services.settings
        allowed = network.is_allowed_origin(self.request, settings.origins, settings.trusted_hops)
        if allowed is False and (self.by_cookie or self.user is None):
            raise errors.bad_origin()
        if allowed is None and self.by_cookie and self.needs_login:
            raise errors.no_origin()

    @property
    def address(self) -> str:
        """The key under which limits count the address of the request."""
        return network.rate_limit_key(self.request, self.services.settings.trusted_hops)

    @property
    def me(self) -> User:
        """The user that sent the request; raises ApiError 401 without one."""
        if self.user is None:
            raise errors.not_signed_in()
        return self.user

    # -- reading the request ----------------------------------------------------------------------

    def read(self, schema: schemas.Schema) -> dict[str, Any]:
        """Return the JSON body, checked; raises ApiError 400, 415 or 422."""
        body = self.body.bytes()
        if not body.strip():
            return schemas.validate(schema, {})
        content_type = (
            self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        )
        if content_type != "application/json":
            raise errors.ApiError(
                415, "unsupported_media_type", "Send the body as application/json."
            )
        return schemas.validate(schema, parse_json(body))

    def read_query(self, schema: schemas.Schema) -> dict[str, Any]:
        """Return the parameters of the query, checked, with defaults; raises ApiError 422."""
        return queries.read(schema, {name: self.get_query_argument(name, None) for name in schema})

    async def member(
        self, session_id: str, needed: Role, *, writes: bool = False
    ) -> tuple[Session, Member]:
        """Return a session and the caller's membership of it; see `membership`."""
        return await membership(self.services, self.me.id, session_id, needed, writes=writes)

    # -- answers ----------------------------------------------------------------------------------

    def reply(self, body: Mapping[str, object], status: int = 200) -> None:
        """Answer with JSON, and end the request."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(body))

    async def reply_in_pieces(self, body: Mapping[str, object], status: int = 200) -> None:
        """Answer like `reply`, but encode and send a large body in pieces, with pauses."""
        await self._send_json(await json_pieces.encode(body), status)

    async def reply_to_members(self, body: Mapping[str, object], status: int = 200) -> None:
        """Answer like `reply_in_pieces`, compressed; for data that all members may read."""
        await self.reply_encoded(await json_pieces.encode(body), status)

    async def reply_encoded(self, encoded: Sequence[bytes], status: int = 200) -> None:
        """Answer like `reply_to_members`, with pieces of encoded JSON."""
        web, accepted = self.services.settings, self.request.headers.get("Accept-Encoding", "")
        if self.by_cookie and network.may_be_foreign(self.request, web.origins, web.trusted_hops):
            accepted = ""  # see `handlers.compression`
        packed = await self.services.compressor.pack(encoded, accepted, self.me.id)
        if packed:
            self.set_header("Content-Encoding", "gzip")
        self.set_header("Vary", compression.VARY)
        await self._send_json(packed or encoded, status)

    async def _send_json(self, pieces: Sequence[bytes], status: int) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        with contextlib.suppress(StreamClosedError):
            if (size := sum(map(len, pieces))) > json_pieces.WRITTEN:
                self.set_header("Content-Length", str(size))
                for piece in json_pieces.cut(pieces):
                    self.write(piece)
                    await self.flush()
                pieces = ()
            await self.finish(b"".join(pieces))

    async def head(self, *arguments: str) -> None:
        """Answer like GET; Tornado leaves the body out."""
        answer = self.get(*arguments)
        if answer is not None:
            await answer

    def options(self, *_: str) -> None:
        self.set_status(204)
        if self._headers.get("Access-Control-Allow-Origin"):
            headers.allow_preflight(self)
        self.finish()
