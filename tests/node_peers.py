"""Controls `node/peer.mjs`, one Node process with real Yjs documents and stock providers."""

import asyncio
import itertools
import json
from functools import partial
from pathlib import Path
from typing import Any

from harness.node import PROGRAMS, node_command
from tests.api import Api
from tests.narrowing import required
from tests.waiting import PATIENCE_S, until

_ANSWER_S = 300
"""The seconds to wait for an answer. No client takes so long, and a test's own time limit is
shorter."""


class Peers:
    """Yjs clients by name. Example: `await peers.do("insert", "ada", text="x")`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, program: Path = PROGRAMS / "peer.mjs") -> "Peers":
        """Start a program that reads the same commands as `peer.mjs`."""
        process = await asyncio.create_subprocess_exec(
            node_command(),
            "--no-warnings",
            program.name,
            cwd=program.parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=256 << 20,
        )
        return cls(process)

    async def stop(self) -> None:
        """End the program, and read all of its output, because only then is the pipe closed."""
        self._process.kill()
        await self._process.wait()
        await asyncio.wait({self._reader}, timeout=5)
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def do(self, action: str, name: str, **options: Any) -> Any:
        number = next(self._ids)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        required(self._process.stdin).write(
            json.dumps({"id": number, "do": action, "name": name, **options}).encode() + b"\n"
        )
        async with asyncio.timeout(_ANSWER_S):
            answer = await future
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["ok"]

    async def text(self, name: str) -> str:
        return await self.do("text", name)

    async def until_text(self, text: str, *names: str) -> None:
        for name in names:
            await until(partial(self.text, name), lambda shown: shown == text)

    async def until_state(
        self, name: str, timeout_s: float = PATIENCE_S, **expected: Any
    ) -> dict[str, Any]:
        """Wait until fields of the client's state have the wanted values.

        A wanted value may be a function that checks the field's value.
        """
        return await until(lambda: self.do("state", name), partial(has, expected), timeout_s)

    async def _read(self) -> None:
        stdout = required(self._process.stdout)
        while line := await stdout.readline():
            answer = json.loads(line)
            future = self._waiting.pop(answer["id"])
            if not future.done():
                future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("Node ended"))


def has(expected: dict[str, Any], state: dict[str, Any]) -> bool:
    """Whether each wanted field of a state has its value, or a value that its function accepts."""
    return all(
        want(state[key]) if callable(want) else state[key] == want for key, want in expected.items()
    )


async def connect(peers: Peers, api: Api, session_id: str, name: str, **options: Any) -> None:
    """Connect a Yjs client to a session, and wait until the document has arrived."""
    await peers.do("connect", name, url=api.socket_url, room=session_id, token=api.token, **options)
    await peers.until_state(name, synced=True)
