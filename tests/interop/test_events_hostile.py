"""Socket.IO clients that are not stock: signing in, origins, limits, and packets that no client sends."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import crdt.room.room
import handlers.socketio.client
import handlers.socketio.events
import handlers.socketio.server
from collab_server.server import Server
from crdt.errors import CrdtError
from handlers.socketio.endpoint import SocketIOEndpoint
from storage.errors import StoreUnavailable
from tests.api import PASSWORD, Api
from tests.conftest import StartServer
from tests.handlers.clients import code_of
from tests.handlers.test_access import WHO, World
from tests.interop.text_clients import BOTH, POLLING, WEBSOCKET, TextPeer
from tests.node_peers import Peers, until
from tests.raw_events import RawEvents

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture
async def start_server(start_server: StartServer) -> AsyncIterator[StartServer]:
    """Servers of which, in the end, every connection is counted off."""
    running: list[Server] = []

    async def start(**settings: Any) -> Server:
        running.append(await start_server(**settings))
        return running[-1]

    yield start
    for server in running:
        endpoint = server.parts.socketio
        for key in list(endpoint.server.eio.sockets):
            endpoint.server.drop(key)

        async def left(server: Server = server, endpoint: SocketIOEndpoint = endpoint) -> tuple[int, int, int]:
            return server.parts.services.sockets.open, *endpoint.clients.counts

        await until(left, lambda found: found == (0, 0, 0))


async def joined(api: Api, session_id: str) -> RawEvents:
    raw = await RawEvents.signed_in(api)
    assert (await raw.ask("join-session", session_id))["ok"]
    return raw


# -- signing in -----------------------------------------------------------------------------------


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
async def test_signing_in_by_headers(
    peers: Peers, ada: Api, transports: list[str], headers: dict[str, str], refused: str | None
) -> None:
    """A header, or the cookie unless a page of another site sends it."""
    filled = {name: value.format(token=ada.token, url=ada.url) for name, value in headers.items()}

    answer = await peers.do("eventsConnect", "a", url=ada.url, transports=transports, headers=filled)
    await peers.do("eventsClose", "a")

    assert (answer.get("data") or {}).get("code") == refused
    assert answer["ok"] == (refused is None)


async def test_signing_in_by_token(ada: Api) -> None:
    """`auth.token` is good from any origin."""
    raw = await RawEvents.open(ada, headers={"Origin": "https://elsewhere.example"})

    assert (await raw.sign_in({"token": ada.token}))[0] == "40"


@pytest.mark.parametrize(
    "auth", [{"token": "x"}, {"token": 5}, {"token": ""}, [], "x", {}, None, {"token": "x" * 5_000}]
)
async def test_bad_tokens(ada: Api, auth: object) -> None:
    raw = await RawEvents.open(ada)

    kind, told = await raw.sign_in(auth)

    assert (kind, told["data"]["code"]) == ("44", "not_signed_in")


async def test_a_login_that_has_ended(ada: Api) -> None:
    assert (await ada.post("/user/logout")).status in (200, 204)
    raw = await RawEvents.open(ada)

    kind, told = await raw.sign_in({"token": ada.token})

    assert (kind, told["data"]["code"]) == ("44", "not_signed_in")


async def test_a_new_password(ada: Api) -> None:
    """Whoever changes it stays in the session, and may join others on the same connection."""
    first, second = await ada.new_session(), await ada.new_session()
    raw = await joined(ada, first)

    body = {"currentPassword": PASSWORD, "newPassword": "another good one"}
    assert (await ada.post("/user/password", body)).status == 200

    assert (await raw.ask("code-change", {"sessionId": first, "code": "x"})) == {"ok": True}
    assert (await raw.ask("send-message", {"sessionId": first, "message": "x"}))["ok"]
    assert (await raw.ask("join-session", second))["ok"]


async def test_nobody_signs_in(start_server) -> None:
    """A connection on which nobody signs in is closed."""
    server = await start_server(sign_in_s=0.1)

    await (await RawEvents.open(Api(server.url))).until_closed()

    assert server.parts.services.reached["sign_in_s"] == 1


async def test_the_store_is_away(peers: Peers, server, ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock clients come back until it is there again."""
    store, failures = server.parts.services.store, iter(range(2))
    signed_in = store.signed_in

    async def fail_first(*arguments: object) -> object:
        if next(failures, None) is not None:
            raise StoreUnavailable("away")
        return await signed_in(*arguments)

    monkeypatch.setattr(store, "signed_in", fail_first)

    peer = await TextPeer.connect(peers, ada, "a", WEBSOCKET, keepTrying=True)
    await peer.until(connects=1)
    await peer.do("Close")


# -- origins --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(("origin", "allowed"), [("https://app.example", True), ("https://evil.example", False)])
async def test_cors(start_server, method: str, origin: str, allowed: bool) -> None:
    """The polling transport may be used from the origins of CORS_ORIGIN."""
    server = await start_server(cors_origin="https://app.example")

    answer = await Api(server.url).request(method, HANDSHAKE, headers={"Origin": origin})

    assert answer.status == (200 if method == "GET" else 204)
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert answer.headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
    assert (answer.headers.get("Access-Control-Allow-Methods") is not None) == (allowed and method == "OPTIONS")


async def test_from_another_origin(peers: Peers, start_server) -> None:
    """A page of an allowed origin, signed in by cookie."""
    server = await start_server(cors_origin="https://app.example")
    ada = await Api(server.url).sign_up("ada")
    headers = {"Origin": "https://app.example", "Cookie": f"accessToken={ada.token}"}

    for transports in (POLLING, WEBSOCKET, BOTH):
        answer = await peers.do("eventsConnect", "a", url=ada.url, transports=transports, headers=headers)
        await peers.do("eventsClose", "a")
        assert answer["ok"]


# -- who may do what ------------------------------------------------------------------------------

ACCESS = {
    "link": {
        "join-session": ("not_signed_in", "ok", "forbidden", "removed", "ok", "ok", "ok"),
        "code-change": ("not_signed_in", "forbidden", "not_joined", "not_joined", "forbidden", "ok", "ok"),
        "send-message": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
        "typing": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
        "stop-typing": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
        "leave-session": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
    },
    "invite": {"join-session": ("not_signed_in", "not_found", "not_found", "removed", "ok", "ok", "ok")},
    "ended": {
        "code-change": ("not_signed_in", "session_ended", "not_joined", "not_joined", *("session_ended",) * 3),
        "send-message": ("not_signed_in", "session_ended", "not_joined", "not_joined", *("session_ended",) * 3),
    },
}
"""What each is acknowledged, in the order of WHO; the stranger becomes a viewer by the link."""


@pytest.mark.parametrize("kind", ACCESS)
async def test_access(server, kind: str) -> None:
    assert set(server.parts.socketio.events.names) == set(ACCESS["link"])
    fields = {"link": {}, "invite": {"access": "invite"}, "ended": {"status": "ended"}}[kind]
    for event, expected in ACCESS[kind].items():
        world = await World.make(server.url, prefix=event.replace("-", "")[:8] + kind)
        session_id = await world.session(**fields)
        found = []
        for who in WHO:
            raw = await RawEvents.open(world.clients[who])
            kind_of_answer, told = await raw.sign_in({"token": world.clients[who].token})
            if kind_of_answer == "44":
                found.append(told["data"]["code"])
                continue
            if event != "join-session":
                await raw.ask("join-session", session_id)
            answer = await raw.ask(event, {"sessionId": session_id, "code": who, "message": who})
            found.append("ok" if answer["ok"] else answer["error"]["code"])
        assert tuple(found) == expected, event


# -- events that are wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "arguments", "code", "named"),
    [
        ("nonsense", [], "unknown_event", None),
        ("connect", [{}], "unknown_event", None),
        ("disconnect", [], "unknown_event", None),
        ("error-message", [{}], "unknown_event", None),
        (5, [], "unknown_event", None),
        ("join-session", [], "invalid", "sessionId"),
        ("join-session", [5], "invalid", "payload"),
        ("join-session", [None], "invalid", "payload"),
        ("join-session", [{"sessionId": 5}], "invalid", "sessionId"),
        ("join-session", [""], "invalid", "sessionId"),
        ("join-session", ["x" * 65], "invalid", "sessionId"),
        ("join-session", ["0000000000000000"], "not_found", None),
        ("code-change", [{"code": "x"}], "invalid", "sessionId"),
        ("code-change", [{"sessionId": "{id}"}], "invalid", "code"),
        ("code-change", [{"sessionId": "{id}", "code": ["x"]}], "invalid", "code"),
        ("code-change", [{"sessionId": "{id}", "code": "a\0b"}], "invalid", "code"),
        ("code-change", [{"sessionId": "0000000000000000", "code": "x"}], "not_joined", None),
        ("send-message", [{"sessionId": "{id}", "message": " "}], "invalid", "message"),
        ("send-message", [{"sessionId": "{id}", "message": "x" * 4_001}], "invalid", "message"),
        ("send-message", [{"sessionId": "{id}"}], "invalid", "message"),
        ("typing", ["0000000000000000"], "not_joined", None),
    ],
)
async def test_bad_events(ada: Api, event: object, arguments: list, code: str, named: str | None) -> None:
    """The error is acknowledged and told, by name; the connection lives."""
    session_id = await ada.new_session(code="x")
    raw = await joined(ada, session_id)
    filled = json.loads(json.dumps(arguments).replace("{id}", session_id))

    answer = await raw.ask(event, *filled)

    assert (answer["ok"], answer["error"]["code"]) == (False, code)
    assert answer["error"]["message"]
    assert list(answer["error"].get("errors", {})) == ([named] if named else [])
    assert raw.errors() == [code]
    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "xy"})) == {"ok": True}


async def test_fields_that_nobody_knows(ada: Api) -> None:
    """Front ends send more than is asked for."""
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    assert (await raw.ask("send-message", {"sessionId": session_id, "message": "x", "time": 5, "sender": {}}))["ok"]


async def test_half_a_character(ada: Api) -> None:
    """Half a surrogate pair becomes U+FFFD; nothing breaks."""
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    await raw.send(f'420["code-change",{{"sessionId":"{session_id}","code":"a\\ud83d b \\ud83d\\ude00"}}]')
    await raw.until("430[")

    assert (await ada.live(session_id))["code"] == "a\ufffd b 😀"


async def test_something_unforeseen(ada: Api, monkeypatch: pytest.MonkeyPatch, expect_log) -> None:
    """An acknowledgement comes all the same."""
    expect_log("ERROR handlers.socketio.events: an event failed")
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(handlers.socketio.events, "send_message", fail)
    answer = await raw.ask("send-message", {"sessionId": session_id, "message": "x"})

    assert answer["error"]["code"] == "internal"
    assert (await raw.ask("typing", session_id)) == {"ok": True}


async def test_an_edit_that_is_refused(ada: Api, monkeypatch: pytest.MonkeyPatch, expect_log) -> None:
    expect_log("ERROR handlers.socketio.events: an event failed")
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    def refuse(*_: object) -> None:
        raise CrdtError("refused")

    monkeypatch.setattr(crdt.room.room.Room, "edit", refuse)

    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "x"}))["error"]["code"] == "malformed"


# -- limits ---------------------------------------------------------------------------------------


async def test_too_large(server, ada: Api) -> None:
    """Code at the limit is taken; above it an error says so; a message beyond all bounds ends the connection."""
    limit = server.parts.config.max_text_bytes
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "x" * limit})) == {"ok": True}
    answer = await raw.ask("code-change", {"sessionId": session_id, "code": "x" * (limit + 1)})
    assert answer["error"]["code"] == "too_large"
    assert str(limit) in answer["error"]["message"]
    assert (await raw.ask("typing", session_id)) == {"ok": True}
    await raw.send("42" + json.dumps(["code-change", {"code": "x" * server.parts.config.max_sync_bytes}]))
    await raw.until_closed()

    assert (await ada.live(session_id))["code"] == "x" * limit


async def test_bodies_that_are_too_large(server, ada: Api) -> None:
    handshake = await ada.get(HANDSHAKE)
    sid = json.loads(handshake.body[1:])["sid"]

    answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=b"4" * (server.parts.config.max_sync_bytes + 1))

    assert code_of(answer) == (413, "too_large")


async def test_the_document_is_full(start_server) -> None:
    """The client keeps what it shows, so that nothing typed is lost, and can make it smaller."""
    server = await start_server(max_text_bytes=100)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="é" * 40)
    raw = await joined(ada, session_id)

    answer = await raw.ask("code-change", {"sessionId": session_id, "code": "é" * 60})

    assert answer["error"]["code"] == "too_large"
    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "é" * 45})) == {"ok": True}
    assert (await ada.live(session_id))["code"] == "é" * 45
    raw.close()


async def test_too_many_messages(start_server) -> None:
    server = await start_server(messages_per_10s=2)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    answers = [await raw.ask("send-message", {"sessionId": session_id, "message": "x"}) for _ in range(5)]

    assert [answer["ok"] for answer in answers] == [True] * 4 + [False]
    assert answers[-1]["error"]["code"] == "rate_limited"
    raw.close()


async def test_too_fast(start_server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is slowed down, then told so; nothing of it is dropped."""
    monkeypatch.setattr(handlers.socketio.client, "_OVER_S", 0.3)
    server = await start_server(updates_per_s=20, updates_burst=10)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)
    began = asyncio.get_running_loop().time()

    for number in range(30):
        await raw.send(f'42{number}["code-change",{{"sessionId":"{session_id}","code":"{"x" * number}"}}]')
    await raw.until("4329[")

    assert asyncio.get_running_loop().time() - began > 0.8
    assert "rate_limited" in raw.errors()
    assert (await ada.live(session_id))["code"] == "x" * 29
    assert server.parts.services.sockets.slowed > 10
    raw.close()


async def test_much_before_signing_in(ada: Api) -> None:
    """Who has not signed in has no reason to send much: over WebSocket, and by polling."""
    raw = await RawEvents.open(ada)
    await raw.send("42" + "x" * (17 << 10))
    await raw.until_closed()

    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
    await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=b"4" + b"x" * (17 << 10))
    assert (await ada.get(f"{HANDSHAKE}&sid={sid}")).status == 400


async def test_junk_counts_by_its_size(start_server) -> None:
    """Whatever it is that is sent: its bytes are counted before anything reads them."""
    server = await start_server(update_bytes_per_s=1 << 20)
    ada = await Api(server.url).sign_up("ada")
    raw = await joined(ada, await ada.new_session())

    for _ in range(5):
        await raw.send("42" + json.dumps(["nonsense", "x" * (2 << 20)]))
    for _ in range(5):
        await raw.until_event("error-message")

    assert raw.errors() == ["unknown_event"] * 5
    assert server.parts.services.sockets.slowed >= 1
    raw.close()


async def test_typing_as_fast_as_can_be(ada: Api, bob: Api) -> None:
    """Others are told a few times a second at most, and in the end what is true."""
    session_id = await ada.new_session()
    raw, other = await joined(ada, session_id), await joined(bob, session_id)
    began = asyncio.get_running_loop().time()

    for _ in range(100):
        await raw.ask("typing", session_id)
        await raw.ask("stop-typing", session_id)
    await raw.ask("typing", session_id)
    lasted = asyncio.get_running_loop().time() - began
    assert (await other.ask("send-message", {"sessionId": session_id, "message": "x"}))["ok"]
    while [event[0] for event in other.events if "typing" in event[0]][-1] != "user-typing":
        await other.until_event("user-typing")

    told = [event for event in other.events if event[0] in ("typing", "stop-typing")]
    assert len(told) <= 4 + 10 * lasted


async def test_too_many_connections(start_server) -> None:
    """The limits of `/sync`: of a user in a session, of an address, shared with it."""
    server = await start_server(connections_per_user=2, connections_per_address=4)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    wire = await ada.connect(session_id)
    await wire.receive_until(b"\x00\x00")
    first = await joined(ada, session_id)
    second, third = await RawEvents.signed_in(ada), await RawEvents.signed_in(ada)

    assert (await second.ask("join-session", session_id))["error"]["code"] == "too_many"
    refused = await ada.get(HANDSHAKE)
    assert refused.status == 401
    await (await RawEvents.open(ada)).until_closed()
    first.close()
    await until(lambda: second.ask("join-session", session_id), lambda answer: answer["ok"])
    for one in (wire, second, third):
        one.close()


async def test_a_client_that_does_not_read(start_server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is dropped; others are not held up."""
    monkeypatch.setattr(handlers.socketio.server, "_MAX_QUEUED", 20)
    server = await start_server()
    ada, bob = await Api(server.url).sign_up("ada"), await Api(server.url).sign_up("bob")
    session_id = await ada.new_session()
    handshake = await ada.get(HANDSHAKE)  # a client of the polling transport that never asks again
    sid = json.loads(handshake.body[1:])["sid"]
    for packet in ("40" + json.dumps({"token": ada.token}), f'42["join-session","{session_id}"]'):
        assert (await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=packet.encode())).status == 200
    other = await joined(bob, session_id)

    for _ in range(40):
        assert (await other.ask("send-message", {"sessionId": session_id, "message": "x"}))["ok"]

    async def online() -> frozenset[str]:
        return server.parts.services.rooms.online(session_id)

    await until(online, lambda users: users == {bob.user["id"]})
    assert (await ada.get(f"{HANDSHAKE}&sid={sid}")).status == 400
    other.close()


# -- packets that are wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "packet",
    [
        "42{}", "42[]", "42", "42[", "4", "49", f"42{'[' * 5_000}", "42nan", '40{"x":1}', "44", "4x",
        f"42[{'9' * 5_000}]",
    ],
)  # fmt: skip
async def test_malformed_packets(ada: Api, packet: str) -> None:
    """Who sends one is dropped; others go on."""
    session_id = await ada.new_session()
    other = await joined(ada, session_id)
    raw = await joined(ada, session_id)

    await raw.send(packet)

    await raw.until_closed()
    assert (await other.ask("typing", session_id)) == {"ok": True}


@pytest.mark.parametrize("packet", ["x", "7", "", "3", "43[1]", "437[1]", "6", "5"])
async def test_odd_packets(ada: Api, packet: str) -> None:
    """Unknown ones, answers to nothing: whatever comes of it, the server goes on."""
    session_id = await ada.new_session()
    raw, other = await joined(ada, session_id), await joined(ada, session_id)

    await raw.send(packet)

    assert (await other.ask("typing", session_id)) == {"ok": True}


async def test_binary_events(ada: Api) -> None:
    """There are none: attachments are not even kept."""
    session_id = await ada.new_session()
    raw = await joined(ada, session_id)

    await raw.send(f'451-["code-change",{{"sessionId":"{session_id}","code":{{"_placeholder":true,"num":0}}}}]')
    await raw.send(b"x" * 1_000)

    assert (await raw.ask("typing", session_id)) == {"ok": True}
    assert raw.errors() == ["invalid"]


async def test_many_packets_in_one_request(ada: Api) -> None:
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
async def test_refused_sockets_are_closed(ada: Api, query: str) -> None:
    raw = await RawEvents.open(ada, query)

    await raw.until_closed()


@pytest.mark.parametrize("path", ["/socket.io/", "/socket.io/?EIO=3&transport=polling", f"{HANDSHAKE}&sid=x"])
async def test_bad_requests(ada: Api, path: str) -> None:
    assert (await ada.get(path)).status == 400
    assert (await ada.request("POST", path, raw=b"40")).status == 400
    assert (await ada.request("PUT", path, raw=b"40")).status == 405


async def test_bad_bodies(ada: Api) -> None:
    """The connection is ended, not the server."""
    for raw in (b"\xff\xfe", b"x", b"4\x1e", b"b!!!", b""):
        sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
        answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=raw)
        assert answer.status in (200, 400)
    assert (await ada.get("/healthz")).status == 200
