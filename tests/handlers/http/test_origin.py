"""Tests requests of other sites with a visitor's cookies (CSRF), and of allowed sites."""

import itertools
import re

import pytest

from collab_server.routes import ROUTES
from handlers.http.base import BaseHandler
from tests.api import PASSWORD, Api
from tests.handlers.clients import UNKNOWN_ID, Browser, account, code_of, set_cookies
from tests.handlers.origins import (
    ALLOWED,
    EVIL,
    FOREIGN,
    ORIGINS,
    SITES,
    headers_of,
    may_use_cookies,
)

CHANGING = [
    (method, re.sub(r"\([^)]*\)", UNKNOWN_ID, route))
    for route, handler in ROUTES
    if issubclass(handler, BaseHandler)
    for method in ("POST", "PUT", "PATCH", "DELETE")
    if getattr(handler, method.lower()) is not getattr(BaseHandler, method.lower())
]
TYPES = [
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
]


@pytest.fixture
async def url(start_server) -> str:
    return (await start_server(cors_origin=ALLOWED)).url


async def cookies_of(url: str, name: str) -> str:
    """Sign up, and return the `Cookie` header of that browser."""
    answer = await Api(url).post("/user/signup", account(name))
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in set_cookies(answer).values())


# -- the matrix -----------------------------------------------------------------------------------


async def test_origin_check_refuses_only_cookies_of_other_sites(url: str) -> None:
    """Only requests with cookies from foreign pages are refused.

    The test tries all combinations of Origin, Sec-Fetch-Site, content type and credentials.
    """
    token = (await Api(url).sign_up("ada")).token
    cookie = await cookies_of(url, "bob")
    wrong = []

    for origin, site, content_type in itertools.product(ORIGINS, SITES, TYPES):
        headers = {**headers_of(url, origin, site), "Content-Type": content_type}
        body = {"title": f"{origin} {site} {content_type}"[:120]}
        by_cookie = await Api(url).post("/session", body, headers={**headers, "Cookie": cookie})
        by_bearer = await Api(url, token).post("/session", body, headers=headers)
        good = 201 if content_type == "application/json" else 415
        expected = (good, None if good == 201 else "unsupported_media_type")
        if code_of(by_bearer) != expected:
            wrong.append(("bearer", origin, site, content_type, code_of(by_bearer)))
        if not may_use_cookies(origin, site):
            expected = (403, "bad_origin")
        if code_of(by_cookie) != expected:
            wrong.append(("cookie", origin, site, content_type, code_of(by_cookie)))

    assert wrong == []


@pytest.mark.parametrize(("method", "path"), CHANGING)
async def test_origin_check_covers_every_changing_route(url: str, method: str, path: str) -> None:
    """Every changing route first refuses a foreign page's request with cookies.

    This holds for JSON and for content types that a page may send without a preflight.
    """
    cookie = {"Cookie": await cookies_of(url, "ada")}
    signs_in = path in ("/user/signup", "/user/login", "/user/refresh", "/user/guest")
    signs_in |= path in ("/user/password/forgot", "/user/password/reset")

    for (origin, site), content_type in itertools.product(FOREIGN, TYPES):
        headers = {**headers_of(url, origin, site), "Content-Type": content_type, **cookie}
        answer = await Api(url).request(method, path, {}, headers=headers)
        if signs_in and (origin, site) == ("no origin", None):
            continue  # no browser sends this request, and the route does not use the access token
        assert code_of(answer) == (403, "bad_origin"), (origin, site, content_type)
    for origin in ("own", "allowed"):
        answer = await Api(url).request(
            method, path, {}, headers={**headers_of(url, origin, None), **cookie}
        )
        assert code_of(answer) != (403, "bad_origin"), origin
    assert (await Api(url).get("/user/me", headers=cookie)).status in (200, 401)


def test_list_of_changing_routes_is_not_empty() -> None:
    """The list of changing routes, made from all routes, is not empty by mistake."""
    assert len(CHANGING) >= 13
    assert ("POST", "/user/login") in CHANGING
    assert ("DELETE", f"/session/{UNKNOWN_ID}/members/{UNKNOWN_ID}") in CHANGING


async def test_requests_refused_by_origin_change_nothing(url: str) -> None:
    """Refused requests do not change the session, the user name or the login."""
    cookie = {"Cookie": await cookies_of(url, "ada")}
    own = {"Origin": url, **cookie}
    session_id = (
        await Api(url).post("/session", {"title": "mine", "code": "x"}, headers=own)
    ).body["id"]
    evil = {"Origin": EVIL, **cookie}
    page = Api(url)

    await page.patch(f"/session/{session_id}", {"title": "yours"}, headers=evil)
    await page.post(f"/code/{session_id}/save", {"code": "y"}, headers=evil)
    await page.post("/chat/send", {"sessionId": session_id, "message": "y"}, headers=evil)
    await page.patch("/user/me", {"username": "yours"}, headers=evil)
    await page.delete(f"/session/{session_id}", headers=evil)
    await page.post("/user/logout", headers=evil)
    await page.post("/user/refresh", headers=evil)

    assert (await page.get("/user/me", headers=cookie)).body["username"] == "ada"
    assert (await page.get(f"/session/{session_id}", headers=cookie)).body["title"] == "mine"
    assert (await page.get(f"/code/{session_id}/latest?live=true", headers=cookie)).body[
        "code"
    ] == "x"
    assert (await page.get(f"/chat/{session_id}", headers=cookie)).body["messages"] == []
    assert (await page.post("/user/refresh", headers=own)).status == 200


# -- reading --------------------------------------------------------------------------------------


async def test_cors_does_not_let_other_sites_read_by_cookie(url: str) -> None:
    """A GET with cookies is answered, but a browser does not show the answer to a foreign page."""
    cookie = {"Cookie": await cookies_of(url, "ada")}

    evil = await Api(url).get(
        "/user/me", headers={"Origin": EVIL, "Sec-Fetch-Site": "cross-site", **cookie}
    )
    allowed = await Api(url).get(
        "/user/me", headers={"Origin": ALLOWED, "Sec-Fetch-Site": "cross-site", **cookie}
    )

    assert evil.status == allowed.status == 200
    assert "Access-Control-Allow-Origin" not in evil.headers
    assert allowed.headers["Access-Control-Allow-Origin"] == ALLOWED


async def test_get_requests_have_no_effect(url: str) -> None:
    """GET requests, which a foreign page can send by an image or link, have no effect."""
    cookie = {"Cookie": await cookies_of(url, "ada"), "Sec-Fetch-Site": "cross-site"}

    for path in (
        "/user/logout",
        "/user/refresh",
        "/session/x/join",
        "/session/x/leave",
        "/chat/send",
        "/code/x/save",
    ):
        answer = await Api(url).get(path, headers=cookie)
        assert answer.status in (404, 405), path

    assert (await Api(url).get("/user/me", headers=cookie)).status == 200


# -- signing in from elsewhere --------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/user/signup", "/user/login", "/user/guest"])
@pytest.mark.parametrize(
    ("origin", "site", "is_good"),
    [
        ("no origin", None, True),
        ("own", "same-origin", True),
        ("allowed", "cross-site", True),
        ("no origin", "same-origin", True),
        ("no origin", "none", True),
        ("another site", "cross-site", False),
        ("another site", None, False),
        ("null", "cross-site", False),
        ("no origin", "cross-site", False),
        ("no origin", "same-site", False),
        ("own, other scheme", None, False),
    ],
)
async def test_sign_in_from_other_site_is_refused(
    url: str, path: str, origin: str, site: str | None, is_good
) -> None:
    """A foreign page cannot sign in a visitor as another user. Programs may send no origin."""
    ada = await Api(url).sign_up("ada")
    invite = await ada.post(f"/session/{await ada.new_session()}/invites")
    body = {
        "/user/signup": account("eve"),
        "/user/login": {"username": "ada", "password": PASSWORD},
        "/user/guest": {"name": "Eve", "invite": invite.body["invite"]},
    }[path]

    answer = await Api(url).post(path, body, headers=headers_of(url, origin, site))

    if is_good:
        assert answer.status in (200, 201)
        assert set_cookies(answer)
    else:
        assert code_of(answer) == (403, "bad_origin")
        assert not set_cookies(answer)


async def test_change_by_cookie_without_origin_says_what_to_send(url: str) -> None:
    """A program that sends cookies without an origin is refused.

    The message names both remedies: a bearer token or an Origin header. Both work.
    """
    cookies = await cookies_of(url, "ada")
    token = cookies.partition("accessToken=")[2].partition(";")[0]

    answer = await Api(url).post("/session", {}, headers={"Cookie": cookies})
    by_token = await Api(url, token).post("/session", {}, headers={"Cookie": cookies})
    by_origin = await Api(url).post("/session", {}, headers={"Cookie": cookies, "Origin": url})

    assert code_of(answer) == (403, "bad_origin")
    assert "Authorization: Bearer" in answer.body["message"]
    assert "Origin" in answer.body["message"]
    assert (by_token.status, by_origin.status) == (201, 201)


async def test_sign_in_with_old_cookies_and_no_origin_is_accepted(url: str) -> None:
    """A program with old cookies and no origin (curl -b -c) may sign in again.

    The cookie does not sign anybody in at these routes.
    """
    cookie = {"Cookie": await cookies_of(url, "ada")}

    login = await Api(url).post(
        "/user/login", {"username": "ada", "password": PASSWORD}, headers=cookie
    )
    signup = await Api(url).post("/user/signup", account("bob"), headers=cookie)

    assert (login.status, signup.status) == (200, 201)


async def test_sign_in_and_refresh_with_outdated_cookie_succeed(url: str) -> None:
    """The cookie of an ended login does not prevent the next login or a refresh."""
    browser = Browser(url)
    await browser.enter("ada")
    stale = browser.jar["accessToken"]
    await browser.post("/user/logout")
    browser.jar["accessToken"] = stale

    login = await browser.post("/user/login", {"username": "ada", "password": PASSWORD})
    refresh = await browser.post("/user/refresh")

    assert (login.status, refresh.status) == (200, 200)


@pytest.mark.parametrize(
    "origin", [name for name in ORIGINS if name not in ("own", "own in capitals", "allowed")]
)
async def test_refresh_by_cookie_from_other_site_is_refused(url: str, origin: str) -> None:
    """The refresh cookie is refused from foreign pages, and without any origin."""
    cookie = {"Cookie": (await cookies_of(url, "ada")).partition("; ")[2]}
    assert cookie["Cookie"].startswith("refreshToken=")

    answer = await Api(url).post(
        "/user/refresh", headers={**headers_of(url, origin, None), **cookie}
    )
    own = await Api(url).post("/user/refresh", headers={"Origin": url, **cookie})

    assert code_of(answer) == (403, "bad_origin")
    assert own.status == 200


async def test_allowed_origin_signs_up_works_and_signs_out_by_cookie(url: str) -> None:
    """A page of an origin in CORS_ORIGIN can sign up, work and sign out with cookies."""
    page = Browser(url, origin=ALLOWED)

    assert (await page.enter("ada")).status == 201
    session_id = await page.new_session(code="x")
    assert (await page.post(f"/code/{session_id}/save", {"code": "y"})).status == 201
    assert (await page.post("/user/refresh")).status == 200
    assert (await page.post("/user/logout")).status == 200
    assert (await page.get("/user/me")).status == 401


async def test_own_origin_behind_tls_proxy_is_https(start_server) -> None:
    """An origin is compared with the scheme that the client uses, not with that of the proxy."""
    server = await start_server(trust_proxy=1)
    cookie = await cookies_of(server.url, "ada")
    tls = server.url.replace("http", "https", 1)

    for origin, proto, status in [(tls, "https", 201), (server.url, "https", 403),
                                  (tls, "http", 403), (server.url, "http", 201),
                                  (tls, None, 403)]:  # fmt: skip
        headers = {"Origin": origin, "Cookie": cookie} | (
            {"X-Forwarded-Proto": proto} if proto else {}
        )
        assert (await Api(server.url).post("/session", headers=headers)).status == status, (
            origin,
            proto,
        )


@pytest.mark.parametrize("hops", [0, 1])
async def test_origin_check_ignores_forged_forwarded_host(start_server, hops: int) -> None:
    """X-Forwarded-Host never makes a foreign page count as our own."""
    server = await start_server(trust_proxy=hops)
    cookie = await cookies_of(server.url, "ada")

    headers = {
        "Origin": "http://evil.example.org",
        "X-Forwarded-Host": "evil.example.org",
        "Cookie": cookie,
    }

    assert code_of(await Api(server.url).post("/session", headers=headers)) == (403, "bad_origin")
