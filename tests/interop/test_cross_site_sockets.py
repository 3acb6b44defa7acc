"""Tests of handshakes that another site's page makes with a visitor's cookies.

They are for `/sync` and for both transports of `/socket.io`.

The REST routes are in `tests/handlers/http/test_origin.py`, and this module uses the same matrix of
origins.
"""

import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tests.api import Api, Wire
from tests.conftest import StartServer
from tests.handlers.origins import (
    ALLOWED,
    EVIL,
    FOREIGN,
    ORIGINS,
    SITES,
    headers_of,
    may_use_cookies,
)
from tests.narrowing import required
from tests.raw_events import RawEvents

EVENTS = "/socket.io/?EIO=4&transport="
LIMITS = (
    "connections",
    "connections_per_user",
    "connections_per_session",
    "connections_per_address",
)
CROWD = dict.fromkeys(LIMITS, 10_000)

EVERY_PAGE = [
    (origin, site)
    for origin in ORIGINS
    for site in (SITES if origin == "no origin" else (None, "same-origin", "cross-site"))
]
"""(Origin, Sec-Fetch-Site) as browsers may send them. If there is an origin, it decides, and
Sec-Fetch-Site does not matter."""
SOME_PAGES = [*FOREIGN, ("own", None), ("allowed", None)]

COOKIE = {"Cookie": "accessToken={token}"}
SYNC: dict[str, tuple[str, dict[str, str], list[str], str]] = {
    "cookie": ("", COOKIE, [], "cookie"),
    "cookie, empty token": ("?token=&ticket=", COOKIE, [], "cookie"),
    "cookie, empty sub-protocol": ("", COOKIE, ["access_token"], "cookie"),
    "nothing": ("", {}, [], "nothing"),
    "token": ("?token={token}", {}, [], "in"),
    "ticket": ("?ticket={ticket}", {}, [], "in"),
    "sub-protocol": ("", {}, ["access_token", "{token}"], "in"),
    "cookie, wrong token": ("?token=x", COOKIE, [], "4401"),
    "cookie, wrong ticket": ("?ticket=x", COOKIE, [], "4401"),
    "cookie, wrong sub-protocol": ("", COOKIE, ["access_token", "x"], "4401"),
}
"""Query, headers and sub-protocols of a handshake, and its outcome.

The outcomes "cookie" and "nothing" depend on the page."""

EVENTS_AUTH: dict[str, tuple[str, dict[str, str], Any, str]] = {
    "cookie": ("", COOKIE, None, "cookie"),
    "cookie, empty token": ("", COOKIE, {"token": ""}, "cookie"),
    "nothing": ("", {}, None, "not_signed_in"),
    "token": ("", {}, {"token": "{token}"}, "in"),
    "bearer": ("", {"Authorization": "Bearer {token}"}, None, "in"),
    "cookie, wrong token": ("", COOKIE, {"token": "x"}, "not_signed_in"),
    "cookie, wrong bearer": ("", {**COOKIE, "Authorization": "Bearer x"}, None, "not_signed_in"),
    "token in the query": ("&token={token}", {}, None, "not_signed_in"),
    "ticket": ("&ticket={ticket}", {}, None, "not_signed_in"),
    "sub-protocol": (
        "",
        {"Sec-WebSocket-Protocol": "access_token, {token}"},
        None,
        "not_signed_in",
    ),
}
"""Query, headers and `auth` of a Socket.IO handshake, and its outcome."""


def filled(value: Any, api: Api, ticket: str) -> Any:
    """Return texts, or lists and dicts of texts, with the token and the ticket filled in."""
    text = json.dumps(value).replace("{token}", str(api.token)).replace("{ticket}", ticket)
    return json.loads(text)


def pages_for(result: str) -> list[tuple[str, str | None]]:
    """Return every page if the outcome depends on the page, or else a few pages."""
    return EVERY_PAGE if result in ("cookie", "nothing") else SOME_PAGES


def is_conceivable(origin: str, site: str | None) -> bool:
    """Return whether a browser would send these headers for a WebSocket.

    Browsers always send the origin.
    """
    return origin not in ("no origin", "empty") or site in (None, "same-origin", "none")


def said(error: HTTPClientError) -> str:
    """Return the error code of our answer, or the status of an answer of Tornado."""
    response = required(error.response)
    is_ours = response.headers["Content-Type"] == "application/problem+json"
    return json.loads(response.body)["code"] if is_ours else str(error.code)


async def ticket_for(api: Api, session_id: str) -> str:
    return (await api.post(f"/session/{session_id}/ticket")).body["ticket"]


@pytest.fixture
async def ada(start_server: StartServer) -> Api:
    """Return a signed-in user at a server that takes any number of connections."""
    server = await start_server(cors_origin=ALLOWED, refusal_hold_s=0, **CROWD)
    return await Api(server.url).sign_up("ada")


# -- /sync ----------------------------------------------------------------------------------------


async def sync(
    api: Api, path: str, headers: dict[str, str], protocols: list[str] | None = None
) -> str:
    """Try to get into a session of the user.

    Return "in", the close code, or the code or status of the HTTP error.
    """
    request = HTTPRequest(f"{api.socket_url}/{path}", headers=headers)
    try:
        wire = Wire(await websocket_connect(request, subprotocols=protocols or None))
    except HTTPClientError as error:
        return said(error)
    first = await wire.receive()
    if first and first.startswith(b"\x00\x00"):
        wire.close()
        return "in"
    code, _ = await wire.until_closed()
    assert all(frame.startswith(b"\x02\x00") for frame in wire.seen)
    return str(code)


@pytest.mark.parametrize("credentials", SYNC)
async def test_sync_cookie_counts_for_own_and_allowed_pages_only(
    ada: Api, credentials: str
) -> None:
    """A cookie counts for our own and for allowed pages only. Other credentials count for any page.

    The test covers Origin × Sec-Fetch-Site × credentials.
    """
    session_id = await ada.new_session()
    query, headers, protocols, result = SYNC[credentials]
    codes, expected = {}, {}

    for origin, site in pages_for(result):
        ticket = await ticket_for(ada, session_id) if "{ticket}" in query else ""
        path, sent, offered = filled([session_id + query, headers, protocols], ada, ticket)
        codes[origin, site] = await sync(
            ada, path, {**headers_of(ada.url, origin, site), **sent}, offered
        )
        is_good = may_use_cookies(origin, site)
        by_page = {
            "cookie": "in" if is_good else "bad_origin",
            "nothing": "4401" if is_good else "bad_origin",
        }
        otherwise = result if is_conceivable(origin, site) else "403"
        expected[origin, site] = by_page.get(result, otherwise)

    assert codes == expected


# -- /socket.io -----------------------------------------------------------------------------------


async def by_websocket(api: Api, query: str, headers: dict[str, str], auth: Any) -> str:
    """Try to sign in by WebSocket, and return "in" or the error's code."""
    try:
        raw = await RawEvents.open(api, f"EIO=4&transport=websocket{query}", headers)
    except HTTPClientError as error:
        return said(error)
    kind, told = await raw.sign_in(auth)
    raw.close()
    return "in" if kind == "40" else told["data"]["code"]


async def by_polling(api: Api, query: str, headers: dict[str, str], auth: Any) -> str:
    """Try to sign in by polling, and return "in" or the error's code.

    Only pages of CORS_ORIGIN may read the answers.
    """
    page, address = Api(api.url), f"{EVENTS}polling{query}"
    opened = await page.get(address, headers=headers)
    address += f"&sid={json.loads(opened.body[1:])['sid']}"
    sent = await page.request(
        "POST", address, raw=b"40" + json.dumps(auth or {}).encode(), headers=headers
    )
    told = await page.get(address, headers=headers)
    for answer in (opened, sent, told):
        assert answer.status == 200
        is_allowed = headers.get("Origin") == ALLOWED
        assert answer.headers.get("Access-Control-Allow-Origin") == (
            ALLOWED if is_allowed else None
        )
        assert answer.headers.get("Access-Control-Allow-Credentials") == (
            "true" if is_allowed else None
        )
    packet = told.body.decode()
    return "in" if packet.startswith("40") else json.loads(packet[2:])["data"]["code"]


TRANSPORTS = {"websocket": by_websocket, "polling": by_polling}
each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


@each_transport
@pytest.mark.parametrize("credentials", EVENTS_AUTH)
async def test_socketio_cookie_counts_for_own_and_allowed_pages_or_no_page(
    ada: Api, transport: str, credentials: str
) -> None:
    """As at `/sync`, a cookie counts for our own and allowed pages only, with one exception.

    A cookie also counts for requests without headers about their page. Browsers send such requests
    when a page polls its own server by plain HTTP. A page of another site gains nothing by this. It
    would have to read the answer, and then browsers always send the origin.
    """
    query, headers, auth, result = EVENTS_AUTH[credentials]
    ticket = await ticket_for(ada, await ada.new_session()) if "{ticket}" in query else ""
    codes, expected = {}, {}

    for origin, site in pages_for(result):
        arguments = filled(
            [query, {**headers_of(ada.url, origin, site), **headers}, auth], ada, ticket
        )
        codes[origin, site] = await TRANSPORTS[transport](ada, *arguments)
        is_good = may_use_cookies(origin, site) or (origin, site) == ("no origin", None)
        expected[origin, site] = {"cookie": "in" if is_good else "bad_origin"}.get(result, result)
        if transport == "websocket" and not is_conceivable(origin, site):
            expected[origin, site] = "403"

    assert codes == expected


@each_transport
async def test_socketio_connection_of_other_origin_ignores_later_cookie(
    ada: Api, transport: str
) -> None:
    """Only the page that opened a connection can sign in on it.

    A visitor's cookie that a foreign page adds to the connection later does not count.
    """
    page, address = Api(ada.url), f"{EVENTS}polling"
    sid = json.loads((await page.get(address)).body[1:])["sid"]
    headers = filled({**COOKIE, "Origin": EVIL}, ada, "")

    if transport == "polling":
        await page.request("POST", f"{address}&sid={sid}", raw=b"40", headers=headers)
        told = (await page.get(f"{address}&sid={sid}", headers=headers)).body.decode()
    else:
        raw = await RawEvents.open(ada, f"EIO=4&transport=websocket&sid={sid}", headers)
        for packet in ("2probe", "5"):
            await raw.send(packet)
        told = "".join(map(str, await raw.sign_in()))

    assert told.startswith("44")
    assert "not_signed_in" in told


async def test_socketio_polling_embedded_as_script_runs_nothing(ada: Api) -> None:
    """A foreign page that embeds the polling handshake as a script runs nothing.

    This also holds for a callback.
    """
    cookie = filled(COOKIE, ada, "")

    for callback in ("", "&j=0"):
        answer = await Api(ada.url).get(f"{EVENTS}polling{callback}", headers=cookie)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script" not in answer.headers["Content-Type"]
        assert answer.status == (400 if callback else 200), callback


# -- proxies --------------------------------------------------------------------------------------


async def signed_in_by_cookie(api: Api, session_id: str, headers: dict[str, str]) -> set[str]:
    """Return the outcomes of a cookie on both endpoints and both transports."""
    sent = {**filled(COOKIE, api, ""), **headers}
    return {
        await sync(api, session_id, sent),
        await by_websocket(api, "", sent, None),
        await by_polling(api, "", sent, None),
    }


async def test_own_origin_behind_tls_proxy_is_https(start_server: StartServer) -> None:
    """The page's origin is compared with the server's address as the client sees it.

    The proxy's address of the server does not count.
    """
    ada = await Api((await start_server(trust_proxy=1)).url).sign_up("ada")
    session_id = await ada.new_session()
    tls = ada.url.replace("http", "https", 1)

    for origin, proto, outcome in [
        (tls, "https", "in"), (ada.url, "http", "in"),
        (ada.url, "https", "bad_origin"), (tls, "http", "bad_origin"), (tls, "", "bad_origin"),
    ]:  # fmt: skip
        headers = {"Origin": origin, "X-Forwarded-Proto": proto}
        assert await signed_in_by_cookie(ada, session_id, headers) == {outcome}, (origin, proto)


@pytest.mark.parametrize("hops", [0, 1])
async def test_forged_forwarded_host_is_ignored(start_server: StartServer, hops: int) -> None:
    """X-Forwarded-Host never makes a foreign page ours, neither with nor without proxies."""
    ada = await Api((await start_server(trust_proxy=hops)).url).sign_up("ada")
    headers = {"Origin": "http://evil.example.org", "X-Forwarded-Host": "evil.example.org"}

    assert await signed_in_by_cookie(ada, await ada.new_session(), headers) == {"bad_origin"}
