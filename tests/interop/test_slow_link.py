"""Tests of providers that reconnect after 30 s without a message.

Large documents must arrive over slow links, and a silent session must stay connected.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab_server.server import Server
from crdt.wire import y_protocol
from tests.api import Api
from tests.handlers.clients import joined
from tests.node_peers import Peers, connect
from tests.slow_link import SlowLink
from tests.waiting import until

KIB = 1 << 10
VERSIONS = {"oldest": 1, "middle": 2, "newest": 3}


async def fill(api: Api, session_id: str, pictures: int, picture_bytes: int) -> None:
    """Put pictures into a map, and then a text, so the text arrives last."""
    doc: pycrdt.Doc = pycrdt.Doc()
    wire = await joined(api, session_id)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    for number in range(pictures):
        doc.get("pictures", type=pycrdt.Map)[f"p{number}"] = bytes(picture_bytes)
    doc.get("codemirror", type=pycrdt.Text).insert(0, "the end")
    for update in updates:
        await wire.send(y_protocol.sync_update(update))
    await until(lambda: api.live(session_id), lambda live: live["code"] == "the end")


@pytest.mark.slow
async def test_providers_stay_connected_over_slow_links_and_in_silence(
    start_server: Callable[..., Any], peers: Peers, tmp_path: Path
) -> None:
    """All versions of the provider load a large document at the first attempt.

    A client that asks again meanwhile does not get the document twice. A provider says that it is
    synced only when it has everything. If the document were one message, it would take longer
    than 30 s, and the provider would reconnect and start again for ever. In a session where
    nobody writes, the server sends something before the 30 s are over.
    """
    async with asyncio.TaskGroup() as links:  # the tasks mostly wait, so they run together
        silent = await start_server(data_dir=str(tmp_path / "silent"))
        links.create_task(_stay_silent(silent, peers))
        for pictures, bytes_per_s in ((17, 90 * KIB), (5, 25 * KIB)):
            server = await start_server(
                data_dir=str(tmp_path / f"{pictures}"),
                update_bytes_per_s=16 << 20,
                connections_per_user=100,
            )
            links.create_task(_load(server, peers, pictures, bytes_per_s))


async def _stay_silent(server: Server, peers: Peers) -> None:
    api = await Api(server.url).sign_up("ada")
    for name, version in VERSIONS.items():
        await connect(peers, api, await api.new_session(), f"quiet {name}", version=version)

    await asyncio.sleep(36)  # providers reconnect after 30 s without a message

    for name in VERSIONS:
        state = await peers.do("state", f"quiet {name}")
        assert (state["attempts"], state["closes"], state["synced"]) == (1, [], True), name


async def _load(server: Server, peers: Peers, pictures: int, bytes_per_s: int) -> None:
    api = await Api(server.url).sign_up("ada")
    session_id = await api.new_session()
    await fill(api, session_id, pictures, 200 * KIB)
    names = {f"{name} of {pictures}": version for name, version in VERSIONS.items()}

    async with SlowLink(server.port, bytes_per_s) as link:
        url = api.socket_url.replace(str(server.port), str(link.port))
        for name, version in names.items():
            await peers.do(
                "connect",
                name,
                url=url,
                room=session_id,
                token=api.token,
                version=version,
                resyncInterval=5_000,
            )
        early: dict[str, list[str]] = {name: [] for name in names}

        async def unsynced() -> list[str]:
            for name in names:
                if (await peers.do("state", name))["synced"]:
                    early[name].append(await peers.text(name))
            await asyncio.sleep(0.2)
            return [name for name in names if not early[name]]

        await until(unsynced, lambda waiting: not waiting, timeout_s=120)
        for name in names:
            state = await peers.do("state", name)
            assert (state["attempts"], state["closes"]) == (1, []), name
        assert {name: texts[0] for name, texts in early.items()} == dict.fromkeys(names, "the end")


@pytest.mark.slow
async def test_provider_that_syncs_again_every_five_seconds_is_never_closed(
    start_server: Callable[..., Any], peers: Peers, tmp_path: Path
) -> None:
    """A provider with `resyncInterval: 5000` stays connected while somebody else types.

    It has all typed text, even in a large document.
    """
    async with asyncio.TaskGroup() as pairs:  # the tasks mostly wait, so they run together
        for kib in (100, 250, 400, 900, 3_400):
            server = await start_server(
                data_dir=str(tmp_path / f"{kib}"), update_bytes_per_s=16 << 20
            )
            pairs.create_task(_sync_again(server, peers, kib))


async def _sync_again(server: Server, peers: Peers, kib: int) -> None:
    api = await Api(server.url).sign_up("ada")
    session_id = await api.new_session()
    await fill(api, session_id, max(1, kib // 200), min(kib, 200) * KIB)
    options = {"url": api.socket_url, "room": session_id, "token": api.token}
    reader, writer = f"reader of {kib}", f"writer of {kib}"
    await peers.do("connect", reader, resyncInterval=5_000, **options)
    await peers.do("connect", writer, **options)
    for name in (reader, writer):
        await peers.until_state(name, synced=True)

    await peers.do("type", writer, everyMs=100, mark="w")
    await asyncio.sleep(22)
    await peers.do("stop", writer)

    expected = await peers.text(writer)
    await until(lambda: peers.text(reader), lambda text: text == expected)
    state = await peers.do("state", reader)
    assert (state["attempts"], state["closes"]) == (1, []), reader
