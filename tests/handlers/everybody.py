"""Clients in every role, from a stranger to the owner, and sessions for these roles."""

import re
from dataclasses import dataclass, field

from tornado.web import RequestHandler

from collab_server.routes import ROUTES
from tests.api import PASSWORD, Api, Wire
from tests.handlers.clients import (
    UNKNOWN_ID,
    account,
    guest_of,
    new_invite,
    picture,
    program_test,
    report,
    upload,
)

WHO = ("anonymous", "stranger", "guest", "ex-member", "viewer", "editor", "owner")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class World:
    """Seven clients, one for each role, and sessions in which each has its role."""

    clients: dict[str, Api]
    target: Api
    counter: int = 0
    invites: dict[str, dict[str, str]] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)

    @classmethod
    async def make(cls, url: str, prefix: str = "") -> "World":
        clients = {"anonymous": Api(url)}
        for who in WHO[1:]:
            if who != "guest":
                clients[who] = await Api(url).sign_up(prefix + who.replace("-", ""))
        target = await Api(url).sign_up(f"{prefix}target")
        clients["guest"] = await guest_of(target, await target.new_session(), "Gus")
        assert (await upload(target, picture())).status == 200
        return cls(clients, target)

    async def session(self, **fields: str) -> str:
        """Open a session with a version, a run, a test, a message, an invite, and all clients."""
        owner = self.clients["owner"]
        session_id = await owner.new_session(joinRole="viewer", code="x")
        for api in (
            self.clients["viewer"],
            self.clients["editor"],
            self.clients["ex-member"],
            self.target,
        ):
            assert (await api.post(f"/session/{session_id}/join")).status == 200
        editor, former = self.clients["editor"].user["id"], self.clients["ex-member"].user["id"]
        assert (
            await owner.patch(f"/session/{session_id}/members/{editor}", {"role": "editor"})
        ).status == 200
        assert (await owner.delete(f"/session/{session_id}/members/{former}")).status == 204
        assert (await owner.post(f"/code/{session_id}/save")).status == 201
        assert (await owner.post(f"/session/{session_id}/runs", report())).status == 201
        assert (
            await owner.post("/chat/send", {"sessionId": session_id, "message": "hi"})
        ).status == 201
        self.invites[session_id] = await new_invite(owner, session_id)
        added = await owner.post(f"/session/{session_id}/tests", program_test())
        self.tests[session_id] = added.body["test"]["id"]
        if fields:
            assert (await owner.patch(f"/session/{session_id}", fields)).status == 200
        return session_id

    async def attempt(self, who: str, method: str, route: str, session_id: str) -> int:
        """Make a request that is valid except perhaps for the role of its client.

        Returns: the status of the answer, or the result of `connect` for a WebSocket.
        """
        self.counter += 1
        client, name = self.clients[who], f"name{self.counter}"
        path = await self.address(client, route, session_id)
        if route.startswith("/sync"):
            return await self.connect(client, path)
        if route == "/socket.io/":
            path += "?EIO=4&transport=polling"
        if (method, route) == ("POST", "/user/avatar"):
            return (await upload(client, picture())).status
        body = {
            "/user/signup": account(name),
            "/user/login": {"username": "target", "password": PASSWORD},
            "/user/guest": {"name": name, "invite": self.invites[session_id]["invite"]},
            "/user/me": {"username": name},
            "/user/password": {"currentPassword": PASSWORD, "newPassword": "another good one"},
            "/user/password/forgot": {"email": "target@example.org"},
            "/user/password/reset": {"token": name, "newPassword": "another good one"},
            "/user/email": {"email": f"{name}@example.org", "password": PASSWORD},
            "/session/([^/]+)/members/([^/]+)": {"role": "editor"},
            "/session/([^/]+)/runs": report(),
            "/session/([^/]+)/tests": program_test(),
            "/session/([^/]+)/tests/order": {"ids": [self.tests[session_id]]},
            "/session/([^/]+)/tests/([^/]+)": {"name": name},
            "/session/([^/]+)/runs/remote": {"root": "codemirror", "language": "python"},
            "/chat/send": {"sessionId": session_id, "message": "x"},
            "/code/([^/]+)/save": {"code": name},
            "/code/([^/]+)/restore": {"version": 1},
            "/code/([^/]+)/redact": {"from": 1, "to": 1, "text": "nowhere in it"},
        }.get(route, {})
        if route == "/user/refresh":
            login = await Api(client.url).post(
                "/user/login", {"username": "target", "password": PASSWORD}
            )
            body = {"refreshToken": login.body["refreshToken"]}
        if (method, route) == ("DELETE", "/user/me"):
            return (await client.delete(path, body={"password": PASSWORD})).status
        return (
            await client.request(method, path, None if method in ("GET", "DELETE") else body)
        ).status

    async def address(self, client: Api, route: str, session_id: str) -> str:
        """Return a path for a route.

        Ids of the session or the client replace the route's groups.
        """
        invite = self.invites[session_id]
        values = {
            "/static/(.+)": ["style.css"],
            "/static/run/(.+)": ["pyodide-314.0.7/LICENSE.txt"],
            "/user/([^/]+)/avatar": [self.target.user["id"]],
            "/session/([^/]+)/invites/([^/]+)": [session_id, invite["id"]],
            "/invite/([^/]+)": [invite["invite"]],
            "/join/([^/]+)": [invite["invite"]],
            "/session/([^/]+)/runs/([0-9]+)": [session_id, "1"],
            "/session/([^/]+)/tests/([^/]+)": [session_id, self.tests[session_id]],
            "/code/([^/]+)/versions/([0-9]+)": [session_id, "1"],
            "/code/([^/]+)/at/([0-9]+)": [session_id, "1"],
        }.get(route, [session_id, self.target.user["id"]])
        if route.startswith("/user/logins/"):
            logins = await client.get("/user/logins")
            values = [logins.body["items"][0]["id"] if client.token else UNKNOWN_ID]
        return re.sub(r"\([^)]*\)", lambda _: values.pop(0), route)

    async def connect(self, client: Api, path: str) -> int:
        """Open a WebSocket.

        Return 101 if it receives the document, and otherwise the close code.
        """
        wire = await Api(client.url, client.token or "none").connect(path.rpartition("/")[2])
        self.wires.append(wire)
        await wire.send(b"\x00\x00\x01\x00")
        while (frame := await wire.receive()) is not None:
            if frame.startswith(b"\x00\x01"):
                return 101
        return wire.close_code or 0


def implemented() -> set[tuple[str, str]]:
    """Return all (method, route) that have a handler."""
    return {
        (method, route)
        for route, handler in ROUTES
        for method in METHODS
        if getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())
    }
