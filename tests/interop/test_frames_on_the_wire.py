"""RFC 6455 on real sockets, byte by byte.

Stock clients never send some of these frames, and rely on the answers to others.
"""

import asyncio

import pytest

from crdt.wire import y_protocol
from tests.api import Api
from tests.crdt.harness import Typist
from tests.raw_frames import CLOSE, PING, PONG, Raw, connected, masked, open_connections
from tests.waiting import until


@pytest.fixture
async def session_id(ada: Api) -> str:
    return await ada.new_session(code="text")


async def test_pings_are_answered(ada: Api, session_id: str) -> None:
    """Each ping is answered with its payload, also between the parts of a message."""
    question = y_protocol.sync_step1({})
    async with connected(ada, session_id) as raw:
        raw.send(masked(b"", PING), masked(b"x" * 125, PING))
        assert await raw.control(PONG) == b""
        assert await raw.control(PONG) == b"x" * 125
        raw.send(masked(question[:1], is_final=False), masked(b"?", PING), masked(question[1:], 0))
        seen: list[tuple[int, bytes]] = []
        while len(seen) < 2:
            kind, payload = await raw.frame()
            if kind == PONG or payload.startswith(b"\x00\x01"):
                seen.append((kind, payload))
        assert sorted(kind for kind, _ in seen) == [2, PONG]
        assert (PONG, b"?") in seen


async def test_frame_sent_with_handshake_is_answered(ada: Api, session_id: str) -> None:
    """A question in the same packet as the handshake's request is answered."""
    async with connected(ada, session_id, masked(y_protocol.sync_step1({}))) as raw:
        while True:
            kind, payload = await raw.frame()
            if kind == 2 and payload.startswith(b"\x00\x01"):
                break


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"\x82\x01a", 1002),
        (masked(b"a", flags=0x40), 1002),
        (masked(b"a", 3), 1002),
        (masked(b"a", 11), 1002),
        (masked(b"a", 0), 1002),
        (masked(b"a" * 126, PING), 1002),
        (masked(b"a", PING, is_final=False), 1002),
        (masked(b"\x03", CLOSE), 1002),
        (masked(b"\x03\xed", CLOSE), 1002),
        (masked(b"\x03\xe8\xff", CLOSE), 1007),
        (masked(b"text", 1), 4400),
        (b"\x82\xff" + (1 << 40).to_bytes(8, "big"), 1009),
    ],
    ids=str,
)
async def test_forbidden_frame_closes_connection(
    ada: Api, session_id: str, wire: bytes, code: int
) -> None:
    async with connected(ada, session_id) as raw:
        raw.send(wire)
        assert await raw.closed_with() == code


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9bye", b"\x0f\xa0"])
async def test_close_is_echoed(server, ada: Api, session_id: str, payload: bytes) -> None:
    """A close frame is answered with its code. The server then ends the connection."""
    async with connected(ada, session_id) as raw:
        raw.send(masked(payload, CLOSE), masked(b"after", PING))
        assert await raw.control(CLOSE) == payload[:2]
        await raw.ended()
    await until(lambda: open_connections(server), lambda count: count == 0)


async def test_connection_ended_without_close_frame_frees_its_place(
    server, ada: Api, session_id: str
) -> None:
    async with connected(ada, session_id) as raw:
        await raw.frame()
        raw.half_close()
        await raw.ended()
    await until(lambda: open_connections(server), lambda count: count == 0)


async def test_client_without_pongs_is_disconnected(start_server) -> None:
    """A client that answers no ping is disconnected. A client that answers stays."""
    server = await start_server(ping_s=1, pong_s=1)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    pings = 0

    async def answer(raw: Raw) -> None:
        nonlocal pings
        while True:
            assert await raw.control(PING) == b""
            raw.send(masked(b"", PONG))
            pings += 1

    async with connected(ada, session_id) as silent, connected(ada, session_id) as alive:
        answering = asyncio.create_task(answer(alive))
        await silent.ended()
        before = pings
        await until(lambda: pings > before)
        assert server.parts.services.connections.open == 1
        answering.cancel()


async def test_many_frames_in_one_packet_are_all_processed_in_order(
    ada: Api, session_id: str
) -> None:
    """Keystrokes in one packet, which may be cut anywhere, are all taken in their order."""
    typist = Typist(5)
    state = b""
    async with connected(ada, session_id) as watcher, connected(ada, session_id) as raw:
        await watcher.frame()  # the first frame shows that the watcher has joined
        raw.send(masked(y_protocol.sync_step1({})))
        while not state.startswith(b"\x00\x01"):
            _, state = await raw.frame()
        frames = b"".join(
            masked(y_protocol.sync_update(typist.insert(at, "x"))) for at in range(200)
        )
        for at in range(0, len(frames), 997):
            raw.send(frames[at : at + 997])
        await until(lambda: ada.live(session_id), lambda live: live["code"].count("x") >= 200)
        updates = 0
        while updates < 200:
            kind, payload = await watcher.frame()
            updates += kind == 2 and payload.startswith(b"\x00\x02")
