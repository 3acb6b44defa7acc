"""The base of all HTTP handlers: finds the user, checks and reads the request, answers."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, stream_request_body

from handlers import compression, errors, ids, settings
from handlers.access import membership
from handlers.http import headers, json_pieces, network, queries, schemas, wait_page
from handlers.http.body import Body, parse_json
from handlers.http.views.problems import problem
from handlers.services import Services
from storage.errors import StoreUnavailable
from storage.records import Member, Role, Session, User

ACCESS_COOKIE = "accessToken"
REFRESH_COOKIE = "refreshToken"
REFRESH_PATH = "/user"

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}\Z")
_STATE_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_MAX_BODY_BYTES = 1 << 40
_OF_THE_REQUEST = ("Access-Control-", "X-Request", "Vary", headers.STRICT_TRANSPORT)
_QUARANTINED = "quarantined"
_LATER_S = 4
"""Seconds over which waiting pages spread their next load, so that they do not load together."""
_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}

_log = logging.getLogger(__name__)


@stream_request_body
class BaseHandler(RequestHandler):
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
    services: Services
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

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        answer = errors.to_api_error(error) if error else None
        if answer is None:
            code = _CODES.get(status_code, "internal" if status_code >= 500 else "bad_request")
            message = (
                "Something went wrong here; it was logged."
                if status_code >= 500
                else f"{self._reason}."
            )
            answer = errors.ApiError(status_code, code, message)
        self.services.problems[answer.code] += 1
        if answer.code == _QUARANTINED and self.path_args:
            answer.latest = f"/code/{self.path_args[0]}/latest"
        self.set_status(answer.status)
        if answer.status == 405:
            self.set_header("Allow", ", ".join(self._methods()))
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if wait_page.RETRY_AFTER in answer.headers and wait_page.is_wanted(
            self.request.method or "", self.request.headers.get("Accept", "")
        ):
            self._reply_wait_page(answer)
            return
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(problem(answer, self._reason, self.request_id)))

    def _reply_wait_page(self, answer: errors.ApiError) -> None:
        (later_s,) = self.services.random_bytes(1)
        self.set_header("Content-Security-Policy", wait_page.CSP)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(wait_page.render(answer, later_s % _LATER_S))

    def _methods(self) -> list[str]:
        """Return the methods that this handler has."""
        names = ("GET", "POST", "PATCH", "DELETE")
        missing = RequestHandler.get  # in Tornado's base class, all verbs are the same function
        return [name for name in names if getattr(type(self), name.lower()) is not missing]

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send an error with the status from `errors`, before Tornado resets the headers."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        answer = errors.to_api_error(error) if error else None
        super().send_error(answer.status if answer else status_code, **kwargs)

    def clear(self) -> None:
        """Clear the headers for an error, except headers that depend on the request."""
        request_headers = {}
        if hasattr(self, "_headers"):
            request_headers = {
                k: v for k, v in self._headers.get_all() if k.startswith(_OF_THE_REQUEST)
            }
        super().clear()
        for name, value in request_headers.items():
            self.set_header(name, value)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if isinstance(value, StoreUnavailable):
            _log.info("request %s: %s", self.request_id, value)
        if value is None or isinstance(value, HTTPError) or errors.to_api_error(value):
            return
        _log.error("request %s failed", self.request_id, exc_info=(typ, value, tb))
