"""Tests that secrets never get into logs: with the detector of `tests.canaries`, and on all routes.

A fixture of `tests.conftest` also checks this during every other test.
"""

import json
import logging
import re
import secrets
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from handlers.http.api_docs.operations import OPERATIONS
from tests import canaries
from tests.api import PASSWORD, Api, Wire
from tests.canaries import Canaries
from tests.handlers.clients import exchange, new_invite, typing_frame
from tests.handlers.everybody import implemented
from tests.processes import ROOT, ServerProcess, free_port
from tests.raw_events import RawEvents

WITHOUT_LIMITS: dict[str, Any] = {
    "COLLAB_LOG_LEVEL": "debug",
    "COLLAB_ANONYMOUS_PER_5MIN": 1_000_000,
    "COLLAB_LOGINS_PER_5MIN": 1_000_000,
    "COLLAB_SIGNUPS_PER_H": 1_000_000,
    "COLLAB_ADDRESS_FAILURES_PER_H": 1_000_000,
    "COLLAB_REFUSAL_HOLD_S": 0,
}


def canary(kind: str) -> str:
    """Return a new secret that must not be in the logs."""
    made = f"canary-{kind}-{secrets.token_hex(12)}"
    canaries.USED.add(f"wrong {kind}", made)
    return made


# -- the detector ---------------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[Canaries]:
    """A separate detector, with one secret that the usual detector of the test does not know."""
    with canaries.watched(Canaries()) as detector:
        detector.add_token("ticket", "a2c4e6g8j0m2p4r6t8v0x2z4b6")
        yield detector


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
@pytest.mark.parametrize("how", ["message", "argument", "extra", "exception", "cause"])
def test_secret_in_any_part_of_log_record_is_found(
    own: Canaries, expect_log, how: str, level: int
) -> None:
    """A secret is found in every part of a log record, and at every level."""
    expect_log("ERROR some.library")
    secret, log = "a2c4e6g8j0m2p4r6t8v0x2z4b6", logging.getLogger("some.library")
    if how == "message":
        log.log(level, f"ticket={secret}")
    elif how == "argument":
        log.log(level, "got %s", {"ticket": secret})
    elif how == "extra":
        log.log(level, "got it", extra={"fields": {"ticket": secret}})
    else:
        try:
            try:
                raise ValueError(secret)  # noqa: TRY301  # the log shows its traceback
            except ValueError as error:
                raise RuntimeError(secret if how == "exception" else "wrapped") from error
        except RuntimeError:
            log.log(level, "failed", exc_info=True)

    (leak,) = own.leaks()

    assert leak.startswith("ticket in: ")
    assert secret in leak


def test_innocent_log_has_no_findings(own: Canaries) -> None:
    """A log without secrets has no findings."""
    logging.getLogger("some.library").debug(
        "user %s joined session %s", "a2c4e6g8j0m2p4r6", "t8v0x2z4b6a2c4e6"
    )

    assert own.leaks() == []


def test_secret_announced_after_it_was_logged_is_found(own: Canaries) -> None:
    """A secret is found even if it was logged before the test knew it.

    A server logs a request before the client reads the token in its answer.
    """
    token = "q1w2e3r4t5y6u7i8o9p0a1s2d3"
    logging.getLogger("some.library").info("made %s", token)

    own.received({"ticket": token})

    assert [leak.partition(" in: ")[0] for leak in own.leaks()] == ["ticket"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("an access token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9." + "k" * 43),
        ("a refresh token", "0123456789abcdef." + "k" * 43),
        ("a password's hash", "$2b$12$" + "k" * 53),
    ],
)
def test_text_that_looks_like_a_secret_is_found(
    own: Canaries, tmp_path: Path, kind: str, text: str
) -> None:
    """Text that looks like a secret is found, even if no client reported it.

    The output of a process is searched too.
    """
    own.printed(output := tmp_path / "server.log")
    output.write_text(f'{{"level": "info"}}\n{{"message": "got {text}"}}\n')

    assert own.leaks() == [f'{kind} in: {{"message": "got {text}"}}']


@pytest.mark.parametrize(
    "token", ["", "none", "nonsense", "x" * 12_000, "." * 500, "0000000000000000", "é" * 40]
)
def test_ordinary_text_is_no_canary(own: Canaries, token: str) -> None:
    """Ordinary text that a hostile test sends as a token is not searched for."""
    own.sent(
        "/",
        {"Authorization": f"Bearer {token}", "Cookie": f"accessToken={token}"},
        {"password": token},
    )
    logging.getLogger("some.library").info("%s", token)

    assert own.leaks() == []


async def test_test_that_leaks_secret_fails(tmp_path: Path) -> None:
    """In a run of pytest with these fixtures, a test that logs a password fails.

    The other test of the run passes.
    """
    (tmp_path / "test_two.py").write_text(
        "import logging\n"
        "from tests.api import PASSWORD\n"
        "async def test_clean(ada): logging.info('signed up')\n"
        "async def test_leak(ada): logging.debug('signed up with %s', PASSWORD)\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
    ]
    options = ["-c", str(ROOT / "setup.cfg"), "--rootdir", str(tmp_path), str(tmp_path)]

    process = await create_subprocess_exec(*command, *options, cwd=ROOT, stdout=PIPE, stderr=STDOUT)
    output = (await process.communicate())[0].decode()

    assert process.returncode == 1, output
    assert "2 passed, 1 error" in output
    assert re.search(r"ERROR .*test_two.py::test_leak", output)
    assert "password in: DEBUG root: signed up with" in output


# -- the product ----------------------------------------------------------------------------------


@pytest.fixture
async def new_process(tmp_path: Path):
    """A function that starts servers as processes that log at the level DEBUG."""
    running: list[ServerProcess] = []

    async def start(**variables: Any) -> ServerProcess:
        process = ServerProcess(tmp_path / "data", free_port(), **WITHOUT_LIMITS, **variables)
        running.append(process)
        await process.start()
        return process

    yield start
    for process in running:
        await process.terminate()


class Walker:
    """A client that requests every route and sends secrets."""

    def __init__(self, api: Api, session_id: str, invite: str, ticket: str) -> None:
        self.api = api
        self.session_id = session_id
        self.invite = invite
        self.ticket = ticket

    @classmethod
    async def new(cls, url: str) -> "Walker":
        api = await Api(url).sign_up()
        session_id = await api.new_session(code=canary("code"))
        assert (await api.post(f"/code/{session_id}/save")).status == 201
        ticket = (await api.post(f"/session/{session_id}/ticket")).body["ticket"]
        return cls(api, session_id, (await new_invite(api, session_id))["invite"], ticket)

    def path(self, route: str, *, is_right: bool) -> str:
        """Return an address of a route, with secrets in every place that may have one."""
        token, ticket = (
            (self.api.token, self.ticket) if is_right else (canary("token"), canary("ticket"))
        )
        invite = self.invite if is_right else canary("invite")
        secret = invite if route.startswith(("/invite", "/join")) else self.session_id
        place = re.sub(r"\([^)]*\)", secret, route.replace("([0-9]+)", "1"))
        return (
            f"{place}?token={token}&ticket={ticket}&password={canary('query')}"
            "&EIO=4&transport=polling"
        )

    def headers(self, *, is_right: bool) -> dict[str, str]:
        """Return headers with the same secrets."""
        access, refresh = (
            (self.api.token, self.api.refresh_token)
            if is_right
            else (canary("access"), canary("old"))
        )
        return {
            "Authorization": f"Bearer {access}",
            "Cookie": f"accessToken={access}; refreshToken={refresh}",
            "Origin": self.api.url,
            "Referer": f"{self.api.url}/join/{self.invite}?token={access}#{canary('fragment')}",
            "Sec-WebSocket-Protocol": f"access_token, {access}",
        }

    def bodies(self, method: str, route: str) -> list[bytes]:
        """Return three bodies for a route: malformed, with wrong secrets, and with right ones."""
        path = re.sub(r"\([^)]*\)", "{}", route)
        schemas = [
            operation.body
            for operation in OPERATIONS
            if (operation.method, re.sub(r"{\w+}", "{}", operation.path)) == (method, path)
        ]
        fields = {*(schemas[0] if schemas and schemas[0] else ())} - (
            {"email"} if route == "/user/login" else set()
        )
        name = self.api.user["username"] if route == "/user/login" else f"w{secrets.token_hex(6)}"
        plain = {"username": name, "email": f"{name}@example.org", "name": "Gus",
                 "sessionId": self.session_id,
                 "role": "viewer", "version": 1, "from": 1, "to": 1}  # fmt: skip
        hidden = (
            "password",
            "currentPassword",
            "newPassword",
            "refreshToken",
            "invite",
            "code",
            "message",
            "text",
        )
        wrong = {**plain, **{field: canary(field) for field in hidden}}
        right = {**wrong, "password": PASSWORD, "currentPassword": PASSWORD, "invite": self.invite,
                 "refreshToken": self.api.refresh_token}  # fmt: skip
        whole = [
            json.dumps({name: value for name, value in body.items() if name in fields})
            for body in (wrong, right)
        ]
        return [
            json.dumps({"password": canary("broken")})[:-1].encode(),
            *(text.encode() for text in whole),
        ]


async def walk(url: str) -> Counter[int]:
    """Request every route as a stranger and as a member. Return the number of answers by status."""
    statuses: Counter[int] = Counter()
    reader = await Walker.new(url)
    for method, route in sorted(implemented()):
        walker = reader if method == "GET" else await Walker.new(url)
        for is_right in (False, True):
            headers = walker.headers(is_right=is_right)
            for body in [None] if method == "GET" else walker.bodies(method, route):
                path = walker.path(route, is_right=is_right)
                statuses[
                    (await Api(url).request(method, path, raw=body, headers=headers)).status
                ] += 1
    return statuses


async def connect(url: str, path: str, headers: dict[str, str]) -> None:
    """Open a WebSocket, type text, and wait for the answer."""
    socket = await websocket_connect(
        HTTPRequest(url.replace("http", "ws", 1) + path, headers=headers)
    )
    wire = Wire(socket)
    await wire.send(typing_frame(canary("typed")))
    await wire.receive()
    wire.close()


async def connect_in_every_way(url: str) -> None:
    """Connect by ticket, query, sub-protocol, header, cookie and Socket.IO.

    Each is tried with right and with wrong credentials.
    """
    for is_right in (False, True):
        walker = await Walker.new(url)
        headers, place = walker.headers(is_right=is_right), f"/sync/{walker.session_id}"
        parameters = walker.path("/sync/x", is_right=is_right).partition("?")[2].split("&")[:2]
        for name in ("Authorization", "Cookie", "Sec-WebSocket-Protocol"):
            await connect(
                url, place, {name: headers[name], "Origin": url, "Referer": headers["Referer"]}
            )
        for parameter in parameters:
            await connect(url, f"{place}?{parameter}", {"Origin": "https://elsewhere.example"})
        events = await RawEvents.open(
            walker.api, "&".join(["EIO=4&transport=websocket", *parameters]), headers
        )
        await events.sign_in({"token": walker.api.token if is_right else canary("auth")})
        if is_right:
            await events.ask("join-session", walker.session_id)
            await events.ask(
                "code-change", {"sessionId": walker.session_id, "code": canary("change")}
            )
            await events.ask(
                "send-message",
                {"sessionId": walker.session_id, "message": canary("chat"), "sender": 1},
            )
        events.close()


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_routes_log_no_secrets(new_process, log_format: str) -> None:
    """At the level DEBUG, no route logs a secret from any place of the request."""
    token = canary("metrics")
    process = await new_process(
        COLLAB_LOG_FORMAT=log_format, METRICS_TOKEN=token, JWT_SECRET=canary("jwt")
    )

    statuses = await walk(process.url)
    await connect_in_every_way(process.url)
    metrics = await Api(process.url).get("/metrics", headers={"Authorization": f"Bearer {token}"})

    assert metrics.status == 200
    written = process.output.read_text()
    assert {200, 201, 204, 400, 401, 422} <= set(statuses), "some succeed, some do not"
    assert len(written.splitlines()) > statuses.total()
    assert re.search("joined session .*by Socket.IO", written)
    assert canaries.USED.leaks() == []


ODD_REQUESTS = {
    "bearer token with a control character": "GET /user/me HTTP/1.1\r\nAuthorization: Bearer "
    "{}\x01",
    "cookie with a control character": "GET /user/me HTTP/1.1\r\nCookie: accessToken={}\x7f",
    "Referer with a control character": "GET / HTTP/1.1\r\nReferer: http://x/?token={}\x02",
    "bearer token that is folded": "GET /user/me HTTP/1.1\r\nAuthorization: Bearer\r\n {}",
    "bearer token without a header's name": "GET /user/me HTTP/1.1\r\nBearer {}: x",
    "bearer token as length": "GET /user/me HTTP/1.1\r\nContent-Length: {}",
    "token before a space": "GET /user/me?token={} HTTP/1.1 HTTP/1.1",
    "token in a request that is none": "token={}",
    "token next to what is no UTF-8": "GET /session?token={}&before=%ff HTTP/1.1",
    "token in an upgrade to nothing": "GET /sync/x?token={} HTTP/1.1\r\nUpgrade: websocket",
    "token in an upgrade without a key": "GET /sync/x?token={} HTTP/1.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13",
    "token as session of Socket.IO": "GET /socket.io/?EIO=4&transport=polling&sid={} HTTP/1.1",
    "invite with a slash behind": "GET /join/{}/ HTTP/1.1",
    "invite with many slashes": "GET //join//{}//x HTTP/1.1",
    "invite in capitals": "GET /INVITE/{} HTTP/1.1",
    "invite by another method": "PUT /invite/{} HTTP/1.1",
    "invite in an absolute address": "GET http://127.0.0.1/join/{} HTTP/1.1",
    "invite in an encoded address": "GET /%6aoin/{} HTTP/1.1",
    "invite below a proxy's prefix": "GET /collab/join/{} HTTP/1.1",
    "password in a form": "POST /user/login HTTP/1.1\r\nContent-Type: "
    "application/x-www-form-urlencoded\r\n"
    "Content-Length: 41\r\n\r\npassword={}",
}
"""Typical faults in requests of real clients, of proxies, and of people who type addresses."""


async def test_malformed_requests_are_logged_without_secrets(new_process) -> None:
    """A malformed request is logged without the secret that it contains."""
    process = await new_process()

    for kind, text in ODD_REQUESTS.items():
        canaries.USED.add(kind, secret := secrets.token_hex(16))
        request = text.format(secret).replace(" HTTP/1.1", " HTTP/1.1\r\nHost: x", 1) + "\r\n\r\n"
        await exchange(process.url, request.encode("latin-1"))

    assert len(process.output.read_text().splitlines()) >= len(ODD_REQUESTS)
    assert [leak.partition(" in: ")[0] for leak in canaries.USED.leaks()] == []


async def test_mongo_driver_logs_no_content(new_process, mongo_uri: str) -> None:
    """Commands of MongoDB's driver are not logged.

    They contain texts, chat messages, e-mail addresses and hashes of passwords.
    """
    process = await new_process(MONGO_URI=f"{mongo_uri}canaries{secrets.token_hex(4)}")
    walker = await Walker.new(process.url)
    canaries.USED.add("e-mail address", email := f"{canary('mail')}@example.org")

    await Api(process.url).post(
        "/user/signup", {"username": "eve", "email": email, "password": PASSWORD}
    )
    await walker.api.post(
        "/chat/send", {"sessionId": walker.session_id, "message": canary("message")}
    )
    await walker.api.post(f"/code/{walker.session_id}/save", {"code": canary("code")})

    assert "/chat/send" in process.output.read_text()
    assert sorted({leak.partition(" in: ")[0] for leak in canaries.USED.leaks()}) == []
