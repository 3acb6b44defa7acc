"""Tests connections before and after sign-in: limits, time-outs, and an outage of the store."""

import asyncio
import json

import pytest

from storage.errors import StoreUnavailable
from tests.api import Api
from tests.handlers.clients import code_of
from tests.interop.text_clients import WEBSOCKET, TextPeer
from tests.node_peers import Peers
from tests.raw_events import HANDSHAKE, RawEvents
from tests.waiting import until


async def test_connection_without_sign_in_is_closed(start_server) -> None:
    """A connection without a sign-in is closed when the time to sign in is over."""
    server = await start_server(sign_in_s=0.1)

    await (await RawEvents.open(Api(server.url))).until_closed()

    assert server.parts.services.limit_counters["sign_in_s"] == 1


async def test_connection_whose_sign_in_waits_for_its_turn_stays_open(
    start_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection stays open if its sign-in waits for a turn longer than the time to sign in."""
    server = await start_server(sign_in_s=1)
    ada = await Api(server.url).sign_up("ada")
    raw, turn = await RawEvents.open(ada), asyncio.Event()

    async def passes(_: str) -> bool:
        return await turn.wait()

    monkeypatch.setattr(server.parts.services.strangers, "passes", passes)
    signing_in = asyncio.create_task(raw.sign_in({"token": ada.token}))
    await asyncio.sleep(1.2)
    turn.set()

    assert (await signing_in)[0] == "40"
    assert not server.parts.services.limit_counters["sign_in_s"]


async def test_sign_in_while_store_is_away_is_retried(
    peers: Peers, server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in that fails during an outage of the store is repeated by stock clients."""
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


async def test_large_message_before_sign_in_drops_client(ada: Api) -> None:
    """A large message before the sign-in ends the connection, over WebSocket and by polling."""
    raw = await RawEvents.open(ada)
    await raw.send("42" + "x" * (17 << 10))
    await raw.until_closed()

    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
    answer = await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=b"4" + b"x" * (17 << 10))
    assert code_of(answer) == (413, "too_large")
    assert (await ada.get(f"{HANDSHAKE}&sid={sid}")).status == 400


async def test_junk_is_counted_by_its_bytes(start_server) -> None:
    """The server counts all bytes that a client sends before it parses them."""
    server = await start_server(update_bytes_per_s=1 << 20)
    ada = await Api(server.url).sign_up("ada")
    raw = await RawEvents.joined(ada, await ada.new_session())

    for _ in range(5):
        await raw.send("42" + json.dumps(["nonsense", "x" * (2 << 20)]))
    for _ in range(5):
        await raw.until_event("error-message")

    assert raw.errors() == ["unknown_event"] * 5
    assert server.parts.services.connections.slowed >= 1
    raw.close()


async def test_connections_over_limit_are_refused(start_server) -> None:
    """Socket.IO connections count for the limits of a user and an address together with `/sync`."""
    server = await start_server(connections_per_user=2, connections_per_address=4)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    wire = await ada.connect(session_id)
    await wire.receive_until(b"\x00\x00")
    first = await RawEvents.joined(ada, session_id)
    second, third = await RawEvents.signed_in(ada), await RawEvents.signed_in(ada)

    assert (await second.ask("join-session", session_id))["error"]["code"] == "too_many"
    refused = await ada.get(HANDSHAKE)
    assert refused.status == 401
    await (await RawEvents.open(ada)).until_closed()
    first.close()
    await until(lambda: second.ask("join-session", session_id), lambda answer: answer["ok"])
    for client in (wire, second, third):
        client.close()


STRANGERS_PACKETS = {
    "pongs": "3",
    "events": '42["x"]',
    "events with a long id": "42" + "9" * 90 + '["x"]',
    "events that are deep": '42["x",' + "[" * 5_000,
    "binary events": '451-["x",{"_placeholder":true,"num":0}]',
    "acknowledgements": "431[]",
    "content in base64": "bAAAA",
    "wrong tokens": '40{"token":"x"}',
    "upgrades": "5",
}


@pytest.mark.parametrize("kind", STRANGERS_PACKETS)
async def test_stranger_may_send_one_packet_in_a_request(server, ada: Api, kind: str) -> None:
    """A second packet in one request ends the connection of a client that is not signed in."""
    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]

    answer = await ada.request(
        "POST", f"{HANDSHAKE}&sid={sid}", raw="\x1e".join([STRANGERS_PACKETS[kind]] * 2).encode()
    )

    # A malformed packet ends the connection before the second packet is read.
    assert answer.status == (200 if "deep" in kind else 400)
    await until(lambda: _open_sockets(server), lambda count: count == 0)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@pytest.mark.parametrize("kind", STRANGERS_PACKETS)
async def test_each_packet_of_stranger_takes_a_turn(
    server, ada: Api, monkeypatch: pytest.MonkeyPatch, transport: str, kind: str
) -> None:
    """Each packet before the sign-in waits for a turn of its address, on both transports."""
    turns: list[str] = []

    async def passes(address: str) -> bool:
        turns.append(address)
        return True

    monkeypatch.setattr(server.parts.services.strangers, "passes", passes)
    packet = STRANGERS_PACKETS[kind]
    if transport == "polling":
        sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
        await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=packet.encode())
    else:
        raw = await RawEvents.open(ada)
        await raw.send(packet)

    await until(lambda: _value(len(turns)), lambda count: count >= 2)
    assert set(turns) == {"127.0.0.1"}


async def test_client_that_floods_before_sign_in_is_slowed_then_dropped(start_server) -> None:
    server = await start_server(sign_in_s=1)
    ada = await Api(server.url).sign_up("ada")
    raw = await RawEvents.open(ada)

    for _ in range(100):
        await raw.send("3")

    await raw.until_closed()
    assert server.parts.services.connections.slowed > 0


async def test_strangers_over_queue_limit_are_told_to_retry(
    server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def passes(_: str) -> bool:
        return False

    monkeypatch.setattr(server.parts.services.strangers, "passes", passes)

    answer = await ada.get(HANDSHAKE)

    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "packet", ["3", "6", "431[]", '451-["x",{"_placeholder":true,"num":0}]', b"binary"]
)
async def test_packet_that_is_no_event_counts_too(start_server, packet: str | bytes) -> None:
    """Packets that are not events also count for the rate limit of their sender."""
    server = await start_server(updates_per_s=1, updates_burst=4)
    ada = await Api(server.url).sign_up("ada")
    raw = await RawEvents.signed_in(ada)

    for _ in range(20):
        await raw.send(packet)

    async def slowed() -> int:
        return server.parts.services.connections.slowed

    await until(slowed, lambda count: count > 0)
    raw.close()


async def _open_sockets(server) -> int:
    return len(server.parts.socketio.server.eio.sockets)


async def _value(value: int) -> int:
    return value
