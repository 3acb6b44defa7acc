"""Servers as separate processes, which tests may kill."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient

from tests import canaries
from tests.narrowing import required
from tests.waiting import until

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """`collab-server run` as a process, with settings as environment variables.

    It has no supervisor, so that after `kill` no other process starts.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        module: tuple[str, ...] = ("collab_server",),
        flags: tuple[str, ...] = (),
        **variables: Any,
    ) -> None:
        """Prepare a server that is not started yet.

        module  the module that is run, and its arguments before `run`
        flags   arguments after `run`
        """
        self._module = module
        self._flags = flags
        self.url = f"http://127.0.0.1:{port}"
        self.output = data_dir.with_suffix(f".{port}.log")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")},
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATA_DIR": str(data_dir),
            "COLLAB_BCRYPT_COST": "4",
            "COLLAB_HANDSHAKES_PER_MIN": "100000",
            "COLLAB_ACCEPTS_PER_S": "100000",
            "COLLAB_LOG_FORMAT": "json",
            "COLLAB_SUPERVISOR": "off",
            **{name: str(value) for name, value in variables.items()},
        }
        self._process: asyncio.subprocess.Process | None = None
        canaries.USED.printed(self.output)

    async def start(self) -> None:
        """Start the process, and wait until the server is ready."""
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._module, "run", *self._flags,
                cwd=ROOT, env=self._environment, stdout=output, stderr=output,
                stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        await until(self._is_ready)
        canaries.USED.configured(self._environment, self._environment["DATA_DIR"])

    async def _is_ready(self) -> bool:
        assert self._running.returncode is None, self.output.read_text()
        try:
            answer = await AsyncHTTPClient().fetch(self.url + "/readyz", raise_error=False)
        except OSError:
            return False
        return answer.code == 200

    async def kill(self) -> None:
        """Kill the process with SIGKILL, like a power cut."""
        self._running.kill()
        await self._running.wait()

    async def end(self) -> None:
        """Kill the process if it still runs. A test calls this at its end, even after a failure."""
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    @property
    def _running(self) -> asyncio.subprocess.Process:
        return required(self._process)

    @property
    def pid(self) -> int:
        return self._running.pid

    async def wait(self) -> int:
        """Wait until the process has ended, and return its exit code."""
        return await self._running.wait()

    def signal(self, number: int) -> None:
        self._running.send_signal(number)

    async def terminate(self) -> int:
        """End the process with SIGTERM, and return its exit code."""
        self._running.send_signal(signal.SIGTERM)
        return await self._running.wait()

    def problems(self) -> list[str]:
        """Return the lines that the server logged as warnings or errors."""
        lines = self.output.read_text().splitlines()
        return [
            line for line in lines if '"level": "error"' in line or '"level": "warning"' in line
        ]
