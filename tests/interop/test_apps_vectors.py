"""Updates of real Yjs (`apps/vectors.mjs`), sent to the socket.

The server must have the same document as Yjs.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.api import Answer, Api
from tests.interop.apps_world import PLENTY, PROGRAM, report
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import until

PEOPLE = ("ada", "bob", "cy", "watcher")
SEED = 7
"""The seed of the client ids, which decide the order of edits at the same place. `make vectors`
plays other seeds."""
_TOGETHER = 6
_BUSY_S = 180
_PLENTY: dict[str, Any] = {
    **PLENTY,
    "COLLAB_UPDATES_PER_S": 1_000_000,
    "COLLAB_UPDATES_BURST": 1_000_000,
    "COLLAB_UPDATE_BYTES_PER_S": 1 << 30,
}

KINDS = (
    "contents",
    "names",
    "large",
    "parents",
    "holes",
    "known",
    "carried",
    "values",
    "kept",
    "merged",
    "random",
    "histories",
)


class Game:
    """One server, four users, and a session for each vector and form.

    A form is a live edit or an answer.
    """

    def __init__(self, peers: Peers, server: ServerProcess) -> None:
        self._peers = peers
        self._server = server
        self._people: dict[str, Api] = {}
        self._rooms: dict[tuple[str, str], str] = {}
        self._texts: dict[str, Any] = {}
        self._limit = asyncio.Semaphore(_TOGETHER)

    async def begin(self) -> None:
        await self._server.start()
        for name in PEOPLE:
            self._people[name] = await Api(self._server.url).sign_up(f"{name}-plays")

    async def play(self, vectors: list[dict[str, Any]]) -> list[str]:
        """Play each vector in each form, and return the problems."""
        self._texts |= {vector["key"]: vector["texts"] for vector in vectors}
        runs = [self._play(vector["key"], form) for vector in vectors for form in vector["forms"]]
        return [problem for problems in await asyncio.gather(*runs) for problem in problems]

    async def after_restart(self) -> list[str]:
        """Restart the server, let a client join each session, and return the problems."""
        assert await self._server.terminate() == 0
        await self._server.start()
        runs = [self._join(key, form) for key, form in self._rooms]
        return [problem for problems in await asyncio.gather(*runs) for problem in problems]

    def _place(self, session_id: str) -> dict[str, Any]:
        tokens = {name: api.token for name, api in self._people.items()}
        return {"url": self._people["ada"].socket_url, "room": session_id, "tokens": tokens}

    async def _play(self, key: str, form: str) -> list[str]:
        async with self._limit:
            session_id = self._rooms[key, form] = await self._people["ada"].new_session()
            told = await self._peers.do("play", "", key=key, form=form, **self._place(session_id))
            problems = [f"closed {close}" for close in told.pop("closes")]
            problems += [f"{who}: {problem}" for who, problem in told.items() if problem]
            return [
                f"{key} {form}: {problem:.300}"
                for problem in problems + await self._rest(key, session_id)
            ]

    async def _join(self, key: str, form: str) -> list[str]:
        async with self._limit:
            session_id = self._rooms[key, form]
            told = await self._peers.do("join", "", key=key, **self._place(session_id))
            problems = [f"{who}: {problem}" for who, problem in told.items() if problem]
            problems += await self._rest(key, session_id)
            return [f"{key} {form}, after a restart: {problem:.300}" for problem in problems]

    async def _latest(self, session_id: str) -> Answer:
        """Return the live text.

        Repeat the request while the server answers with 503, as it does on a busy machine.
        """
        ada = self._people["ada"]
        return await until(
            lambda: ada.get(f"/code/{session_id}/latest?live=true"),
            lambda answer: answer.status != 503,
            timeout_s=_BUSY_S,
        )

    async def _rest(self, key: str, session_id: str) -> list[str]:
        """Compare the texts of the REST API with those of Yjs, and return the problems."""
        answer = await self._latest(session_id)
        if answer.status != 200:
            return [f"REST: {answer.status} {answer.body}"]
        files = answer.body["files"]
        fitting = [
            {name.removeprefix("root:"): text for name, text in texts.items()}
            for texts in self._texts[key]
        ]
        if any(
            all(files.get(name, "") == text for name, text in texts.items()) for texts in fitting
        ):
            return []
        return [f"REST: has {files!r:.100}, should have {fitting[-1]!r:.100}"]


async def played(tmp_path: Path, action: str, **options: Any) -> list[str]:
    peers = await Peers.start(PROGRAM)
    server = ServerProcess(tmp_path / "data", free_port(), **_PLENTY)
    try:
        game = Game(peers, server)
        await game.begin()
        problems = await game.play(await peers.do(action, "", **options))
        problems += await game.after_restart()
        assert await server.terminate() == 0
        return problems + server.problems()
    finally:
        await server.end()
        await peers.stop()


def _sources() -> dict[str, dict[str, Any]]:
    """Return the commands of `apps/main.mjs` that make or read vectors, by name."""
    seeds = [int(seed) for seed in os.environ.get("COLLAB_VECTOR_SEEDS", str(SEED)).split(",")]
    sources: dict[str, dict[str, Any]] = {
        f"{kind}-{seed}": {"action": "vectors", "kind": kind, "seed": seed}
        for kind in KINDS
        for seed in seeds
    }
    if file := os.environ.get("COLLAB_VECTORS"):
        sources["file"] = {"action": "read", "file": file}
    return sources


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("source", _sources().values(), ids=_sources().keys())
async def test_vectors_of_real_yjs_give_the_documents_of_yjs(
    source: dict[str, Any], tmp_path: Path
) -> None:
    """No update closes a connection, neither as a live edit nor as an answer.

    The server, a watcher, a newcomer and a restarted server have the same document as Yjs.

    COLLAB_VECTOR_SEEDS may name other seeds, with commas between them, and COLLAB_VECTORS a JSON
    list of more vectors in the format of `apps/vectors.mjs`.
    """
    problems = await played(tmp_path, **source)

    assert not problems, report(problems)
