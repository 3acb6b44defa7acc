"""`/sync/:sessionId`: the handshake of Yjs editors (docs/api.md, close codes)."""

import asyncio
import json
import logging
import re
import socket
from typing import Any
from urllib.parse import parse_qs

from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler, WebSocketProtocol

from handlers import errors, ids
from handlers.http import headers, network
from handlers.http.base import ACCESS_COOKIE
from handlers.http.views import problems
from handlers.services import Services
from handlers.sync.editor import EditorConnection
from handlers.sync.handover import Handover, connect_paused
from handlers.sync.join import JoinRequest

_SUB_PROTOCOL = "access_token"
_UPGRADE_REQUIRED = 426
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
"""Matches a valid header Sec-WebSocket-Key: sixteen bytes in base64.
Tornado joins two such headers into one text with a comma, which does not match."""

_log = logging.getLogger(__name__)


class SyncHandler(WebSocketHandler):
    """The handshake of one Yjs editor."""

    services: Services
    request_id = ""
    _address = ""

    def initialize(self, services: Services) -> None:
        """Set up a handshake: keep the services, and parse the query."""
        self.services = services
        self._query = _parameters(self.request.query)

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Return our handshake, None if the client asks for a version other than 13."""
        return Handover(self) if self.request.headers.get("Sec-WebSocket-Version") == "13" else None

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log an error without the URL, which Tornado would log and which may have a token."""
        if not isinstance(value, HTTPError):
            _log.error("a WebSocket handler failed", exc_info=(typ, value, tb))  # type: ignore[arg-type]

    # -- the handshake ----------------------------------------------------------------------------

    def check_origin(self, origin: str) -> bool:
        return True  # `prepare` checks the origin if only a cookie signs the client in

    async def prepare(self) -> None:
        """Refuse invalid handshakes.

        If a handshake has neither a token nor a ticket, only a cookie can sign the client in. Then
        the page must come from an allowed origin.
        """
        self.request_id = ids.new_id(self.services.random_bytes)
        self.set_header("X-Request-Id", self.request_id)
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            self._reply_problem(
                errors.ApiError(
                    426, "upgrade_required", "This address is for WebSockets: use a Yjs provider."
                )
            )
            return
        if self.request.version == "HTTP/1.0" or not _KEY.fullmatch(
            self.request.headers.get("Sec-WebSocket-Key", "")
        ):
            self._reply_problem(errors.bad_handshake())
            return
        settings = self.services.settings
        self._address = network.rate_limit_key(self.request, settings.trusted_hops)
        if self._given_token() or self._query.get("ticket"):
            return
        allowed = network.is_allowed_origin(self.request, settings.origins, settings.trusted_hops)
        if not allowed:
            self._reply_problem(
                errors.no_origin("a token or a ticket") if allowed is None else errors.bad_origin()
            )

    async def get(self, *args: Any, **kwargs: Any) -> None:
        async with self.services.connections.join_queue.turn():
            await super().get(*args, **kwargs)

    def _reply_problem(self, problem: errors.ApiError) -> None:
        self.services.problems[problem.code] += 1
        headers.set_defaults(self)
        self.set_status(problem.status)
        if problem.status == _UPGRADE_REQUIRED:
            self.set_header("Upgrade", "websocket")
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(problems.problem(problem, self._reason, self.request_id)))

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return _SUB_PROTOCOL if _SUB_PROTOCOL in subprotocols else None

    def _given_token(self) -> str:
        """Return the access token that the page itself sent, "" if there is none.

        It is in the query, the sub-protocol or the Authorization header.
        """
        if token := self._query.get("token", ""):
            return token
        offered = [
            part.strip()
            for part in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        ]
        if len(offered) > 1 and offered[0] == _SUB_PROTOCOL:
            return offered[1]
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    # -- after it ---------------------------------------------------------------------------------

    async def upgraded(self, connection: socket.socket, early: bytes) -> None:
        """Take over the connection and let the client join; see `handlers.sync.handover`."""
        loop, services = asyncio.get_running_loop(), self.services
        editor = EditorConnection(services.connections, services.rooms, loop, self._address)
        passed_limit = services.connections.add(self._address, editor.socket)
        try:
            early += await connect_paused(editor.socket, connection)
        except OSError:
            editor.gone(None)
            return
        if early:
            editor.socket.data_received(early)
        session_id = ids.normalize(self.open_args[0])
        token = self._given_token() or self.get_cookie(ACCESS_COOKIE) or ""
        request = JoinRequest(services, self.request_id, session_id, self._query, token)
        await request.admit(editor, passed_limit)


def _parameters(query: str) -> dict[str, str]:
    """Return the parameters of a query.

    The provider may have added its own parameters after a second question mark.
    """
    return {name: values[-1] for name, values in parse_qs(query.replace("?", "&")).items()}
