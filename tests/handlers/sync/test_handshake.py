"""Tests the WebSocket handshake: how a client signs in, and which pages may use cookies."""

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from harness.wire import SYNC_STEP1
from tests.api import Api, Wire


async def upgraded(api: Api, session_id: str, **headers: str) -> Wire:
    """Connect with headers only, like a browser."""
    request = HTTPRequest(
        f"{api.socket_url}/{session_id}",
        headers={k.replace("_", "-"): v for k, v in headers.items()},
    )
    return Wire(await websocket_connect(request))


async def test_sign_in_accepts_query_sub_protocol_bearer_and_cookie(ada: Api) -> None:
    """A client can sign in by query, sub-protocol, bearer header or the cookie of an own page.

    The query may follow a second question mark.
    """
    session_id = await ada.new_session()
    cookie = f"accessToken={ada.token}"

    for wire in (
        await ada.connect(session_id),
        await ada.connect(session_id, "?x=1"),
        await ada.connect(session_id.upper()[:8] + "-" + session_id[8:].replace("0", "o")),
        await upgraded(ada, session_id, Authorization=f"Bearer {ada.token}"),
        await upgraded(ada, session_id, Cookie=cookie, Origin=ada.url),
        await upgraded(ada, session_id, Cookie=cookie, Sec_Fetch_Site="same-origin"),
        Wire(
            await websocket_connect(
                f"{ada.socket_url}/{session_id}", subprotocols=["access_token", str(ada.token)]
            )
        ),
    ):
        await wire.receive_until(SYNC_STEP1)
        wire.close()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
    ids=["none", "other", "null", "cross-site"],
)
async def test_cookie_of_other_page_is_refused(ada: Api, headers: dict[str, str]) -> None:
    """A cookie from a page of another origin is refused before a socket is opened."""
    session_id = await ada.new_session()

    with pytest.raises(HTTPClientError) as caught:
        await upgraded(ada, session_id, Cookie=f"accessToken={ada.token}", **headers)

    assert caught.value.code == 403


async def test_cookie_of_page_in_cors_origin_is_accepted(start_server) -> None:
    """A page of an origin in CORS_ORIGIN may use the cookie."""
    server = await start_server(cors_origin="https://editor.example")
    ada = await Api(server.url).sign_up()

    wire = await upgraded(
        ada,
        await ada.new_session(),
        Cookie=f"accessToken={ada.token}",
        Origin="https://editor.example",
    )

    await wire.receive_until(SYNC_STEP1)
