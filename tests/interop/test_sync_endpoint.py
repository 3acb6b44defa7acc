"""Tests of the endpoint `/sync`: size limits, floods, slow readers and fixed bounds."""

import asyncio
import json
import re
import socket
from collections.abc import Callable

import pytest

from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_bytes, write_var_uint
from handlers.sync import rate_gate
from harness.hostile import many_roots, nested_arrays, nested_types
from tests.api import Api
from tests.crdt.harness import Typist
from tests.handlers.clients import greeted
from tests.processes import ROOT
from tests.raw_frames import handshake, open_connections
from tests.waiting import PATIENCE_S, until


def root_called(name_bytes: int) -> bytes:
    """Return an update with a letter in a root whose name has this many bytes."""
    return b"\x01\x01\x01\x00\x04\x01" + write_var_bytes(b"n" * name_bytes) + b"\x01x\x00"


def types_in_a_list(count: int) -> bytes:
    """Return an update with shared types next to each other in one root."""
    return b"\x01" + write_var_uint(count) + b"\x01\x00" + b"\x07\x01\x04list\x00" * count + b"\x00"


def collected_structs(count: int) -> bytes:
    """Return an update with garbage-collected structs of one unit, the shortest that exist."""
    return b"\x01" + write_var_uint(count) + b"\x01\x00" + b"\x00\x01" * count + b"\x00"


FIXED: dict[str, tuple[Callable[[int], bytes], int]] = {
    "roots": (many_roots, 4_096),
    "name_bytes": (root_called, 4_096),
    "types": (types_in_a_list, 100_000),
    "type_depth": (nested_types, 500),
    "value_depth": (nested_arrays, 500),
    "structs": (collected_structs, 1_000_000),
}
"""{bound: (how to make an update of a size, the largest size that passes)}

No operator can change these bounds."""


async def test_message_over_size_limit_is_refused_before_its_end(start_server) -> None:
    """A message over the limit closes its sender with 1009, even before it is complete."""
    server = await start_server(max_sync_bytes=2048, max_update_bytes=2048)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    typist = Typist(5)
    wire = await greeted(ada, session_id, "&saved=1")

    await wire.send(y_protocol.sync_update(typist.insert(0, "x" * 2000)))
    await wire.receive_until(b"\x66")
    await wire.send(b"\x00" * 5000)

    assert (await wire.until_closed())[0] == 1009


async def test_flood_slows_its_sender_but_not_others(start_server) -> None:
    """After its burst, a client is read more slowly, but all its edits arrive.

    Other clients are not slowed.
    """
    server = await start_server(updates_per_s=50, updates_burst=20)
    ada = await Api(server.url).sign_up()
    bob = await ada.sign_up()
    session_id = await ada.new_session()
    flooder, other = (
        await greeted(ada, session_id, "&saved=1"),
        await greeted(bob, session_id, "&saved=1"),
    )
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


async def test_flood_that_continues_closes_its_sender(start_server, monkeypatch) -> None:
    """A client that stays over the limit for too long is closed with 1008."""
    monkeypatch.setattr(rate_gate, "_MAX_OVER_S", 0.2)
    server = await start_server(updates_per_s=50, updates_burst=5)
    ada = await Api(server.url).sign_up()
    wire = await greeted(ada, await ada.new_session())
    typist = Typist(5)

    async def flood() -> None:
        while wire.close_code is None:
            await wire.send(y_protocol.sync_update(typist.insert(0, "x")))

    flooding = asyncio.create_task(flood())
    code, reason = await wire.until_closed()

    assert (code, '"too_fast"' in reason) == (1008, True)
    assert server.parts.services.connections.too_fast == 1
    await asyncio.gather(flooding, return_exceptions=True)


async def test_client_that_does_not_read_is_closed(start_server) -> None:
    """A client that stops reading is closed when its queue is full. Others are not affected."""
    server = await start_server(
        max_queued_bytes=65_536, updates_per_s=1e6, updates_burst=1e6, update_bytes_per_s=1 << 30
    )
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    deaf = socket.create_connection(("127.0.0.1", server.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(handshake(session_id, ada.token))
    await until(lambda: open_connections(server), lambda count: count == 1)
    writer, typist = await greeted(ada, session_id, "&saved=1"), Typist(5)
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


async def test_document_larger_than_send_limit_reaches_newcomer(
    ada: Api, start_server, tmp_path
) -> None:
    """A newcomer gets the whole document, even if that is larger than the limit of its queue."""
    server = await start_server(max_queued_bytes=65_536, data_dir=str(tmp_path / "other"))
    owner = await Api(server.url).sign_up()
    session_id = await owner.new_session(code="large\n" * 100_000)
    wire = await greeted(owner, session_id)

    await wire.send(b"\x00\x00\x01\x00")
    state = await wire.receive_until(b"\x00\x01")

    assert len(state) > 600_000


# On one event loop only: these bounds are of documents, and a million structs take long to read.
@pytest.mark.asyncio(loop_factories=["uvloop"])
@pytest.mark.parametrize(
    "frame", [y_protocol.sync_update, y_protocol.sync_step2], ids=["edit", "answer"]
)
@pytest.mark.parametrize("limit", FIXED)
async def test_fixed_bound_is_the_documented_one_and_named_in_the_close(
    ada: Api, limit: str, frame
) -> None:
    """An update with the number in docs/documents.md is taken.

    An update with one more closes its sender with 4413 and the bound's name.
    """
    make, most = FIXED[limit]
    wire, other = [await greeted(ada, await ada.new_session(), "&saved=1") for _ in range(2)]

    await wire.send(frame(make(most)))
    await wire.receive_until(y_protocol.saved(1))
    await other.send(frame(make(most + 1)))
    code, reason = await other.until_closed()

    assert (code, json.loads(reason)["code"], json.loads(reason)["limit"]) == (
        4413,
        "too_large",
        limit,
    )


def test_fixed_bounds_of_documentation_all_have_a_case() -> None:
    """Each bound of docs/documents.md is tried here, except `work` and `author_share_percent`.

    `work` is a time: tests/interop/test_hostile.py has edits that cost too much.
    `author_share_percent` is a setting: tests/interop/test_every_limit.py has its row.
    """
    page = (ROOT / "docs" / "documents.md").read_text()
    told = dict(re.findall(r"^\| `([a-z_]+)` \| ([0-9,]+) \|", page, re.MULTILINE))

    assert {name: f"{most:,}" for name, (_, most) in FIXED.items()} == {
        name: figure for name, figure in told.items() if name != "author_share_percent"
    }


async def test_edit_over_text_limit_closes_its_sender_with_4413(start_server) -> None:
    """An edit over the text's limit closes its sender with 4413, and is not taken."""
    server = await start_server(max_text_bytes=1024)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session(code="x" * 1024)
    wire = await greeted(ada, session_id)

    await wire.send(y_protocol.sync_update(Typist(5).insert(0, "y")))

    assert (await wire.until_closed())[0] == 4413
    assert (await ada.live(session_id))["code"] == "x" * 1024
