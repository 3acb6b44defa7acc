"""Tests which clients may join a room, and the refusals of all others."""

import asyncio
import socket

import pytest

from handlers.throttling import join_queue
from tests.api import Api
from tests.handlers.clients import greeted
from tests.raw_frames import BINARY, connected, handshake, masked, open_connections
from tests.waiting import until


async def test_connection_to_invite_only_session_by_non_member_is_refused(
    ada: Api, bob: Api
) -> None:
    """Without access by link, only members may join. The reason is sent before the close."""
    session_id = await ada.new_session(access="invite")
    wire = await bob.connect(session_id)

    code, reason = await wire.until_closed()

    assert code == 4403
    assert '"forbidden"' in reason
    assert wire.seen[0].startswith(b"\x02\x00")


async def test_connection_to_full_session_is_refused(start_server) -> None:
    """A user who would exceed the limit of members is refused with 4403."""
    server = await start_server(members=1)
    ada = await Api(server.url).sign_up()
    bob = await ada.sign_up()
    wire = await bob.connect(await ada.new_session())

    assert (await wire.until_closed())[0] == 4403


@pytest.mark.parametrize(
    "limit",
    [
        {"connections_per_user": 2},
        {"connections_per_session": 2},
        {"connections_per_address": 2},
        {"connections": 2},
    ],
    ids=lambda limit: next(iter(limit)),
)
async def test_connections_over_limit_are_refused_until_one_leaves(
    start_server, limit: dict[str, int]
) -> None:
    """A third connection is refused with 4529 until one of the first two has left."""
    server = await start_server(**limit)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    first, _ = await greeted(ada, session_id), await greeted(ada, session_id)

    third = await ada.connect(session_id)
    assert (await third.until_closed())[0] == 4529
    first.close()
    await first.until_closed()
    await until(lambda: open_connections(server), lambda count: count == 1)

    await greeted(ada, session_id)


async def test_handshakes_over_rate_limit_are_refused(start_server) -> None:
    """A user who connects too often must wait, for any session."""
    server = await start_server(handshakes_per_min=3)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    for _ in range(3):
        (await greeted(ada, session_id)).close()

    fourth = await ada.connect(session_id)

    assert (await fourth.until_closed())[0] == 4529


async def test_clients_that_hang_up_free_their_slot_in_join_queue(
    start_server, monkeypatch
) -> None:
    """A client that is refused or disconnects frees its slot in the join queue."""
    monkeypatch.setattr(join_queue, "_MAX_WAIT_S", 1_000)
    server = await start_server()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    for at in range(20):
        hasty = socket.create_connection(("127.0.0.1", server.port))
        hasty.sendall(handshake(session_id, ada.token if at % 2 else "wrong"))
        hasty.close()

    wires = await asyncio.gather(*(greeted(ada, session_id) for _ in range(10)))

    assert len(wires) == 10
    await until(lambda: open_connections(server), lambda count: count == 10)


async def test_store_outage_refuses_connections_until_it_ends(
    start_server, monkeypatch, expect_log
) -> None:
    """During an outage of the store, sockets are closed with 4503, and REST answers 503.

    REST also sends Retry-After. After the outage both work again.
    """
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
        assert (answer.status, answer.body["code"], answer.headers["Retry-After"]) == (
            503,
            "unavailable",
            "5",
        )
        assert (await ada.get("/readyz")).status == 503

    assert (await ada.live(session_id))["code"] == "kept"


async def test_client_that_comes_while_the_server_stops_is_told_of_the_restart(
    start_server,
) -> None:
    """The client gets 1012, like the clients in the room, and not the code of an outage."""
    server = await start_server()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    server.parts.life.is_draining = True
    assert await server.parts.services.rooms.drain(5) is True

    wire = await ada.connect(session_id)

    code, reason = await wire.until_closed()
    assert code == 1012
    assert '"restart"' in reason


async def test_damaged_session_is_out_of_service_alone(server, ada: Api, expect_log) -> None:
    """A session with a damaged row is refused with 4500, and with 409 `quarantined` by REST.

    Other sessions are not affected.
    """
    from storage.records import Chunk, Version, VersionKind

    expect_log("damaged in the store")
    session_id, other = await ada.new_session(), await ada.new_session(code="fine")
    store = server.parts.services.store
    version = Version(
        session_id,
        0,
        0,
        {"codemirror": "good"},
        "codemirror",
        "",
        VersionKind.MANUAL,
        ada.user["id"],
        "",
        (),
        1,
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


@pytest.mark.parametrize("is_early", [True, False])
async def test_refused_client_keeps_no_memory(server, ada: Api, is_early: bool) -> None:
    """The server drops the data of a refused client, and reads no more data before the close."""
    session_id = await ada.new_session()
    half = masked(b"y" * 3_000_000)
    sent, rest = masked(b"x" * 60_000) * 4 + half[:500_000], half[500_000:]
    stranger = Api(server.url, "wrong")
    connections = server.parts.services.connections

    async with connected(stranger, session_id, *([sent] if is_early else [])) as raw:
        raw.send(*([] if is_early else [sent]))
        assert b"not_signed_in" in (await raw.frame())[1]

        (refused,) = connections._watched
        assert (refused._held, refused._reader._rest, refused._transport.is_reading()) == (
            [],
            [],
            False,
        )
        raw.send(rest)
        assert await raw.closed_with() == 4401  # the client's answer is found after its data


async def test_client_under_way_is_not_read_from(
    server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client is not read from before its sign-in is checked, so its data waits in the network."""
    session_id = await ada.new_session()
    services, asked = server.parts.services, asyncio.Event()
    go_on = asyncio.Event()
    admission = services.store.admission

    async def slow(*arguments: object) -> object:
        asked.set()
        await go_on.wait()
        return await admission(*arguments)

    monkeypatch.setattr(services.store, "admission", slow)
    async with connected(ada, session_id) as raw:
        raw.send(*[masked(b"\x00\x02\x02\x00\x00")] * 100_000)
        await asked.wait()
        await asyncio.sleep(0.05)

        (socket_,) = services.connections._watched
        assert (
            sum(len(item) for item in socket_._held) + sum(map(len, socket_._reader._rest)) < 70_000
        )
        go_on.set()
        assert (await raw.frame())[0] == BINARY
