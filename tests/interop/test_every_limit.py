"""Tests of every limit: the answer at the limit, the answer beyond it, and the counts in /metrics.

Most rows set a small limit instead of the default.
"""

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, cast

import pytest

from collab_server.config import all_settings
from crdt.wire import update_parser, y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from handlers.sync.frames import framed
from handlers.sync.websocket import WebSocket
from harness.wire import SYNC_STEP1
from storage.sqlite.store import SqliteStore
from tests.crdt.harness import Typist, presence_in
from tests.interop.limit_rows import CUT, NO_LIMITS, OK, REST, Row, Scene, told
from tests.narrowing import required
from tests.processes import ROOT
from tests.raw_frames import PING, PONG, Raw, masked
from tests.waiting import PATIENCE_S, until

QUESTION = masked(y_protocol.sync_step1({}))
ANSWER = b"\x00\x01"
SAVED = b"\x66"
_LARGE_BYTES, _SMALL_BYTES = 8_000, 100

_client_ids = itertools.count(1_000)


# -- the actions of clients ------------------------------------------------------------------------


def insertion(size: int) -> bytes:
    """Return a new client's update of `size` bytes."""
    client_id = next(_client_ids)
    overhead = len(Typist(client_id).insert(0, "x" * size)) - size
    update = Typist(client_id).insert(0, "x" * (size - overhead))
    assert len(update) == size
    return update


async def connect(scene: Scene, _: int) -> object:
    return await told(await scene.open(), SYNC_STEP1)


async def edit(
    scene: Scene,
    size: int,
    *,
    frame: Callable[[bytes], bytes] = y_protocol.sync_update,
    in_new_session: bool = False,
) -> object:
    """Send an update of `size` bytes. The next answer shows whether the update was taken."""
    session_id = await scene.ada.new_session() if in_new_session else scene.session_id
    raw, update = await scene.open(session_id), insertion(size)
    raw.send(masked(frame(update)), QUESTION)
    answer = await told(raw, ANSWER)
    room = scene.server.parts.services.rooms.find(session_id)
    is_taken = (
        room is not None and update_parser.parse(update).spans.keys() <= room.index.clocks.keys()
    )
    return answer if is_taken == (answer == OK) else f"taken, then {answer}"


async def keep(scene: Scene, size: int, *, is_owner: bool = True) -> object:
    """Send an update of `size` bytes, and let the server measure the document.

    Otherwise, the server would measure it only at its next checkpoint.
    """
    api = scene.ada if is_owner else scene.bob
    raw = scene.state["raw"] = scene.state.get("raw") or await scene.open(query="?saved=1", api=api)
    raw.send(masked(y_protocol.sync_update(insertion(size))))
    answer = await told(raw, SAVED)
    rooms = scene.server.parts.services.rooms
    if room := rooms.find(scene.session_id):
        await rooms.compactor.checkpoint(room)
    return answer


async def type_text(scene: Scene, size: int) -> object:
    raw = await scene.open()
    raw.send(
        masked(y_protocol.sync_update(Typist(next(_client_ids)).insert(0, "x" * size))), QUESTION
    )
    return await told(raw, ANSWER)


async def type_together(scene: Scene, count: int) -> object:
    """Send `count` keystrokes in one packet, so no time passes between them, and wait for all."""
    raw, typist = await scene.open(), Typist(count)
    raw.send(*(masked(y_protocol.sync_update(typist.insert(at, "x"))) for at in range(count)))

    async def known() -> int:
        room = scene.server.parts.services.rooms.find(scene.session_id)
        return room.index.clocks.get(count, 0) if room else 0

    await until(known, lambda number: number == count)
    return OK


async def send_message(scene: Scene, size: int) -> object:
    """Send one message of `size` bytes, of an unknown kind."""
    raw = await scene.open()
    raw.send(masked(b"\x2a" * size), QUESTION)
    return await told(raw, ANSWER)


async def send_bytes(scene: Scene, size: int) -> object:
    """Send `size` bytes in one packet."""
    raw = await scene.open()
    assert await told(raw, SYNC_STEP1) == OK
    left, parts = size - len(QUESTION), 6
    sizes = [left // parts] * (parts - 1) + [left - left // parts * (parts - 1)]
    raw.send(
        *(masked(b"\x2a" * (size - len(masked(b"\x2a" * 200)) + 200)) for size in sizes), QUESTION
    )
    return await told(raw, ANSWER)


async def present(raw: Raw) -> dict[int, int]:
    """Return {client id: clock} of the clients in the presence."""
    raw.send(masked(b"\x03"), QUESTION)
    here: dict[int, int] = {}
    while True:
        _, payload = await raw.frame()
        if payload.startswith(ANSWER):
            return here
        if payload[:1] == b"\x01":
            here |= {entry.client_id: entry.clock for entry in presence_in(payload)}


async def announce(
    scene: Scene, number: int, state: Callable[[int], str] = lambda _: "{}"
) -> object:
    """Announce one more client on one connection, and check whether it is in the presence."""
    raw = scene.state["raw"] = scene.state.get("raw") or await scene.open()
    raw.send(masked(y_protocol.awareness_update([AwarenessEntry(number, 1, state(number))])))
    return OK if number in await present(raw) else "ignored"


async def announce_together(scene: Scene, count: int) -> object:
    """Send presence `count` times in one packet. The last state must be shown in the end."""
    raw = await scene.open()
    raw.send(
        *(
            masked(y_protocol.awareness_update([AwarenessEntry(count, n + 1, "{}")]))
            for n in range(count)
        )
    )
    shown = (await present(raw))[count]
    await until(partial(present, raw), lambda here: here[count] == count)
    return OK if shown == count else "later"


async def answer_pings(scene: Scene, is_silent: int) -> object:
    raw = await scene.open()
    for _ in range(0 if is_silent else 2):
        await raw.control(PING)
        raw.send(masked(b"", PONG))
    if not is_silent:
        raw.send(QUESTION)
    answer = await told(raw, ANSWER)
    raw.close()
    return answer


def store_hangs(scene: Scene) -> None:
    """Let every commit hang until the test ends."""
    if "hangs" in scene.state:
        return
    scene.state["hangs"] = hangs = asyncio.Event()
    scene.stack.callback(hangs.set)
    append = SqliteStore.append_chunks

    async def append_late(store: SqliteStore, chunks: Any) -> set[str]:
        await hangs.wait()
        return await append(store, chunks)

    scene.patch.setattr(SqliteStore, "append_chunks", append_late)


async def edit_unsaved(scene: Scene, size: int, *, in_new_session: bool = False) -> object:
    store_hangs(scene)
    return await edit(scene, size, in_new_session=in_new_session)


class Deaf:
    """A client that reads nothing until `read_on`, and the server's send buffer for it."""

    def __init__(self, raw: Raw, peer: WebSocket) -> None:
        """peer: the server's side of the connection."""
        self._transport = required(peer._transport)
        self._stream = cast("asyncio.Transport", raw._writer.transport)
        self._buffers(4_096)
        self._stream.pause_reading()

    def queued(self) -> int:
        return self._transport.get_write_buffer_size()

    async def left(self) -> int:
        return self.queued()

    def read_on(self) -> None:
        self._buffers(1 << 20)
        self._stream.resume_reading()

    def _buffers(self, size: int) -> None:
        """Limit the kernel's buffers, so that unread data stays in the server's own buffer."""
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, size
        )
        self._stream.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


async def queue(scene: Scene, is_over: int) -> object:
    """Queue exactly as many bytes as allowed for a client that does not read. Then let it read.

    With `is_over`, queue one more small update before it reads.
    """
    limit = scene.server.parts.config.max_queued_bytes
    peers = scene.server.parts.services.connections._watched
    before = set(peers)
    raw = await scene.open(api=scene.bob)
    assert await told(raw, SYNC_STEP1) == OK
    deaf = Deaf(raw, cast("WebSocket", (set(peers) - before).pop()))
    async with asyncio.timeout(PATIENCE_S):
        while limit - deaf.queued() >= 2 * _LARGE_BYTES:
            await relay(scene, _LARGE_BYTES)
        await relay(scene, limit - deaf.queued())
    assert deaf.queued() == limit
    if is_over:
        await relay(scene, _SMALL_BYTES)
    deaf.read_on()
    if not is_over:
        await until(deaf.left, lambda size: size == 0)
        raw.send(QUESTION)
    return await told(raw, ANSWER)


async def relay(scene: Scene, size: int) -> None:
    """Let other clients get one frame that has `size` bytes on the wire."""
    overhead = len(framed(y_protocol.sync_update(b"x" * size))) - size
    assert await keep(scene, size - overhead) == OK


# -- the table -------------------------------------------------------------------------------------


def closed(limit: str, code: int, word: str = "", **more: int) -> dict[str, Any]:
    """Return the fields of a row whose limit closes the connection."""
    # "unavailable" names no limit, because the store is slow and not the client.
    named = None if word == "unavailable" else limit
    return {
        "told": (code, word, named),
        "counts": {f"limit_reached {limit}": 1, f"closes {code}": 1, **more},
    }


def quiet(limit: str, told: str) -> dict[str, Any]:
    """Return the fields of a row whose limit closes no connection."""
    return {"told": told, "counts": {f"limit_reached {limit}": 1}}


def slowed(limit: str) -> dict[str, Any]:
    return {"told": OK, "counts": {f"limit_reached {limit}": 1, "slowed": 1}}


def sized(size: int) -> str:
    return '{"a":"' + "x" * (size - 8) + '"}'


def nested(depth: int) -> str:
    return '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


OFTEN = {"presence_ms": 0}

SOCKETS = (
    Row("max_update_bytes", edit, (1_024,), 1_025, **closed("max_update_bytes", 4413, "too_large"),
        value=1_024),
    Row("max_sync_bytes", partial(edit, frame=y_protocol.sync_step2), (1_024,), 1_025,
        **closed("max_sync_bytes", 4413, "too_large"), value=1_024),
    Row("max_sync_bytes", send_message, (1_024 + 64,), 1_024 + 65,
        **closed("max_sync_bytes", 1009, "too_large"),
        value=1_024),
    Row("max_text_bytes", type_text, (1_024,), 1, **closed("max_text_bytes", 4413, "too_large"),
        value=1_024),
    # The limit is twice the size, because bytes that are not squashed yet also count.
    Row("max_state_bytes", keep, (65_000, 2 * 65_536 - 65_000 - 2), 30,
        **closed("max_state_bytes", 4413, "too_large"), value=65_536),
    Row("author_share_percent", partial(keep, is_owner=False), (16_000, 400), 30,
        **closed("author_share_percent", 4413, "too_large"), value=25,
        settings={"max_state_bytes": 65_536}),
    Row("max_queued_bytes", queue, (False,), True,
        **closed("max_queued_bytes", 1013, "too_slow", closed_too_slow=1),
        value=65_536, settings={"flush_ms": 0}),
    Row("max_unsaved_room_bytes", edit_unsaved, (65_000, 536), 30,
        **closed("max_unsaved_room_bytes", 4503, "unavailable"), value=65_536),
    Row("max_unsaved_bytes", partial(edit_unsaved, in_new_session=True), (40_000, 25_536), 30,
        **closed("max_unsaved_bytes", 4503, "unavailable"), value=65_536),
    Row("updates_burst", type_together, (20,), 21, **slowed("updates_per_s"), value=20,
        settings={"updates_per_s": 2},
        also=("updates_per_s",)),
    Row("update_bytes_per_s", send_bytes, (4 * 1_024 + 1_024,), 4 * 1_024 + 1_025,
        **slowed("update_bytes_per_s"),
        value=1_024, settings={"max_sync_bytes": 1_024}),
    Row("presence_ms", announce_together, (1,), 2, **quiet("presence_ms", "later"), value=300),
    Row("presence_bytes", partial(announce, state=sized), (256,), 257,
        **quiet("presence_bytes", "ignored"),
        value=256, settings=OFTEN),
    Row("presence_depth", partial(announce, state=nested), (3,), 4,
        **quiet("presence_depth", "ignored"),
        value=3, settings=OFTEN),
    Row("presence_depth", partial(announce, state=nested), (3,), 2_000,
        **quiet("presence_depth", "ignored"),
        value=3, settings=OFTEN),
    Row("presence_clients", announce, (1, 2), 3, **quiet("presence_clients", "ignored"), value=2,
        settings=OFTEN),
    *(Row(limit, connect, range(2), 2, **closed(limit, 4529, "too_many"), value=2)
      for limit in ("connections_per_user", "connections_per_address", "connections_per_session",
                    "connections",
                    "handshakes_per_min")),
    Row("pong_s", answer_pings, (False,), True, **quiet("pong_s", CUT), value=1,
        settings={"ping_s": 1},
        also=("ping_s",)),
)  # fmt: skip


@pytest.mark.parametrize("row", [*SOCKETS, *REST], ids=lambda row: row.limit)
async def test_limit_reached_passes_and_limit_exceeded_is_refused_and_counted(
    start_server, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """At the limit, everything passes and nothing is counted.

    Beyond it, the client is told, and /metrics counts it once.
    """
    server = await start_server(**row.started_with)
    async with AsyncExitStack() as stack:
        scene = await Scene.set(server, monkeypatch, stack)
        before = await scene.counts()

        within = [await row.call(scene, number) for number in row.at]
        at_limit = await scene.counts()
        beyond = await row.call(scene, row.over)
        over = await scene.counts()

        assert set(within) == {row.goes}
        assert {name for name in row.counts if at_limit.get(name) != before.get(name)} == set()
        assert beyond == row.told
        assert Counter(over) - Counter(at_limit) == row.counts


def test_limit_table_covers_every_number_of_configuration() -> None:
    """Each numeric setting is in the table, or in the list of settings that limit no client."""
    numbers = {setting.name for setting in all_settings() if setting.is_number}
    tested = {name for row in (*SOCKETS, *REST) for name in (row.limit, *row.also)}

    assert numbers == (tested & numbers) | NO_LIMITS.keys()
    assert tested & NO_LIMITS.keys() == set()


def test_page_on_limits_has_a_row_for_every_limit() -> None:
    """A table of docs/design/limits.md has each setting that limits clients.

    The row says why the setting has its default.
    """
    page = (ROOT / "docs" / "design" / "limits.md").read_text()
    names = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| "))
    limits = {setting.name for setting in all_settings() if setting.is_number} - NO_LIMITS.keys()

    assert sorted(name for name in limits if f"`{name}`" not in names) == []
