"""Tests of the presence of real clients after restarts and after the room was closed.

Everybody must be seen again, even a user who does not move their cursor.
"""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import until

SOON_S = 12
"""The time in seconds within which everybody must be seen. Clients renew their presence only after
15 s, so the server must show it sooner."""
VERSIONS = {"oldest": 1, "middle": 2, "newest": 3, "newest too": 3}


async def meet(peers: Peers, api: Api) -> dict[str, str]:
    """Connect four clients that each show a cursor, and return {name: client id}."""
    session_id = await api.new_session()
    for name, version in VERSIONS.items():
        await peers.do(
            "connect",
            name,
            url=api.socket_url,
            room=session_id,
            token=api.token,
            version=version,
            maxBackoffTime=300,
        )
        await peers.until_state(name, synced=True)
        await peers.do("field", name, field="cursor", value={"of": name})
    ids = {name: str((await peers.do("state", name))["clientID"]) for name in VERSIONS}
    await until(lambda: unseen(peers, ids), lambda missing: not missing)
    return ids


async def unseen(peers: Peers, ids: dict[str, str]) -> list[tuple[str, str]]:
    """Return (watcher, client) pairs in which the watcher does not see the client."""
    states = {name: await peers.do("states", name) for name in ids}
    return [
        (watcher, name)
        for watcher in ids
        for name, key in ids.items()
        if states[watcher].get(key, {}).get("cursor") != {"of": name}
    ]


async def come_back(peers: Peers, ids: dict[str, str], attempts: dict[str, int]) -> None:
    async def absent() -> list[str]:
        states = {name: await peers.do("state", name) for name in ids}
        return [
            name
            for name, state in states.items()
            if not state["synced"] or state["attempts"] == attempts[name]
        ]

    await until(absent, lambda names: not names)
    await until(lambda: unseen(peers, ids), lambda missing: not missing, timeout_s=SOON_S)


async def attempts_of(peers: Peers, ids: dict[str, str]) -> dict[str, int]:
    return {name: (await peers.do("state", name))["attempts"] for name in ids}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_presence_is_seen_again_soon_after_restart(
    tmp_path: Path, peers: Peers, number: int
) -> None:
    """After each of two restarts, all provider versions see each other, although nobody moves."""
    server = ServerProcess(tmp_path / "data", free_port(), COLLAB_CONNECTIONS_PER_USER=100)
    await server.start()
    ids = await meet(peers, await Api(server.url).sign_up("ada"))

    for _ in range(2):
        attempts = await attempts_of(peers, ids)
        server.signal(number)
        await server.wait()
        await server.start()
        await come_back(peers, ids, attempts)

    await server.terminate()


async def test_presence_is_seen_again_after_room_was_closed(
    start_server: Callable[..., Any], peers: Peers
) -> None:
    """Everybody is seen again after all were away for longer than the room is kept."""
    server = await start_server(idle_s=0.1)
    api = await Api(server.url).sign_up("ada")
    ids = await meet(peers, api)
    attempts = await attempts_of(peers, ids)
    for name in ids:
        await peers.do("disconnect", name)
    await until(lambda: not server.parts.services.rooms._loaded)

    for name in ids:
        await peers.do("reconnect", name)
        await asyncio.sleep(0.2)

    await come_back(peers, ids, attempts)
