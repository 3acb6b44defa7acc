"""Tests the transports of Engine.IO: origins, sizes and malformed requests."""

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError

from tests.api import Api
from tests.handlers.clients import code_of
from tests.raw_events import HANDSHAKE, RawEvents


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://app.example", True), ("https://evil.example", False)]
)
async def test_polling_answers_cors_for_allowed_origins_only(
    start_server, method: str, origin: str, allowed: bool
) -> None:
    """Only pages of origins in CORS_ORIGIN may use the polling transport."""
    server = await start_server(cors_origin="https://app.example")

    answer = await Api(server.url).request(method, HANDSHAKE, headers={"Origin": origin})

    assert answer.status == (200 if method == "GET" else 204)
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert answer.headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
    assert (answer.headers.get("Access-Control-Allow-Methods") is not None) == (
        allowed and method == "OPTIONS"
    )


async def test_body_over_limit_is_refused(server, ada: Api) -> None:
    handshake = await ada.get(HANDSHAKE)
    sid = json.loads(handshake.body[1:])["sid"]

    answer = await ada.request(
        "POST", f"{HANDSHAKE}&sid={sid}", raw=b"4" * (server.parts.config.max_sync_bytes + 1)
    )

    assert code_of(answer) == (413, "too_large")


async def test_packets_of_one_request_are_handled_in_order(ada: Api) -> None:
    """All packets of one request are handled in order."""
    session_id = await ada.new_session()
    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
    texts = ["".join(chr(97 + n % 26) for n in range(number)) for number in range(60)]
    packets = ["40" + json.dumps({"token": ada.token}), f'42["join-session","{session_id}"]']
    packets += [
        "42" + json.dumps(["code-change", {"sessionId": session_id, "code": text}])
        for text in texts
    ]

    answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw="\x1e".join(packets).encode())

    assert answer.status == 200
    assert (await ada.live(session_id))["code"] == texts[-1]


@pytest.mark.parametrize("is_polling", [True, False])
async def test_client_is_not_closed_while_its_packet_waits_for_its_turn(
    server, ada: Api, is_polling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that was slowed down cannot answer pings, because its packets are not read."""
    endpoint, is_waiting, may_go_on = server.parts.socketio, asyncio.Event(), asyncio.Event()

    async def admit(*_: object, **__: object) -> None:
        is_waiting.set()
        await may_go_on.wait()

    if is_polling:
        sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
        sign_in = b"40" + json.dumps({"token": ada.token}).encode()
        send = ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=sign_in)
    else:
        send = (await RawEvents.signed_in(ada)).ask("leave-session", "x")
    (socket,) = endpoint.server.eio.sockets.values()
    monkeypatch.setattr(endpoint.clients, "admit", admit)
    sending = asyncio.create_task(send)
    await is_waiting.wait()
    socket.last_ping = 1.0

    assert await socket.check_ping_timeout()
    may_go_on.set()
    await sending
    assert await socket.check_ping_timeout()


async def test_goodbye_of_a_polling_client_is_accepted(ada: Api) -> None:
    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
    await ada.request(
        "POST", f"{HANDSHAKE}&sid={sid}", raw=b"40" + json.dumps({"token": ada.token}).encode()
    )

    answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=b"41\x1e1")

    assert answer.status == 200


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("EIO=3&transport=websocket", b'{"code":5,"message":"Unsupported protocol version"}'),
        ("EIO=3&transport=polling", b'{"code":5,"message":"Unsupported protocol version"}'),
        ("EIO=5&transport=polling", b'{"code":5,"message":"Unsupported protocol version"}'),
        ("transport=polling", b'{"code":5,"message":"Unsupported protocol version"}'),
        ("EIO=4&transport=websocket&sid=unknown", b'{"code":1,"message":"Session ID unknown"}'),
        ("EIO=4&transport=polling&sid=unknown", b'{"code":1,"message":"Session ID unknown"}'),
        ("EIO=4&transport=carrier-pigeon", b'{"code":0,"message":"Transport unknown"}'),
    ],
)
@pytest.mark.parametrize("upgrade", [True, False])
async def test_unusable_handshake_is_answered_as_by_stock_server(
    ada: Api, query: str, refusal: bytes, upgrade: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A malformed handshake gets the answer that Socket.IO's own server gives.

    A request to open a WebSocket gets the same answer, so that an old client can show the reason.
    If the version of the protocol is wrong, the log names the versions that work.
    """
    if upgrade:
        with pytest.raises(HTTPClientError) as caught:
            await RawEvents.open(ada, query)
        assert caught.value.response
        status, body = caught.value.code, caught.value.response.body
    else:
        answer = await ada.get(f"/socket.io/?{query}")
        status, body = answer.status, json.dumps(answer.body, separators=(",", ":")).encode()

    assert (status, body) == (400, refusal)
    noted = [
        record
        for record in caplog.records
        if "clients must be socket.io-client 3 or 4" in record.getMessage()
    ]
    assert len(noted) == (b'"code":5' in refusal)


@pytest.mark.parametrize("sid", ["%ff", "%00", "%ed%a0%80"])
async def test_session_id_of_impossible_bytes_is_refused(ada: Api, sid: str) -> None:
    """A malformed session id is answered with 400."""
    assert (await ada.get(f"{HANDSHAKE}&sid={sid}")).status == 400


@pytest.mark.parametrize(
    "path", ["/socket.io/", "/socket.io/?EIO=3&transport=polling", f"{HANDSHAKE}&sid=x"]
)
async def test_bad_request_is_refused(ada: Api, path: str) -> None:
    assert (await ada.get(path)).status == 400
    assert (await ada.request("POST", path, raw=b"40")).status == 400
    assert (await ada.request("PUT", path, raw=b"40")).status == 405


async def test_bad_body_does_not_harm_the_server(ada: Api) -> None:
    """A malformed body may end its connection, but does not affect the server."""
    for raw in (b"\xff\xfe", b"x", b"4\x1e", b"b!!!", b""):
        sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
        answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=raw)
        assert answer.status in (200, 400)
    assert (await ada.get("/healthz")).status == 200
