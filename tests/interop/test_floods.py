"""Tests of floods of every kind.

The server slows the sender down, and then closes its connection. Other clients must not notice the
flood.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from handlers.sync import rate_gate
from tests.crdt.harness import Typist
from tests.interop.limit_rows import OK, Scene, told
from tests.raw_frames import PING, Raw, masked
from tests.waiting import PATIENCE_S, until

_WIDE = 1 << 30
_EVENTS: dict[str, Any] = {
    "updates_per_s": 500,
    "updates_burst": 100,
    "update_bytes_per_s": _WIDE,
    "max_sync_bytes": 64 << 20,
    "flush_ms": 0,
}
_QUESTIONS = {**_EVENTS, "updates_per_s": 50}
"""An answer costs a millisecond or more. A busy machine answers only some hundreds of questions
per second, even without a limit."""

_BYTES: dict[str, Any] = {
    "updates_per_s": 1e6,
    "updates_burst": 1e6,
    "update_bytes_per_s": 1 << 20,
    "max_sync_bytes": 64 << 10,
    "flush_ms": 0,
}
_PER_WRITE = 20

FLOODS: dict[str, tuple[bytes, bytes, dict[str, Any]]] = {
    "updates": (b"", masked(y_protocol.sync_update(Typist(5).insert(0, "x" * 4_000))), _EVENTS),
    "presence": (
        b"",
        masked(y_protocol.awareness_update([AwarenessEntry(5, 1, '{"a":"' + "x" * 500 + '"}')])),
        _EVENTS,
    ),
    "pings": (b"", masked(b"x" * 125, PING), _EVENTS),
    "fragments": (masked(b"\x2a", is_final=False), masked(b"x" * 100, 0, is_final=False), _EVENTS),
    "questions": (
        b"",
        masked(y_protocol.sync_step1({1 << 31 | n: 1 for n in range(300)})),
        _QUESTIONS,
    ),
    "bytes": (b"", masked(b"\x2a" * 5_000), _BYTES),
}
"""{kind: (bytes sent once, bytes sent again and again, settings)}

The repeated part is large, so the server handles each packet in a short time."""


async def flood(raw: Raw, first: bytes, again: bytes) -> None:
    """Send as fast as the server reads, until it closes the connection."""
    raw.send(first)
    with contextlib.suppress(ConnectionError):
        while True:
            raw.send(again * _PER_WRITE)
            await raw._writer.drain()
            await asyncio.sleep(0)


def counter(scene: Scene, name: str) -> Callable[[], Awaitable[int]]:
    """Return a function that reads one count in /metrics."""

    async def look() -> int:
        return (await scene.counts()).get(name, 0)

    return look


@pytest.mark.parametrize("kind", FLOODS)
async def test_flood_slows_its_sender_then_closes_its_connection(
    start_server, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The server pauses reading from the sender of a flood while others type.

    When the sender stays over the limit for too long, it is closed with 1008.
    """
    first, again, settings = FLOODS[kind]
    limit = "update_bytes_per_s" if kind == "bytes" else "updates_per_s"
    monkeypatch.setattr(rate_gate, "_MAX_OVER_S", 600)
    server = await start_server(**settings)
    async with AsyncExitStack() as stack:
        scene = await Scene.set(server, monkeypatch, stack)
        flooder, other, calm = (
            await scene.open(api=scene.bob),
            await scene.open(query="?saved=1"),
            Typist(6),
        )
        flooding = asyncio.create_task(flood(flooder, first, again))
        stack.callback(flooding.cancel)
        closing = asyncio.create_task(told(flooder, b"no message begins so"))
        stack.callback(closing.cancel)

        await until(counter(scene, "slowed"), lambda count: count > 2)
        for number in range(5):
            other.send(masked(y_protocol.sync_update(calm.insert(number, "y"))))
            assert await told(other, y_protocol.saved(number + 1)) == OK
        while_slowed = await scene.counts()
        assert not closing.done()
        monkeypatch.setattr(rate_gate, "_MAX_OVER_S", 0.5)
        async with asyncio.timeout(PATIENCE_S):
            closed_with = await closing
        counts = await scene.counts()

        assert while_slowed.get("closed_too_fast", 0) == 0
        assert closed_with == (1008, "too_fast", limit)
        assert counts["slowed"] > 2
        assert counts[f"limit_reached {limit}"] > 0
        assert counts["closed_too_fast"] == counts["closes 1008"] == 1
        assert "y" * 5 in (await scene.ada.live(scene.session_id))["code"]
