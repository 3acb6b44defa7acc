"""Tests the page that a browser gets when its request must wait."""

import re

import pytest

from handlers.errors import rate_limited
from handlers.http import wait_page
from tests.api import Api
from tests.handlers.clients import exchange
from tests.narrowing import required

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("method", "accept", "is_sent"),
    [("GET", BROWSER["Accept"], True), ("GET", "*/*", False), ("GET", "application/json", False),
     ("GET", "", False),
     ("POST", BROWSER["Accept"], False), ("HEAD", BROWSER["Accept"], False)],
)  # fmt: skip
def test_wait_page_is_sent_only_to_browsers_that_request_a_page(
    method: str, accept: str, is_sent: bool
) -> None:
    """Only a browser's GET for a page gets the page. Scripts, programs and forms get JSON."""
    assert wait_page.is_wanted(method, accept) is is_sent


def test_wait_page_shows_the_reason_and_reloads() -> None:
    """The page shows the reason as escaped text, and reloads shortly after the named wait."""
    page = wait_page.render(rate_limited(1_796, "<b>Too many</b>."), 3)

    assert "&lt;b&gt;Too many&lt;/b&gt;. Try again in 30 minutes." in page
    assert '<meta http-equiv="refresh" content="1799">' in page
    assert "<b>" not in page
    assert "<script" not in page


@pytest.mark.parametrize("path", ["/", "/join/x", "/s/x", "/docs", "/nowhere"])
async def test_refused_page_is_answered_with_the_wait_page(start_server, path: str) -> None:
    """Every page that is refused with 429 is an HTML page, with its policy, that reloads itself."""
    server = await start_server(pages_per_5min=1, refusal_hold_s=0)
    assert (await Api(server.url).get("/")).status == 200

    answer = await Api(server.url).get(path, headers=BROWSER)
    for_script = await Api(server.url).get(path, headers={"Accept": "*/*"})

    assert answer.status == for_script.status == 429
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'self'"
    )
    (wait_s,) = re.findall(r'http-equiv="refresh" content="(\d+)"', answer.body.decode())
    assert (
        int(answer.headers["Retry-After"]) <= int(wait_s) <= int(answer.headers["Retry-After"]) + 4
    )
    assert "Too many requests. Try again in" in answer.body.decode()
    assert for_script.body["code"] == "rate_limited"


async def test_refused_download_is_answered_with_the_wait_page(start_server) -> None:
    """A refused export is answered with the page too, because a browser opens its link."""
    server = await start_server(requests_per_5min=1, refusal_hold_s=0)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    request = (
        f"GET /code/{session_id}/export HTTP/1.1\r\nHost: x\r\nCookie: accessToken={ada.token}\r\n"
    )

    answer = required(
        await exchange(server.url, f"{request}Accept: {BROWSER['Accept']}\r\n\r\n".encode())
    )

    assert answer.status == 429
    assert b"This page tries again by itself." in answer.body
