"""Tests of RFC 6455 on real sockets, by the case numbers of Autobahn.

The cases cover framing, fragments, closing, limits and the handshake. Not for: cases that
`handlers/test_frames` and `test_frames_on_the_wire` test already (SHOWN_ELSEWHERE).
`python -m tests.rfc6455` runs Autobahn's suite itself against an echo server.
"""

import asyncio
import importlib
import itertools
import operator
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from collab_server.server import Server
from crdt.wire.lib0 import write_var_bytes, write_var_uint
from handlers.sync import close_handshake
from handlers.sync.frames import BINARY, CLOSE, PONG
from tests import rfc6455_cases as cases
from tests.api import Api
from tests.raw_frames import Raw, connected, open_connections
from tests.rfc6455_cases import Case, frame, head, part
from tests.waiting import until

GROUPS = {
    "1 framing": cases.FRAMING,
    "2 pings": cases.PINGS,
    "3 reserved bits": cases.RESERVED_BITS,
    "4 reserved opcodes": cases.RESERVED_OPCODES,
    "5 fragments": cases.FRAGMENTS,
    "6 text": cases.TEXTS,
    "6 close reasons": cases.REASONS,
    "7 closing": cases.CLOSES,
    "heads of frames": cases.HEADS,
}

WIRE = "tests.interop.test_frames_on_the_wire"
SHOWN_ELSEWHERE = {
    **dict.fromkeys(("2.1", "2.4"), f"{WIRE}.test_pings_are_answered"),
    **dict.fromkeys(
        ("2.5", "4.1.1", "4.2.1", "5.1", "7.3.2", "7.5.1"),
        f"{WIRE}.test_forbidden_frame_closes_connection",
    ),
    **dict.fromkeys(("7.1.3", "7.3.1", "7.3.3", "7.3.4"), f"{WIRE}.test_close_is_echoed"),
    **{f"9.8.{n}": f"{__name__}.test_many_messages_arrive_in_order" for n in range(2, 7)},
    "9.8.1": f"{__name__}.test_cases_of_a_group_end_as_required",  # an empty message, as in 1.2.1
    **dict.fromkeys(("12", "13"), f"{__name__}_handshake.test_compression_is_not_negotiated"),
    # The server refuses text messages without reading them.
    "6": f"{__name__}.test_cases_of_a_group_end_as_required",
    **dict.fromkeys(
        ("9.1", "9.3", "9.5", "9.7"), f"{__name__}.test_cases_of_a_group_end_as_required"
    ),
}
"""The cases, and groups of cases, of Autobahn that this module does not play. Each has the name of
the test that covers it."""

SUITE = {
    "1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20, "7.1": 6, "7.3": 6, "7.5": 1,
    "7.7": 13, "7.9": 9,
    "7.13": 2, "9.2": 6, "9.4": 9, "9.6": 6, "9.8": 6, "10.1": 1,
}  # fmt: skip
"""Number of Autobahn 25.10's cases in each group that binary messages can test."""

ROOMY = {
    "updates_per_s": 1e6,
    "updates_burst": 1e7,
    "update_bytes_per_s": 1 << 30,
    "max_text_bytes": 8 << 20,
    "max_queued_bytes": 8 << 20,
}
"""Large limits, because these tests are not about rates or the size of a document."""


def update(size: int, client: int) -> bytes:
    """Return an Update frame of `size` bytes with a client's first text.

    A size over 256 KiB, the limit of one edit, gives a SyncStep2 frame.
    """
    kind = b"\x00\x02" if size <= 256 << 10 else b"\x00\x01"
    for root in (b"t", b"te", b"tex"):
        room = size
        for _ in range(4):
            text = write_var_bytes(b"x" * room)
            item = b"\x04\x01" + write_var_bytes(root) + text
            built = kind + write_var_bytes(
                b"\x01\x01" + write_var_uint(client) + b"\x00" + item + b"\x00"
            )
            if len(built) == size:
                return built
            room += size - len(built)
    raise AssertionError(f"no update has {size} bytes")


def cut(frames: list[bytes], how: int | None) -> Iterable[bytes]:
    """Yield the pieces of bytes that are written to the socket, one at a time."""
    wire = b"".join(frames)
    if how == cases.FRAMES:
        yield from frames
    elif how == cases.HEAD:
        yield from (wire[at : at + 1] for at in range(16))
        yield wire[16:]
    else:
        yield from (
            wire[at : at + (how or len(wire))] for at in range(0, len(wire), how or len(wire))
        )


class Stage:
    """A room with a watcher, in which cases are played one after the other."""

    def __init__(self, api: Api, session_id: str, watcher: Raw, marker: Raw) -> None:
        self._api, self._session_id = api, session_id
        self._watcher, self._marker = watcher, marker
        self._clients = itertools.count(128)

    def message(self, size: int) -> bytes:
        return update(size, next(self._clients))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Raw]:
        async with connected(self._api, self._session_id) as raw:
            try:
                yield raw
            finally:
                raw.close()

    async def arrived(self) -> list[bytes]:
        """Return the updates that the watcher has received since the last call, in their order."""
        last = self.message(40)
        self._marker.send(frame(last))
        messages: list[bytes] = []
        while True:
            kind, payload = await self._watcher.frame()
            if kind == BINARY and payload == last:
                return messages
            if kind == BINARY and payload.startswith(b"\x00\x02"):
                messages.append(payload)

    async def play(self, case: Case) -> list[str | tuple[str, object]]:
        """Play a case, and return its outcome as in `Case.outcome`."""
        first, second = self.message(case.size), self.message(case.size)
        names = {b"\x00\x02" + first[2:]: "first", b"\x00\x02" + second[2:]: "second"}
        seen: list[tuple[str, object]] = []
        async with self.connected() as raw:
            listening = asyncio.create_task(_listen(raw, seen, case))
            frames: list[bytes] = []
            for step in (
                *case.wire(first, second),
                *([cases.close()] if case.code is None else []),
            ):
                if step is None:
                    await _send(raw, seen, frames, case.cut)
                    await until(lambda: _count(seen), lambda count: count == 1)
                    frames.clear()
                else:
                    frames.append(step)
            await _send(raw, seen, frames, case.cut)
            await listening
        return [
            *(names.get(message, message.hex()[:40]) for message in await self.arrived()),
            *seen,
        ]


async def _count(seen: list[tuple[str, object]]) -> int:
    return len(seen)


async def _send(
    raw: Raw, seen: list[tuple[str, object]], frames: list[bytes], how: int | None
) -> None:
    """Send all frames, but stop when the server has closed the connection."""
    for chunk in cut(frames, how):
        if seen and seen[-1][0] == "closed":
            return
        raw.send(chunk)
        if how is not None:
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # one turn to send the piece, one turn to receive it


async def _listen(raw: Raw, seen: list[tuple[str, object]], case: Case) -> None:
    """Note control frames, and every frame after a close frame, until the connection ends."""
    is_closed = False
    try:
        while True:
            kind, payload = await raw.frame()
            if kind == CLOSE:
                seen.append(("closed", int.from_bytes(payload[:2], "big")))
                is_closed = True
                _answer(raw, case, payload[:2])
            elif kind != BINARY or is_closed:
                seen.append(("pong" if kind == PONG else f"opcode {kind}", payload))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            seen.append(("cut off", error.partial))
    except ConnectionResetError:
        seen.append(("reset", b""))
    except TimeoutError:
        raise AssertionError(
            f"{case.number}: the server leaves the connection open after {seen}"
        ) from None


def _answer(raw: Raw, case: Case, payload: bytes) -> None:
    """Answer a close frame of the server, unless it is an answer itself."""
    if case.code is not None and not case.closes:
        raw.send(frame(payload, CLOSE))
        if case.cut is not None:
            raw.half_close()  # within a frame, the server cannot read the answer


@asynccontextmanager
async def stage_in(api: Api) -> AsyncIterator[Stage]:
    session_id = await api.new_session()
    async with connected(api, session_id) as watcher, connected(api, session_id) as marker:
        await watcher.frame()
        await marker.frame()
        yield Stage(api, session_id, watcher, marker)


@pytest.fixture
async def server(start_server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Start a server that waits 60 s for a client's close, with large limits."""
    monkeypatch.setattr(close_handshake, "_PATIENCE_S", 60.0)
    return await start_server(**ROOMY)


@pytest.fixture
async def stage(ada: Api) -> AsyncIterator[Stage]:
    async with stage_in(ada) as stage:
        yield stage


def test_suite_cases_are_all_played_or_shown_elsewhere() -> None:
    """Each case number is played here once, or names an existing test that covers it."""
    played = [case.number for case in itertools.chain(*GROUPS.values(), *cases.LIMITS.values())]
    suite = {f"{group}.{n}" for group, count in SUITE.items() for n in range(1, count + 1)}

    assert len(played) == len(set(played))
    assert suite - set(played) == {number for number in SHOWN_ELSEWHERE if number in suite}
    assert not set(played) & set(SHOWN_ELSEWHERE)
    for place in SHOWN_ELSEWHERE.values():
        module, _, name = place.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("group", GROUPS)
async def test_cases_of_a_group_end_as_required(stage: Stage, group: str) -> None:
    """Each case ends as it must, and the watcher receives the allowed messages and no more."""
    outcomes = {case.number: await stage.play(case) for case in GROUPS[group]}

    assert outcomes == {case.number: case.outcome for case in GROUPS[group]}


@pytest.mark.parametrize("group", cases.LIMITS)
async def test_message_at_size_limit_arrives_and_larger_one_is_refused(
    ada: Api, group: str
) -> None:
    """Messages up to the documented size arrive whole, however they are cut into pieces.

    A message with one byte more is refused.
    """
    outcomes = {}
    for case in cases.LIMITS[group]:
        async with stage_in(ada) as stage:  # a document has no room for several of these
            outcomes[case.number] = await stage.play(case)

    assert outcomes == {case.number: case.outcome for case in cases.LIMITS[group]}


@pytest.mark.parametrize("size", [16, 64, 256, 1_024, 4_096])
async def test_many_messages_arrive_in_order(stage: Stage, size: int) -> None:
    """All messages arrive in order (Autobahn's 9.8.2 to 9.8.6, with a quarter of the messages)."""
    messages = [stage.message(size) for _ in range(250)]
    async with stage.connected() as raw:
        raw.send(*map(frame, messages), cases.close())
        await raw.control(CLOSE)

    assert await stage.arrived() == messages


BROKEN_OFF = (
    b"",
    frame(b"\x00\x02")[:1],
    frame(b"\x00\x02")[:5],
    head(70_000) + b"x" * 999,
    part(b"\x00\x02", BINARY),
)


async def test_half_closed_connection_ignores_incomplete_message(stage: Stage) -> None:
    """After a client has ended its side, an incomplete frame or message is ignored.

    Earlier messages are taken.
    """
    for rest in BROKEN_OFF:
        message = stage.message(100)
        async with stage.connected() as raw:
            raw.send(frame(message), rest)
            raw.half_close()
            await raw.ended()

        assert await stage.arrived() == [message]


def _reset(raw: Raw) -> None:
    on_close = struct.pack("ii", 1, 0)  # close without lingering, so the peer gets an RST
    raw._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_close)
    raw._writer.transport.abort()


async def test_reset_connection_frees_its_place(server: Server, stage: Stage) -> None:
    """A connection that is reset, even within a frame, frees its place.

    Other connections are not affected.
    """
    for rest in BROKEN_OFF:
        message = stage.message(100)
        async with stage.connected() as raw:
            raw.send(frame(message), rest, cases.ping())
            await until(stage.arrived, partial(operator.eq, [message]))
            _reset(raw)
        await until(lambda: open_connections(server), lambda count: count == 2)

    assert await stage.arrived() == []


async def test_half_closed_connection_receives_echo_of_close(stage: Stage) -> None:
    """The close frame is echoed to a client that has ended its sending side."""
    async with stage.connected() as raw:
        await raw.frame()
        raw.send(cases.close(1001))
        raw.half_close()

        assert await raw.control(CLOSE) == b"\x03\xe9"
        await raw.ended()
