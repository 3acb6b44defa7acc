"""A server process, its users, and apps on real Yjs in its sessions (`apps/main.mjs`)."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from collab_server import crashes
from handlers.close_codes import CloseCode
from tests.api import Api
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import PATIENCE_S, until

PROGRAM = Path(__file__).parent / "apps" / "main.mjs"
VERSIONS = (1, 2, 3)
"""Versions of y-websocket: 1.5, 2.1 and 3.1.

Only 3.1 stops reconnecting after the close codes from 4400 to 4499."""

PLENTY: dict[str, Any] = {
    "COLLAB_SIGNUPS_PER_H": 1000,
    "COLLAB_REQUESTS_PER_5MIN": 1_000_000,
    "COLLAB_CONNECTIONS_PER_ADDRESS": 1000,
    "COLLAB_CONNECTIONS_PER_USER": 1000,
}
"""Limits that many apps at one address would reach.

The limits of edits keep their defaults, because apps must work with them."""

_T = TypeVar("_T")


class World:
    """A server and named clients in its sessions.

    `connect` puts a client into a session. Clients also have the other actions of `main.mjs`.
    """

    def __init__(self, apps: Peers, server: ServerProcess, data_dir: Path) -> None:
        self.apps = apps
        self.server = server
        self._data_dir = data_dir
        self._numbers = itertools.count()
        self.expected_log: list[str] = []
        """Parts of warnings that the test expects in the log."""
        self.released = 0
        """The number of sessions that were set aside and that `start` released."""

    async def user(self, name: str) -> Api:
        return await Api(self.server.url).sign_up(f"{name}-{next(self._numbers)}")

    def name(self, of: str) -> str:
        """Return a name that no other client has."""
        return f"{of} {next(self._numbers)}"

    async def connect(self, name: str, api: Api, session_id: str, **options: Any) -> None:
        """Connect a client and wait until it has the document."""
        await self.begin(name, api, session_id, **options)
        await self.synced(name)

    async def begin(self, name: str, api: Api, session_id: str, **options: Any) -> None:
        await self.apps.do(
            "connect",
            name,
            **{"url": api.socket_url, "room": session_id, "token": api.token, **options},
        )

    async def synced(self, *names: str) -> None:
        for name in names:
            await self.apps.until_state(name, synced=True)

    async def refusals(self, *names: str) -> list[tuple[int, str]]:
        """Return the different (close code, reason) pairs of these clients.

        The code 1012 is left out. If `start` released a session that was set aside, the code for
        such sessions is left out, too.
        """
        closes = [
            tuple(close)
            for name in names
            for close in (await self.apps.do("state", name))["refusals"]
        ]
        accepted = CloseCode.OUT_OF_SERVICE if self.released else None
        return sorted({close for close in closes if close[0] != accepted})

    async def until_equal(
        self, roots: dict[str, str], *names: str, timeout_s: float = PATIENCE_S
    ) -> str | None:
        """Wait until documents are equal, or return the first difference after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            differences = await self.apps.do("compare", "", names=names, roots=roots)
            if not any(differences):
                return None
            if time.monotonic() > deadline:
                return next(
                    f"{name} {how}" for name, how in zip(names[1:], differences, strict=True) if how
                )
            await asyncio.sleep(0.05)

    async def run(self, name: str, code: str) -> Any:
        """Run JavaScript code in Node, with `doc` (the client's document) and `Y` (Yjs)."""
        return await self.apps.do("run", name, code=code)

    async def until_run(
        self, name: str, code: str, expected: Any, timeout_s: float = PATIENCE_S
    ) -> None:
        await until(lambda: self.run(name, code), lambda output: output == expected, timeout_s)

    async def restart(self) -> None:
        assert await self.server.terminate() == 0
        await self.server.start()

    async def kill(self) -> None:
        """Kill the server, as a power cut would. It may work for a session at this moment."""
        self.expected_log.append("the server died while it worked for session")
        await self.server.kill()

    async def start(self) -> None:
        """Start the server after `kill`.

        A session for which it worked at two unexplained deaths is set aside for ten minutes. These
        tests kill the server more often, so they release such a session as docs/operations.md says.
        """
        known = self._times_set_aside()
        await self.server.start()
        if self._times_set_aside() > known:
            self.released += 1
            assert await self.server.terminate() == 0
            (self._data_dir / crashes.NOTES_NAME).unlink()
            await self.server.start()

    def _times_set_aside(self) -> int:
        return sum("set aside for" in line for line in self.server.problems())

    async def leave(self, *names: str) -> None:
        for name in names:
            await self.apps.do("destroy", name)


@asynccontextmanager
async def world(data_dir: Path, **settings: Any) -> AsyncIterator[World]:
    """Start a server and Node with apps. At the end, the server must have logged no warning."""
    apps = await Peers.start(PROGRAM)
    server = ServerProcess(data_dir, free_port(), **PLENTY, **settings)
    try:
        await server.start()
        room = World(apps, server, data_dir)
        yield room
        assert await server.terminate() == 0
        logged = [
            line
            for line in server.problems()
            if not any(part in line for part in room.expected_log)
        ]
        assert not logged, report(logged)
    finally:
        await server.end()
        await apps.stop()


def report(problems: Iterable[str]) -> str:
    """Return lines for the message of a failed test, with halves of characters escaped."""
    return "\n".join(["", *problems]).encode("utf-8", "backslashreplace").decode()


async def few_together(runs: Iterable[Awaitable[_T]], count: int = 4) -> list[_T]:
    """Wait for all awaitables, but run at most `count` at the same time."""
    limit = asyncio.Semaphore(count)

    async def one(run: Awaitable[_T]) -> _T:
        async with limit:
            return await run

    return list(await asyncio.gather(*(one(run) for run in runs)))
