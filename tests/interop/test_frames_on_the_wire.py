"""RFC 6455 on real sockets, byte by byte: what stock clients never send, and what they rely on."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crdt.wire import y_protocol
from tests.api import Api
from tests.crdt.harness import Typist
from tests.handlers.sync.test_frames import masked
from tests.waiting import PATIENCE_S, until

PING, PONG, CLOSE = 9, 10, 8


class Raw:
    """A client that sends the bytes it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *frames: bytes) -> None:
        self._writer.write(b"".join(frames))

    async def frame(self) -> tuple[int, bytes]:
        """Return (opcode, payload) of the next frame."""
        async with asyncio.timeout(PATIENCE_S):
            first, length = await self._reader.readexactly(2)
            assert first & 0x70 == 0
            assert length < 128, "a server does not mask"
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self._reader.readexactly(8), "big")
            return first & 15, await self._reader.readexactly(length)

    async def control(self, opcode: int) -> bytes:
        """Return the payload of the next frame of a kind, past others."""
        while True:
            kind, payload = await self.frame()
            if kind == opcode:
                return payload
            assert kind == 2, kind

    async def closed_with(self) -> int:
        """Return the code in the server's close frame, after which nothing comes but the end."""
        code = int.from_bytes((await self.control(CLOSE))[:2], "big")
        self.send(masked(code.to_bytes(2, "big"), CLOSE))
        async with asyncio.timeout(PATIENCE_S):
            assert await self._reader.read() == b""
        return code

    async def ended(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self._reader.read(4_096):
                pass

    def half_close(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(api: Api, session_id: str, *early: bytes) -> AsyncIterator[Raw]:
    """Shake hands, with more frames behind the request in the same packet."""
    port = int(api.socket_url.rpartition(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(b"0123456789abcdef").decode()
    writer.write(
        f"GET /sync/{session_id}?token={api.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        + b"".join(early)
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    yield Raw(reader, writer)
    writer.close()


@pytest.fixture
async def session_id(ada: Api) -> str:
    return await ada.new_session(code="text")


async def test_pings_are_answered(ada: Api, session_id: str) -> None:
    """With their payload, each of them, between the parts of a message too."""
    question = y_protocol.sync_step1({})
    async with connected(ada, session_id) as raw:
        raw.send(masked(b"", PING), masked(b"x" * 125, PING))
        assert await raw.control(PONG) == b""
        assert await raw.control(PONG) == b"x" * 125
        raw.send(masked(question[:1], is_final=False), masked(b"?", PING), masked(question[1:], 0))
        seen = []
        while len(seen) < 2:
            kind, payload = await raw.frame()
            if kind == PONG or payload.startswith(b"\x00\x01"):
                seen.append((kind, payload))
        assert sorted(kind for kind, _ in seen) == [2, PONG]
        assert (PONG, b"?") in seen


async def test_what_comes_with_the_handshake(ada: Api, session_id: str) -> None:
    """A question in the same packet as the request is answered."""
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
async def test_what_is_not_allowed(ada: Api, session_id: str, wire: bytes, code: int) -> None:
    async with connected(ada, session_id) as raw:
        raw.send(wire)
        assert await raw.closed_with() == code


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9bye", b"\x0f\xa0"])
async def test_a_close_is_echoed(server, ada: Api, session_id: str, payload: bytes) -> None:
    """With its code; then the server ends the connection and the place is free."""
    async with connected(ada, session_id) as raw:
        raw.send(masked(payload, CLOSE), masked(b"after", PING))
        assert await raw.control(CLOSE) == payload[:2]
        await raw.ended()
    await until(lambda: _open(server), lambda count: count == 0)


async def _open(server) -> int:
    return server.parts.services.sockets.open


async def test_a_client_that_ends_without_a_close(server, ada: Api, session_id: str) -> None:
    async with connected(ada, session_id) as raw:
        await raw.frame()
        raw.half_close()
        await raw.ended()
    await until(lambda: _open(server), lambda count: count == 0)


async def test_a_client_that_is_gone_is_noticed(start_server) -> None:
    """Who answers no ping is cut, who answers stays."""
    server = await start_server(ping_s=1, pong_s=1)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    async with connected(ada, session_id) as silent, connected(ada, session_id) as alive:
        assert await alive.control(PING) == b""
        alive.send(masked(b"", PONG))
        await silent.ended()
        assert server.parts.services.sockets.open == 1
        assert await alive.control(PING) == b""


async def test_many_frames_at_once(ada: Api, session_id: str) -> None:
    """Keystrokes that arrive in one packet, cut anywhere, are all taken, in order."""
    typist = Typist(5)
    state = b""
    async with connected(ada, session_id) as watcher, connected(ada, session_id) as raw:
        raw.send(masked(y_protocol.sync_step1({})))
        while not state.startswith(b"\x00\x01"):
            _, state = await raw.frame()
        frames = b"".join(masked(y_protocol.sync_update(typist.insert(at, "x"))) for at in range(200))
        for at in range(0, len(frames), 997):
            raw.send(frames[at : at + 997])
        await until(lambda: ada.live(session_id), lambda live: live["code"].count("x") >= 200)
        updates = 0
        while updates < 200:
            kind, payload = await watcher.frame()
            updates += kind == 2 and payload.startswith(b"\x00\x02")
