"""Tests the sign-in of Socket.IO clients: by which credentials, and from which origins."""

import pytest

from tests.api import Api
from tests.interop.text_clients import BOTH, POLLING, WEBSOCKET
from tests.node_peers import Peers
from tests.raw_events import RawEvents


@pytest.mark.parametrize("transports", [POLLING, WEBSOCKET], ids=["polling", "websocket"])
@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Authorization": "Bearer {token}"}, None),
        ({"Cookie": "accessToken={token}"}, None),
        ({"Cookie": "accessToken={token}", "Origin": "{url}"}, None),
        ({"Cookie": "accessToken={token}", "Origin": "https://evil.example"}, "bad_origin"),
        ({"Cookie": "accessToken=nonsense"}, "not_signed_in"),
        ({}, "not_signed_in"),
    ],
)
async def test_sign_in_by_header_or_cookie_depends_on_origin(
    peers: Peers, ada: Api, transports: list[str], headers: dict[str, str], refused: str | None
) -> None:
    """A bearer header signs in. A cookie signs in unless a page of another site sends it."""
    filled = {name: value.format(token=ada.token, url=ada.url) for name, value in headers.items()}

    answer = await peers.do(
        "eventsConnect", "a", url=ada.url, transports=transports, headers=filled
    )
    await peers.do("eventsClose", "a")

    assert (answer.get("data") or {}).get("code") == refused
    assert answer["ok"] == (refused is None)


async def test_sign_in_by_token_works_from_any_origin(ada: Api) -> None:
    """A sign-in by `auth.token` works from any origin."""
    raw = await RawEvents.open(ada, headers={"Origin": "https://elsewhere.example"})

    assert (await raw.sign_in({"token": ada.token}))[0] == "40"


@pytest.mark.parametrize(
    "auth", [{"token": "x"}, {"token": 5}, {"token": ""}, [], "x", {}, None, {"token": "x" * 5_000}]
)
async def test_sign_in_with_bad_token_is_refused(ada: Api, auth: object) -> None:
    raw = await RawEvents.open(ada)

    kind, told = await raw.sign_in(auth)

    assert (kind, told["data"]["code"]) == ("44", "not_signed_in")


async def test_sign_in_after_logout_is_refused(ada: Api) -> None:
    assert (await ada.post("/user/logout")).status in (200, 204)
    raw = await RawEvents.open(ada)

    kind, told = await raw.sign_in({"token": ada.token})

    assert (kind, told["data"]["code"]) == ("44", "not_signed_in")


async def test_sign_in_by_cookie_from_allowed_origin_works(peers: Peers, start_server) -> None:
    """A page of an allowed origin can sign in by cookie."""
    server = await start_server(cors_origin="https://app.example")
    ada = await Api(server.url).sign_up("ada")
    headers = {"Origin": "https://app.example", "Cookie": f"accessToken={ada.token}"}

    for transports in (POLLING, WEBSOCKET, BOTH):
        answer = await peers.do(
            "eventsConnect", "a", url=ada.url, transports=transports, headers=headers
        )
        await peers.do("eventsClose", "a")
        assert answer["ok"]
