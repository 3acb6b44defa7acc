"""The endpoint itself: who gets in and how, and what happens at its limits."""

import asyncio
import socket

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from crdt.wire import y_protocol
from handlers import connections, join_queue
from handlers.sync import rate_gate
from harness.wire import SYNC_STEP1
from tests.api import Api, Wire
from tests.crdt.harness import Typist
from tests.raw_frames import handshake
from tests.waiting import PATIENCE_S, until


async def joined(api: Api, session_id: str, query: str = "") -> Wire:
    wire = await api.connect(session_id, query)
    await wire.receive_until(SYNC_STEP1)
    return wire


async def upgraded(api: Api, session_id: str, **headers: str) -> Wire:
    """Connect with headers only, as a browser does."""
    request = HTTPRequest(
        f"{api.socket_url}/{session_id}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return Wire(await websocket_connect(request))


async def test_ways_to_sign_in(ada: Api) -> None:
    """Query (also behind a second question mark), sub-protocol, bearer header, cookie of an own page."""
    session_id = await ada.new_session()
    cookie = f"accessToken={ada.token}"

    for wire in (
        await ada.connect(session_id),
        await ada.connect(session_id, "?x=1"),
        await ada.connect(session_id.upper()[:8] + "-" + session_id[8:].replace("0", "o")),
        await upgraded(ada, session_id, Authorization=f"Bearer {ada.token}"),
        await upgraded(ada, session_id, Cookie=cookie, Origin=ada.url),
        await upgraded(ada, session_id, Cookie=cookie, Sec_Fetch_Site="same-origin"),
        Wire(await websocket_connect(f"{ada.socket_url}/{session_id}", subprotocols=["access_token", str(ada.token)])),
    ):
        await wire.receive_until(SYNC_STEP1)
        wire.close()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
    ids=["none", "other", "null", "cross-site"],
)
async def test_other_pages_do_not_get_in_by_cookie(ada: Api, headers: dict[str, str]) -> None:
    """A cookie alone speaks for nobody unless the page is ours: refused before anything is opened."""
    session_id = await ada.new_session()

    with pytest.raises(HTTPClientError) as caught:
        await upgraded(ada, session_id, Cookie=f"accessToken={ada.token}", **headers)

    assert caught.value.code == 403


async def test_allowed_origins(start_server) -> None:
    """A page in CORS_ORIGIN may use the cookie."""
    server = await start_server(cors_origin="https://editor.example")
    ada = await Api(server.url).sign_up()

    wire = await upgraded(
        ada, await ada.new_session(), Cookie=f"accessToken={ada.token}", Origin="https://editor.example"
    )

    await wire.receive_until(SYNC_STEP1)


async def test_strangers_to_an_invited_session(ada: Api, bob: Api) -> None:
    """Without link access only members get in; the reason is said before the socket closes."""
    session_id = await ada.new_session(access="invite")
    wire = await bob.connect(session_id)

    code, reason = await wire.until_closed()

    assert code == 4403
    assert '"forbidden"' in reason
    assert wire.seen[0].startswith(b"\x02\x00")


async def test_a_full_session(start_server) -> None:
    """Who would be one member too many is told so."""
    server = await start_server(members=1)
    ada = await Api(server.url).sign_up()
    bob = await ada.sign_up()
    wire = await bob.connect(await ada.new_session())

    assert (await wire.until_closed())[0] == 4403


@pytest.mark.parametrize(
    "limit",
    [{"connections_per_user": 2}, {"connections_per_session": 2}, {"connections_per_address": 2}, {"connections": 2}],
    ids=lambda limit: next(iter(limit)),
)
async def test_connections_at_their_limits(start_server, limit: dict[str, int]) -> None:
    """Two fit, the third is sent away for a while, and fits when one has left."""
    server = await start_server(**limit)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    first, _ = await joined(ada, session_id), await joined(ada, session_id)

    third = await ada.connect(session_id)
    assert (await third.until_closed())[0] == 4529
    first.close()
    await first.until_closed()
    await until(lambda: _open(server), lambda count: count == 1)

    await joined(ada, session_id)


async def _open(server) -> int:
    return server.parts.services.connections.open


async def test_handshakes_at_their_limit(start_server) -> None:
    """Who connects too often has to wait, whatever he connects to."""
    server = await start_server(handshakes_per_min=3)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    for _ in range(3):
        (await joined(ada, session_id)).close()

    fourth = await ada.connect(session_id)

    assert (await fourth.until_closed())[0] == 4529


async def test_ten_get_in_while_twenty_hang_up(start_server, monkeypatch) -> None:
    """A client that is refused or hangs up does not keep its slot in the join queue."""
    monkeypatch.setattr(join_queue, "_MAX_WAIT_S", 1_000)
    server = await start_server()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    for at in range(20):
        hasty = socket.create_connection(("127.0.0.1", server.port))
        hasty.sendall(handshake(session_id, ada.token if at % 2 else "wrong"))
        hasty.close()

    wires = await asyncio.gather(*(joined(ada, session_id) for _ in range(10)))

    assert len(wires) == 10
    await until(lambda: _open(server), lambda count: count == 10)


async def test_messages_at_their_limit(start_server) -> None:
    """A message over the limit is 1009 before it is even complete."""
    server = await start_server(max_sync_bytes=2048, max_update_bytes=2048)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    typist = Typist(5)
    wire = await joined(ada, session_id, "&saved=1")

    await wire.send(y_protocol.sync_update(typist.insert(0, "x" * 2000)))
    await wire.receive_until(b"\x66")
    await wire.send(b"\x00" * 5000)

    assert (await wire.until_closed())[0] == 1009


async def test_a_flooder_is_slowed_and_others_are_not(start_server) -> None:
    """Past the burst a client is not read from; all it sent arrives, later; others go on meanwhile."""
    server = await start_server(updates_per_s=50, updates_burst=20)
    ada = await Api(server.url).sign_up()
    bob = await ada.sign_up()
    session_id = await ada.new_session()
    flooder, other = await joined(ada, session_id, "&saved=1"), await joined(bob, session_id, "&saved=1")
    typist, calm = Typist(5), Typist(6)
    for _ in range(60):
        await flooder.send(y_protocol.sync_update(typist.insert(0, "x")))

    await other.send(y_protocol.sync_update(calm.insert(0, "y")))
    await other.receive_until(y_protocol.saved(1))
    received = len([frame for frame in other.seen if frame.startswith(b"\x00\x02")])
    await flooder.receive_until(y_protocol.saved(60))

    assert received < 60
    assert server.parts.services.connections.slowed > 0
    assert (await ada.live(session_id))["code"].count("x") == 60


async def test_a_flooder_that_goes_on_is_closed(start_server, monkeypatch) -> None:
    """Over the limit for too long: 1008."""
    monkeypatch.setattr(rate_gate, "_MAX_OVER_S", 0.2)
    server = await start_server(updates_per_s=50, updates_burst=5)
    ada = await Api(server.url).sign_up()
    wire = await joined(ada, await ada.new_session())
    typist = Typist(5)

    async def flood() -> None:
        while wire.close_code is None:
            await wire.send(y_protocol.sync_update(typist.insert(0, "x")))

    flooding = asyncio.create_task(flood())
    code, reason = await wire.until_closed()

    assert (code, reason) == (1008, '{"code":"too_fast"}')
    assert server.parts.services.connections.too_fast == 1
    await asyncio.gather(flooding, return_exceptions=True)


async def test_who_does_not_read_is_closed(start_server) -> None:
    """A client that stops reading is closed once its bound is queued; the room does not feel it."""
    server = await start_server(
        max_queued_bytes=65_536, updates_per_s=1e6, updates_burst=1e6, update_bytes_per_s=1 << 30
    )
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    deaf = socket.create_connection(("127.0.0.1", server.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(handshake(session_id, ada.token))
    await until(lambda: _open(server), lambda count: count == 1)
    writer, typist = await joined(ada, session_id, "&saved=1"), Typist(5)
    count = 0

    async def send_until_noticed() -> None:
        nonlocal count
        while not server.parts.services.connections.too_slow:
            await writer.send(y_protocol.sync_update(typist.insert(0, "x" * 5_000)))
            await writer.send(y_protocol.sync_update(typist.delete(0, 5_000)))
            count += 2
            await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE_S):
        await send_until_noticed()
    await writer.receive_until(y_protocol.saved(count))

    assert server.parts.services.connections.too_slow == 1
    deaf.close()


async def test_a_large_document_reaches_a_newcomer(ada: Api, start_server, tmp_path) -> None:
    """A document larger than what may be queued is still sent whole to who joins."""
    server = await start_server(max_queued_bytes=65_536, data_dir=str(tmp_path / "other"))
    owner = await Api(server.url).sign_up()
    session_id = await owner.new_session(code="large\n" * 100_000)
    wire = await joined(owner, session_id)

    await wire.send(b"\x00\x00\x01\x00")
    state = await wire.receive_until(b"\x00\x01")

    assert len(state) > 600_000


async def test_quiet_connections_are_kept_alive(start_server, monkeypatch) -> None:
    """A connection without data gets an empty presence frame."""
    monkeypatch.setattr(connections, "_TICK_S", 0.05)
    monkeypatch.setattr(connections, "_QUIET_S", 0.1)
    server = await start_server()
    ada = await Api(server.url).sign_up()
    wire = await joined(ada, await ada.new_session())

    assert await wire.receive_until(y_protocol.KEEP_ALIVE) == y_protocol.KEEP_ALIVE


async def test_the_store_is_away(start_server, monkeypatch, expect_log) -> None:
    """A room that cannot be loaded is refused with 4503, REST says 503 with Retry-After; then all is well again."""
    from storage.errors import StoreUnavailable
    from storage.sqlite.store import SqliteStore

    server = await start_server()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session(code="kept")

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("made up")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "checkpoint", away)
        patch.setattr(SqliteStore, "ping", away)
        wire = await ada.connect(session_id)
        assert (await wire.until_closed())[0] == 4503
        answer = await ada.get(f"/code/{session_id}/latest?live=true")
        assert (answer.status, answer.body["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
        assert (await ada.get("/readyz")).status == 503

    assert (await ada.live(session_id))["code"] == "kept"


async def test_a_damaged_session_is_out_of_service_alone(server, ada: Api, expect_log) -> None:
    """A stored row that fails its checksum: 4500 and 409 `quarantined` for this session, nothing for others."""
    from storage.records import Chunk, Version, VersionKind

    expect_log("damaged in the store")
    session_id, other = await ada.new_session(), await ada.new_session(code="fine")
    store = server.parts.services.store
    version = Version(
        session_id, 0, 0, {"codemirror": "good"}, "codemirror", "", VersionKind.MANUAL, ada.user["id"], "", (), 1
    )
    await store.add_version(version, 10, 10)
    damaged = Chunk(session_id, 1, 1, b"rubbish", 1)
    await store.append_chunks([damaged])

    wire = await ada.connect(session_id)
    answer = await ada.get(f"/code/{session_id}/latest?live=true")

    assert (await wire.until_closed())[0] == 4500
    assert (answer.status, answer.body["code"]) == (409, "quarantined")
    assert (await ada.get(answer.body["latest"])).body["code"] == "good"
    assert (await ada.live(other))["code"] == "fine"
    assert b"\ncollab_quarantined_sessions 1.0\n" in (await ada.get("/metrics")).body
    assert await store.chunks(session_id, 0, 10) == [damaged], "the raw bytes are kept"


async def test_a_document_that_is_full(start_server) -> None:
    """The edit that would pass the text's limit closes its sender with 4413, for good."""
    server = await start_server(max_text_bytes=1024)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session(code="x" * 1024)
    wire = await joined(ada, session_id)

    await wire.send(y_protocol.sync_update(Typist(5).insert(0, "y")))

    assert (await wire.until_closed())[0] == 4413
    assert (await ada.live(session_id))["code"] == "x" * 1024


async def test_clients_that_leave_early(server, ada: Api) -> None:
    """Connections that end during the handshake leave nothing behind."""
    session_id = await ada.new_session()
    wires = await asyncio.gather(*(ada.connect(session_id) for _ in range(9)))
    for wire in wires:
        wire.close()

    await until(lambda: _open(server), lambda count: count == 0)

    room = server.parts.services.rooms.find(session_id)
    assert room is None or not room.members.connections
