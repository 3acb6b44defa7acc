"""Engine.IO's transports: origins, sizes and requests that are wrong."""

import json

import pytest

from tests.api import Api
from tests.handlers.clients import code_of
from tests.raw_events import HANDSHAKE, RawEvents


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(("origin", "allowed"), [("https://app.example", True), ("https://evil.example", False)])
async def test_polling_answers_cors_for_allowed_origins_only(
    start_server, method: str, origin: str, allowed: bool
) -> None:
    """The polling transport may be used from the origins of CORS_ORIGIN."""
    server = await start_server(cors_origin="https://app.example")

    answer = await Api(server.url).request(method, HANDSHAKE, headers={"Origin": origin})

    assert answer.status == (200 if method == "GET" else 204)
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert answer.headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
    assert (answer.headers.get("Access-Control-Allow-Methods") is not None) == (allowed and method == "OPTIONS")


async def test_body_over_limit_is_refused(server, ada: Api) -> None:
    handshake = await ada.get(HANDSHAKE)
    sid = json.loads(handshake.body[1:])["sid"]

    answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=b"4" * (server.parts.config.max_sync_bytes + 1))

    assert code_of(answer) == (413, "too_large")


async def test_packets_of_one_request_are_handled_in_order(ada: Api) -> None:
    """All are handled, in order."""
    session_id = await ada.new_session()
    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
    texts = ["".join(chr(97 + n % 26) for n in range(number)) for number in range(60)]
    packets = ["40" + json.dumps({"token": ada.token}), f'42["join-session","{session_id}"]']
    packets += ["42" + json.dumps(["code-change", {"sessionId": session_id, "code": text}]) for text in texts]

    answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw="\x1e".join(packets).encode())

    assert answer.status == 200
    assert (await ada.live(session_id))["code"] == texts[-1]


@pytest.mark.parametrize(
    "query", ["EIO=4&transport=websocket&sid=unknown", "EIO=3&transport=websocket", "EIO=4&transport=carrier-pigeon"]
)
async def test_refused_websocket_is_closed(ada: Api, query: str) -> None:
    raw = await RawEvents.open(ada, query)

    await raw.until_closed()


@pytest.mark.parametrize("path", ["/socket.io/", "/socket.io/?EIO=3&transport=polling", f"{HANDSHAKE}&sid=x"])
async def test_bad_request_is_refused(ada: Api, path: str) -> None:
    assert (await ada.get(path)).status == 400
    assert (await ada.request("POST", path, raw=b"40")).status == 400
    assert (await ada.request("PUT", path, raw=b"40")).status == 405


async def test_bad_body_does_not_harm_the_server(ada: Api) -> None:
    """The connection is ended, not the server."""
    for raw in (b"\xff\xfe", b"x", b"4\x1e", b"b!!!", b""):
        sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
        answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=raw)
        assert answer.status in (200, 400)
    assert (await ada.get("/healthz")).status == 200
