"""Connections before and after somebody signs in on them: limits, time-outs, and a store that is away."""

import json

import pytest

from storage.errors import StoreUnavailable
from tests.api import Api
from tests.interop.text_clients import WEBSOCKET, TextPeer
from tests.node_peers import Peers
from tests.raw_events import HANDSHAKE, RawEvents
from tests.waiting import until


async def test_connection_without_sign_in_is_closed(start_server) -> None:
    """A connection on which nobody signs in is closed."""
    server = await start_server(sign_in_s=0.1)

    await (await RawEvents.open(Api(server.url))).until_closed()

    assert server.parts.services.limit_counters["sign_in_s"] == 1


async def test_sign_in_while_store_is_away_is_retried(
    peers: Peers, server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
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


async def test_large_message_before_sign_in_drops_client(ada: Api) -> None:
    """Who has not signed in has no reason to send much: over WebSocket, and by polling."""
    raw = await RawEvents.open(ada)
    await raw.send("42" + "x" * (17 << 10))
    await raw.until_closed()

    sid = json.loads((await ada.get(HANDSHAKE)).body[1:])["sid"]
    await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=b"4" + b"x" * (17 << 10))
    assert (await ada.get(f"{HANDSHAKE}&sid={sid}")).status == 400


async def test_junk_is_counted_by_its_bytes(start_server) -> None:
    """Whatever it is that is sent: its bytes are counted before anything reads them."""
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
    """The limits of `/sync`: of a user in a session, of an address, shared with it."""
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
    for one in (wire, second, third):
        one.close()
