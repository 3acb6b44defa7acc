"""Tests of the cookies of a login: their attributes, and how they are removed."""

import pytest

from tests.api import PASSWORD, Api
from tests.handlers.clients import (
    Browser,
    account,
    is_expired,
    set_cookies,
)

DAY_S = 86_400


@pytest.mark.parametrize("path", ["/user/signup", "/user/login", "/user/refresh"])
async def test_cookies_have_attributes_path_and_lifetime(browser: Browser, path: str) -> None:
    """Cookies are HttpOnly and SameSite=Lax, and each has its path and lifetime."""
    answer = await browser.enter("ada")
    if path != "/user/signup":
        answer = await browser.post(
            path, {"username": "ada", "password": PASSWORD} if "login" in path else {}
        )

    cookies = set_cookies(answer)

    assert set(cookies) - {"device"} == {"accessToken", "refreshToken"}
    assert ("device" in cookies) == (path != "/user/refresh")
    for cookie in cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert not cookie["secure"]
        assert not cookie["domain"]
    access, refresh = cookies["accessToken"], cookies["refreshToken"]
    assert (access["path"], access["max-age"], access.value) == (
        "/",
        "900",
        answer.body["accessToken"],
    )
    assert (refresh["path"], refresh["max-age"]) == ("/user", str(30 * DAY_S))
    assert refresh.value == answer.body["refreshToken"]
    if "device" in cookies:
        assert (cookies["device"]["path"], cookies["device"]["max-age"]) == (
            "/user",
            str(365 * DAY_S),
        )


@pytest.mark.parametrize(
    ("hops", "proto", "is_secure"),
    [(0, None, False), (0, "https", False), (1, "https", True), (1, "http", False),
     (1, None, False),
     (1, "https, http", False), (1, "http, https", True)],
)  # fmt: skip
async def test_cookies_are_secure_when_trusted_proxy_says_tls(
    start_server, hops: int, proto: str | None, is_secure
) -> None:
    """Cookies get `Secure` if a trusted proxy reports TLS.

    The report of any other client is ignored.
    """
    server = await start_server(trust_proxy=hops)
    headers = {"X-Forwarded-Proto": proto} if proto else {}

    answer = await Api(server.url).post("/user/signup", account("ada"), headers=headers)

    assert answer.status == 201
    assert [bool(cookie["secure"]) for cookie in set_cookies(answer).values()] == [is_secure] * 3


async def test_logout_clears_the_cookies(browser: Browser) -> None:
    """Signing out clears both cookies of the login.

    The cookie `device` stays: it signs nobody in.
    """
    await browser.enter("ada")

    answer = await browser.post("/user/logout")

    cookies = set_cookies(answer)
    assert {name: (cookie.value, cookie["path"]) for name, cookie in cookies.items()} == {
        "accessToken": ("", "/"),
        "refreshToken": ("", "/user"),
    }
    assert [is_expired(cookie) for cookie in cookies.values()] == [True, True], (
        "no Max-Age=0 and no past Expires"
    )
    assert browser.jar.keys() == {"device"}
    assert (await browser.get("/user/me")).status == 401
