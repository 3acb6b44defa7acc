"""A client of the REST API for tests.

Tests also import `Wire` from here, a plain WebSocket client.
"""

import itertools
import json
from dataclasses import dataclass
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from harness.wire import Wire
from tests import canaries, conformance

__all__ = ["PASSWORD", "Answer", "Api", "Wire"]

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


class Api:
    """Sends requests to one server, signed in with `token` if there is one."""

    def __init__(
        self, url: str, token: str | None = None, user: dict[str, Any] | None = None
    ) -> None:
        self.url = url
        self.token = token
        self.user = user or {}
        self.refresh_token = ""

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/sync"

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        canaries.USED.sent(path, sent, body)
        request = HTTPRequest(
            self.url + path,
            method=method,
            headers=sent,
            body=data,
            allow_nonstandard_methods=True,
            connect_timeout=60,  # the time in the queue counts as well
            request_timeout=60,
            follow_redirects=False,
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        kind = response.headers.get("Content-Type", "")
        content = json.loads(response.body) if "json" in kind and response.body else response.body
        canaries.USED.received(content)
        conformance.check(method, path, response.code, kind, content)
        return Answer(response.code, content, response.headers)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.request("POST", path, {} if body is None else body, **options)

    async def patch(self, path: str, body: Any, **options: Any) -> Answer:
        return await self.request("PATCH", path, body, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.request("DELETE", path, **options)

    async def sign_up(self, name: str = "") -> "Api":
        """Make a new account and return a client that is signed in to it."""
        name = name or f"user{next(_numbers)}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        answer = await Api(self.url).post("/user/signup", body)
        assert answer.status == 201, answer
        signed_in = Api(self.url, answer.body["accessToken"], answer.body["user"])
        signed_in.refresh_token = answer.body["refreshToken"]
        return signed_in

    async def new_session(self, **fields: Any) -> str:
        answer = await self.post("/session", fields)
        assert answer.status == 201, answer
        return answer.body["id"]

    async def live(self, session_id: str) -> dict[str, Any]:
        answer = await self.get(f"/code/{session_id}/latest?live=true")
        assert answer.status == 200, answer
        return answer.body

    async def connect(self, session_id: str, query: str = "") -> Wire:
        """Open a plain WebSocket connection to a session."""
        url = f"{self.socket_url}/{session_id}?token={self.token}{query}"
        return Wire(await websocket_connect(url, max_message_size=64 << 20))
