"""Tests the headers that every answer has."""

import pytest

from handlers.http.headers import NOTHING
from tests.api import Api
from tests.handlers.clients import picture, upload

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ANSWERS = {
    "JSON": ("GET", "/user/me", 200),
    "an error of ours": ("GET", "/session/nothing", 404),
    "an unknown route": ("GET", "/nothing", 404),
    "an unknown method": ("PUT", "/user/me", 405),
    "a page": ("GET", "/docs", 200),
    "the app": ("GET", "/", 200),
    "a probe": ("GET", "/healthz", 200),
    "a preflight": ("OPTIONS", "/user/me", 204),
    "a file": ("GET", "/static/icon.svg", 200),
    "Socket.IO": ("GET", "/socket.io/?EIO=4&transport=polling", 200),
    "Socket.IO, refused": ("GET", "/socket.io/?EIO=3&transport=polling", 400),
    "no WebSocket": ("GET", "/sync/x", 426),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_every_answer_has_common_security_headers(ada: Api, what: str) -> None:
    """The headers forbid browsers to guess types, use frames, send referrers or use the camera.

    They do not name the server's software.
    """
    method, path, status = ANSWERS[what]
    answer = await ada.request(method, path, {} if method == "PUT" else None)

    assert answer.status == status
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("what", ["JSON", "an error of ours", "a file", "a page"])
async def test_content_policy_is_empty_except_for_pages(ada: Api, what: str) -> None:
    """JSON, errors and files have a policy that allows nothing. A page has its own policy."""
    method, path, _ = ANSWERS[what]
    policy = (await ada.request(method, path)).headers["Content-Security-Policy"]

    assert (policy == NOTHING) is (what != "a page")


async def test_picture_headers_sandbox_it_and_allow_other_origins(ada: Api) -> None:
    """Pages of other origins may show a picture. A picture that is opened alone can run nothing."""
    url = (await upload(ada, picture())).body["avatar"]
    answer = await ada.get("/user" + url.rpartition("/user")[2])

    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert (await ada.get("/user/me")).headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/user/me", "/nothing", "/", "/healthz"])
async def test_hsts_is_sent_when_trusted_proxy_says_tls(start_server, path: str) -> None:
    """HSTS is sent only if a trusted proxy says that the client uses TLS."""
    behind, alone = await start_server(trust_proxy=1), None
    headers = {"X-Forwarded-Proto": "https"}
    assert (await Api(behind.url).get(path, headers=headers)).headers[
        "Strict-Transport-Security"
    ] == "max-age=31536000"
    assert "Strict-Transport-Security" not in (await Api(behind.url).get(path)).headers
    await behind.stop()
    alone = await start_server()
    assert (
        "Strict-Transport-Security" not in (await Api(alone.url).get(path, headers=headers)).headers
    )
