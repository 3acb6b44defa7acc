"""Hostile clients of the soak test.

They send bad frames and incomplete requests, and break connections. These clients pause between
their actions. Clients that flood the server are in `floods`.
"""

import asyncio
import os
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from bench.soak.people import Person, Unexpected
from bench.trouble import frame
from crdt.wire import y_protocol
from harness.hostile import CORPUS, STATE_VECTORS

_TIMEOUT_S = 30.0
SLOW_S = 25.0
"""The most seconds that a slow request may stay open. The server should end it within
`COLLAB_REQUEST_S`."""
_RESET = struct.pack("ii", 1, 0)
_BAD_FRAMES = (
    b"\x82\x01x",  # no mask
    b"\xc2\x81\x00\x00\x00\x00x",  # a reserved bit
    b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",  # longer than all memory
    b"\x83\x80\x00\x00\x00\x00",  # an unknown kind
    b"\x80\x80\x00\x00\x00\x00",  # the end of a message that did not begin
    b"\x88\x81\x00\x00\x00\x00x",  # half a close code
    frame(b"text", 0x81),
    frame(b""),
    frame(b"\x00\x07\x01x"),
    frame(b"\x01\xff\xff\x7f"),
    frame(y_protocol.awareness_update([y_protocol.AwarenessEntry(1, (1 << 53) - 1, '{"a":' * 50)])),
    *(frame(y_protocol.sync_update(case.update)) for case in CORPUS),
    *(frame(b"\x00\x00" + bytes((len(vector) & 127,)) + vector) for vector in STATE_VECTORS),
)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _opened(person: Person) -> AsyncIterator[Stream]:
    """Open a TCP connection, and break it at the end of the block."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", person.port, local_addr=(person.address, 0)
    )
    try:
        yield reader, writer
    finally:
        with suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()


async def _upgraded(stream: Stream, person: Person, session_id: str) -> None:
    reader, writer = stream
    writer.write(
        f"GET /sync/{session_id}?token={person.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: "
        "websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _TIMEOUT_S)


async def _ended(reader: asyncio.StreamReader, within_s: float) -> bool:
    """Whether the server ends the connection in time.

    A reset counts as an end, too: the system sends one if the server closes the connection before
    it has read all bytes.
    """
    with suppress(ConnectionError):
        try:
            async with asyncio.timeout(within_s):
                while await reader.read(1 << 16):
                    pass
        except TimeoutError:
            return False
    return True


async def bad_frames(person: Person, session_id: str) -> None:
    """Send one bad frame, or some random bytes, after a good handshake."""
    async with _opened(person) as stream:
        await _upgraded(stream, person, session_id)
        bad = random.choice((*_BAD_FRAMES, os.urandom(random.randrange(1, 400))))
        stream[1].write(bad)
        await _ended(stream[0], 1)


async def broken(person: Person, session_id: str) -> None:
    """Break a connection in the middle of a frame."""
    async with _opened(person) as stream:
        await _upgraded(stream, person, session_id)
        stream[1].write(frame(bytes(200_000))[: random.randrange(1, 200_000)])
        await asyncio.sleep(random.random())


async def half_open(person: Person, session_id: str) -> None:
    """Open a connection, send a part of a request or nothing, and then stay silent."""
    async with _opened(person) as stream:
        request = f"GET /sync/{session_id} HTTP/1.1\r\nHost: x\r\n".encode()
        stream[1].write(request[: random.randrange(len(request))])
        await _expect_end(stream[0], person, "a connection without a request")


async def slow_headers(person: Person, session_id: str) -> None:
    """Send a header one character at a time."""
    async with _opened(person) as stream:
        stream[1].write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        await _drip(stream, person, "slow headers")


async def slow_body(person: Person, session_id: str) -> None:
    """Send a body one character at a time."""
    async with _opened(person) as stream:
        stream[1].write(
            f"POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {person.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n".encode()
        )
        await _drip(stream, person, "a slow body")


async def _drip(stream: Stream, person: Person, what: str) -> None:
    reader, writer = stream

    async def drip() -> None:
        for _ in range(int(SLOW_S)):
            writer.write(b"x")
            await asyncio.sleep(1)

    dripping = asyncio.create_task(drip())
    try:
        await _expect_end(reader, person, what)
    finally:
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def _expect_end(reader: asyncio.StreamReader, person: Person, what: str) -> None:
    if not await _ended(reader, SLOW_S):
        raise Unexpected(f"{what} was still open after {SLOW_S:.0f} s")
    person.did["slow ones ended"] += 1


async def _keep_on(
    person: Person,
    sessions: tuple[str, ...],
    until: float,
    act: Callable[[Person, str], Awaitable[None]],
) -> str:
    """Do an action again and again; return a description of the first problem, or ""."""
    try:
        await person.sign_up()
        while time.monotonic() < until:
            with suppress(OSError, asyncio.IncompleteReadError):
                await act(person, random.choice(sessions))
            person.did[act.__name__] += 1
            await asyncio.sleep(2.5)  # the limit of handshakes is 30 a minute
    except Unexpected as error:
        return f"{person.name}: {error}"
    return ""


ACTS = (bad_frames, bad_frames, broken, half_open, slow_headers, slow_body)


async def live(
    port: int, phase: int, sessions: tuple[str, ...], until: float, slow_until: float
) -> tuple[Counter[str], list[str]]:
    """Let the hostile clients act until the time `until`; return (counts of actions, problems).

    No slow action begins after `slow_until`.
    """
    people = [
        Person(port, f"hostile-{phase}-{number}", f"127.{phase + 1}.1.{number + 2}")
        for number in range(len(ACTS))
    ]
    ends = [slow_until if act in (half_open, slow_headers, slow_body) else until for act in ACTS]
    doing = (
        _keep_on(*arguments)
        for arguments in zip(people, [sessions] * len(ACTS), ends, ACTS, strict=True)
    )
    problems = [problem for problem in await asyncio.gather(*doing) if problem]
    return sum((person.did for person in people), Counter()), problems
