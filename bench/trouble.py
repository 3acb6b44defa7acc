"""Measures the delay of typing while one client misbehaves.

This module starts the server with its usual limits and lets users type. `Client` is the connection
of the misbehaving client.
The kinds of misbehaviour are in `floods`.
"""

import contextlib
import ctypes
import http.client
import json
import multiprocessing
import os
import select
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from bench import data
from bench.servers import LOAD_CORE, Running, kinds, running

ADDRESS = "127.0.0.2"
PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live for seconds
FIGURES = (
    "ms_p50",
    "ms_p95",
    "ms_p99",
    "ms_max",
    "server_cpu_pct",
    "delivered_per_s",
    "lost",
    "flood_per_s",
)
BINARY, PING = 0x82, 0x89

_ROOMS = 50
_LIMITS = {"COLLAB_HANDSHAKES_PER_MIN": "120", "COLLAB_CONNECTIONS_PER_ADDRESS": "120"}
"""Settings that raise two limits, because one account at one address plays all users that type. All
other limits are the usual ones."""
_START_S, _PATIENCE_S, _PAUSE_S = 2.0, 30.0, 0.05
_SLOW_S = 120.0
"""The longest time of a request. It is this long because the server hashes one password after
another."""
_READ_BYTES = 1 << 18
_SEND_BYTES = 1 << 14
"""Size of the send buffer. Bytes in this buffer count as sent before the server has read them, so
the buffer is small."""


def _counter() -> "Synchronized[float]":
    return multiprocessing.Value(ctypes.c_double)


@dataclass(frozen=True)
class Target:
    """The data that a misbehaving client needs.

    port, address  the server's port, and the client's own address
    rooms          the sessions in which other people type
    own_room       the client's own session
    until          when the client stops, in seconds of the monotonic clock
    sent           how often the client has done its work
    """

    port: int
    token: str
    rooms: tuple[str, ...]
    own_room: str
    until: float
    address: str = ADDRESS
    sent: "Synchronized[float]" = field(default_factory=_counter)

    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def did(self, times: int) -> None:
        with self.sent.get_lock():
            self.sent.value += times


@dataclass(frozen=True)
class Flood:
    """The behaviour of one client.

    It ends when the target's time is over, or when the server closes the client. `prepare` is
    called before the typing.
    """

    about: str
    act: Callable[[Target], None]
    prepare: Callable[[Target], None] | None = None


def beside(
    seconds: float, floods: Mapping[str, Flood | None], runs: int = 1
) -> dict[str, dict[str, float]]:
    """Measure typing in 50 rooms with two clients each, while one more client misbehaves.

    Each room gets 30 updates a second. The floods take turns, `runs` times. Returns
    {name of the flood: medians}.
    """
    every: dict[str, list[dict[str, float]]] = {name: [] for name in floods}
    for _ in range(runs):
        for name, flood in floods.items():
            with running(replace(kinds()["ours"], env={}), **_LIMITS) as server:
                every[name].append(_typing_beside(server, flood, seconds))
    return {
        name: {key: statistics.median(run[key] for run in runs) for key in FIGURES}
        for name, runs in every.items()
    }


def _typing_beside(server: Running, flood: Flood | None, seconds: float) -> dict[str, float]:
    rooms = server.rooms(_ROOMS)
    if flood is None:
        return {"flood_per_s": 0.0, **typing(server, rooms, seconds)}
    target = flooder(
        server.port, tuple(rooms), "flooder", time.monotonic() + _PATIENCE_S + 3 * seconds
    )
    if flood.prepare:
        flood.prepare(target)
    with flooding(flood, target):
        before, began = target.sent.value, time.monotonic()
        figures = typing(server, rooms, seconds)
        rate = (target.sent.value - before) / (time.monotonic() - began)
    if not target.sent.value:
        raise SystemExit(f"nothing was sent: {flood.about}")
    return {"flood_per_s": rate, **figures}


def typing(server: Running, rooms: list[str], seconds: float) -> dict[str, Any]:
    """Let one of two clients type in each room; return the load generator's result."""
    command = [
        "taskset",
        "-c",
        str(LOAD_CORE),
        str(data.LOADGEN / "yload"),
        "--mode",
        "paced",
        "--warmup",
        "1",
    ]
    command += ["--url", server.url(), "--token", server.token, "--pid", str(server.pid)]
    command += ["--rooms", str(len(rooms)), "--clients", "2", "--writers", "1", "--rate", "30"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(rooms))
        file.flush()
        command += [
            "--rooms-file",
            file.name,
            "--updates",
            str(data.updates()),
            "--duration",
            str(seconds),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


# -- the client that misbehaves -------------------------------------------------------------------


def flooder(
    port: int, rooms: tuple[str, ...], name: str, until: float, address: str = ADDRESS
) -> Target:
    """Sign up a person with an address of their own, and make a session for them."""
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    token = post(port, "/user/signup", body, address=address)["accessToken"]
    own = post(port, "/session", {"title": name}, token, address)["id"]
    return Target(port, token, rooms, own, until, address)


def post(
    port: int, path: str, body: dict[str, Any], token: str = "", address: str = ADDRESS
) -> dict[str, Any]:
    """Send a request that must succeed; return its answer."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, _SLOW_S, (address, 0))
    ) as connection:
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"POST {path} answered {answer.status}: {text!r}")
    return dict(json.loads(text))


@contextlib.contextmanager
def flooding(flood: Flood, target: Target) -> Iterator[None]:
    """Let a client misbehave in a separate process.

    The client begins just before the `with` block, and is stopped at its end.
    """
    process = multiprocessing.get_context("fork").Process(
        target=misbehave, args=(flood, target), daemon=True
    )
    process.start()
    until = time.monotonic() + _START_S
    while not target.sent.value and process.is_alive() and time.monotonic() < until:
        time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def misbehave(flood: Flood, target: Target) -> None:
    """Act until the target's time is over, and reconnect after each close.

    The process has the lowest priority on its core. Otherwise it would take time from the load
    generator, which measures the other clients on the same core.
    """
    os.sched_setaffinity(0, {LOAD_CORE})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while target.goes_on():
        with contextlib.suppress(OSError, http.client.HTTPException):
            flood.act(target)
        time.sleep(_PAUSE_S)


class Client:
    """A simple WebSocket client: it sends prepared bytes, and drops what it receives.

    Raises OSError once it is closed.
    """

    def __init__(self, target: Target, room: str, receive_bytes: int = 0) -> None:
        """Send the handshake. The `with` statement waits for the answer.

        receive_bytes  size of the receive buffer; 0 for the system's choice
        """
        self._target = target
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.bind((target.address, 0))
        self._socket.settimeout(_PATIENCE_S)
        self._socket.connect(("127.0.0.1", target.port))
        self._socket.sendall(
            f"GET /sync/{room}?token={target.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: "
            "websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            "AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def read(self) -> bytes:
        """Return the next bytes from the server; raise OSError at the end."""
        if chunk := self._socket.recv(_READ_BYTES):
            return chunk
        raise ConnectionResetError

    def send(self, block: bytes, *, is_deaf: bool = False) -> None:
        """Send a whole block, and drop the bytes that arrive meanwhile.

        Raises TimeoutError when the target's time is over.
        """
        rest = memoryview(block)
        reading = [] if is_deaf else [self._socket]
        while rest:
            readable, writable, _ = select.select(reading, [self._socket], [], 1)
            if readable:
                self.read()
            if writable:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[self._socket.send(rest, socket.MSG_DONTWAIT) :]
            if not self._target.goes_on():
                raise TimeoutError

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Client":
        self.read()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def frame(payload: bytes, first: int = BINARY) -> bytes:
    """Return a WebSocket frame, masked with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload
