"""I: what people who type feel of one client that does not read and one that floods, with the usual limits on edits."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from typing import Any

from bench import data
from bench.servers import LOAD_CORE, Running, kinds, running

_ROOMS = 50
_LIMITS = {"COLLAB_UPDATES_PER_S": "60", "COLLAB_UPDATES_BURST": "300", "COLLAB_UPDATE_BYTES_PER_S": str(512 << 10)}
_PRESENCE = b"\x82\x83\x00\x00\x00\x00\x01\x01\x00"
"""A presence frame without entries, masked with zeros."""


def measure(seconds: float) -> dict[str, Any]:
    """Return {"quiet": …, "trouble": …}: 50 rooms × 2, 30 updates/s each, without and with the two."""
    found = {}
    for name in ("quiet", "trouble"):
        with running(kinds()["ours"], **_LIMITS) as server:
            rooms = server.rooms(_ROOMS)
            stop = threading.Event()
            threads = []
            if name == "trouble":
                threads = [threading.Thread(target=one, args=(server, rooms[0], stop)) for one in (_deaf, _flood)]
            for thread in threads:
                thread.start()
            found[name] = _typing(server, rooms, seconds)
            stop.set()
            for thread in threads:
                thread.join()
    return found


def _typing(server: Running, rooms: list[str], seconds: float) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(rooms))
        file.flush()
        command = [
            "taskset",
            "-c",
            str(LOAD_CORE),
            str(data.LOADGEN / "yload"),
            "--url",
            server.url(),
            "--token",
            server.token,
        ]
        command += [
            "--rooms-file",
            file.name,
            "--updates",
            str(data.updates()),
            "--pid",
            str(server.pid),
            "--mode",
            "paced",
        ]
        command += ["--rooms", str(_ROOMS), "--clients", "2", "--writers", "1", "--rate", "30", "--warmup", "1"]
        done = subprocess.run([*command, "--duration", str(seconds)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _connected(server: Running, room: str) -> socket.socket:
    os.sched_setaffinity(0, {LOAD_CORE})
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.sendall(
        f"GET /sync/{room}?token={server.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    return connection


def _deaf(server: Running, room: str, stop: threading.Event) -> None:
    """Asks for the document and reads nothing."""
    connection = _connected(server, room)
    connection.sendall(b"\x82\x84\x00\x00\x00\x00\x00\x00\x01\x00")
    stop.wait()
    connection.close()


def _flood(server: Running, room: str, stop: threading.Event) -> None:
    """Sends presence at about ten times what is allowed, and comes back when it is closed."""
    connection = _connected(server, room)
    while not stop.is_set():
        try:
            connection.sendall(_PRESENCE * 25)
        except OSError:
            connection.close()
            connection = _connected(server, room)
        time.sleep(0.01)
    connection.close()
