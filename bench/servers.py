"""The compared servers.

This module starts each server, pins it to one core, and waits until it is ready.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "bench"
SERVER_CORE = 0
LOAD_CORE = 1 if (os.cpu_count() or 1) > 1 else 0
BUN = "y-websocket on Bun"
_START_S = 30.0
_CLOSE_S = 300.0

_OPEN_LIMITS = {
    "COLLAB_UPDATES_PER_S": "1000000",
    "COLLAB_UPDATES_BURST": "10000000",
    "COLLAB_UPDATE_BYTES_PER_S": "1073741824",
    "COLLAB_CONNECTIONS_PER_USER": "100000",
    "COLLAB_CONNECTIONS_PER_ADDRESS": "100000",
    "COLLAB_CONNECTIONS_PER_SESSION": "100000",
    "COLLAB_CONNECTIONS": "100000",
    "COLLAB_HANDSHAKES_PER_MIN": "1000000",
    "COLLAB_ACCEPTS_PER_S": "1000000",
    "COLLAB_REQUESTS_PER_5MIN": "10000000",
    "COLLAB_ACCESS_TOKEN_S": "86400",
    "COLLAB_PRESENCE_MS": "0",
    "COLLAB_LOG_LEVEL": "warning",
    "COLLAB_SUPERVISOR": "off",
}
"""Settings that lift the limits of our server, because one user on one machine plays all people.
The peers have no limits and no supervisor."""


@dataclass(frozen=True)
class Kind:
    """A server to measure. `command` starts it; the environment variable PORT is its port."""

    name: str
    command: tuple[str, ...]
    protocol: str = "y"
    env: dict[str, str] = field(default_factory=dict)
    is_ours: bool = False
    is_pinned: bool = True


def _bun() -> str:
    programs = sorted((PEERS / "node_modules" / "@oven").glob("bun-linux-x64*/bin/bun"))
    return str(next((program for program in programs if _runs(program)), PEERS / "no-bun"))


def _runs(program: Path) -> bool:
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


_Y_WEBSOCKET = "node_modules/@y/websocket-server/src/server.js"


def kinds() -> dict[str, Kind]:
    """Return the servers by name, ours first."""
    peer = str(PEERS / "peers" / ".venv" / "bin" / "python")
    every = (
        Kind(
            "ours", (sys.executable, "-m", "collab_server", "run"), env=_OPEN_LIMITS, is_ours=True
        ),
        Kind("y-websocket", ("node", _Y_WEBSOCKET)),
        Kind(BUN, (_bun(), _Y_WEBSOCKET)),
        Kind("Hocuspocus", ("node", "peers/hocuspocus.mjs"), protocol="hocuspocus"),
        Kind("pycrdt-websocket", (peer, "peers/pycrdt_server.py")),
    )
    return {
        kind.name: kind
        for kind in every
        if Path(kind.command[0]).exists() or kind.command[0] == "node"
    }


@dataclass
class Running:
    """A server that has started and answers."""

    kind: Kind
    port: int
    pid: int
    token: str = ""

    def url(self) -> str:
        path = (
            "/sync/{room}" if self.kind.is_ours else "/{room}" if self.kind.protocol == "y" else "/"
        )
        return f"ws://127.0.0.1:{self.port}{path}"

    def rooms(self, count: int) -> list[str]:
        """Return the names of new rooms."""
        if not self.kind.is_ours:
            return [f"room-{number}" for number in range(count)]
        return [self.post("/session", {"title": "bench"})["sessionId"] for _ in range(count)]

    def sign_up(self) -> None:
        body = {
            "username": "bench",
            "email": "bench@example.com",
            "password": "correct horse battery",
        }
        self.token = self.post("/user/signup", body)["accessToken"]

    def lag(self) -> dict[str, float]:
        """Return how often a timer of our event loop was due, and how often it was over 20 ms late.

        For other servers, the result is empty.
        """
        if not self.kind.is_ours:
            return {}
        metrics = self.metrics()
        name = "collab_event_loop_lag_seconds"
        times = metrics[name + "_count"]
        return {"lag_times": times, "lag_over_20_ms": times - metrics[name + '_bucket{le="0.02"}']}

    def await_closed_rooms(self) -> None:
        """Wait until all rooms are closed, so that their logs are packed and checkpoints made."""
        until = time.monotonic() + _CLOSE_S
        while self.metrics()["collab_rooms"]:
            if time.monotonic() > until:
                raise SystemExit("a room does not close")
            time.sleep(0.5)

    def metrics(self) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return {
            name: float(value)
            for name, value in (x.rsplit(" ", 1) for x in text.splitlines() if x[0] != "#")
        }

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Send a request as the user who has signed up; return the answer's body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        connection.request(
            "POST",
            path,
            json.dumps(body),
            headers if self.token else {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        if answer.status >= 300:
            raise SystemExit(f"POST {path} answered {answer.status}: {content}")
        return content


@contextmanager
def running(kind: Kind, **settings: str) -> Iterator[Running]:
    """Run a server. If it is pinned, it may use the first core only.

    settings  environment variables of our server
    """
    cores = {SERVER_CORE} if kind.is_pinned else os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        env = {
            **os.environ,
            **kind.env,
            **settings,
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "DATA_DIR": folder,
        }
        cwd = ROOT if kind.is_ours else PEERS
        with open(Path(folder) / "log", "w") as log:
            process = subprocess.Popen(
                kind.command, cwd=cwd, env=env, stdout=log, stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),  # noqa: PLW1509  # no threads run yet
            )  # fmt: skip
        try:
            _await_port(process, port, Path(folder) / "log")
            server = Running(kind, port, process.pid)
            if kind.is_ours:
                server.sign_up()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{process.args!r} did not start:\n{log.read_text()[-2000:]}")
