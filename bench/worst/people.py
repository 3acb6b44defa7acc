"""People, each with an account and an address: their requests, and a simple WebSocket client."""

import contextlib
import http.client
import itertools
import json
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from bench.trouble import PASSWORD, frame
from crdt.wire import y_protocol

_numbers = itertools.count(1)
_TIMEOUT_S = 120.0
_READ_BYTES = 1 << 18
_READ_S = 0.002
_MARK_BYTES = 8
"""The number of bytes that are kept from the end of each read. The server's message "saved" is not
longer, and may be split between two reads."""
SAYS_S = 4.0
"""Seconds between two messages. The server closes connections that send nothing for long."""


@dataclass
class Answer:
    """Status, body and headers of an answer. The status is 0 if the connection broke."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Person:
    """A person who has signed up."""

    port: int
    address: str
    token: str = ""
    name: str = ""

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float = _TIMEOUT_S,
        content_type: str = "",
        accepted: str = "",
    ) -> Answer:
        """Send a request. `bytes` are sent unchanged as `content_type`, any other body as JSON.

        accepted  value of the header Accept-Encoding
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if accepted:
            headers["Accept-Encoding"] = accepted
        if body is not None:
            headers["Content-Type"] = content_type or "application/json"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout_s, (self.address, 0)
        )
        with contextlib.closing(connection):
            try:
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
                return Answer(answer.status, answer.read(), dict(answer.getheaders()))
            except (OSError, http.client.HTTPException) as error:
                return Answer(0, repr(error).encode())

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed; return the answer's JSON."""
        answer = self.request(method, path, body)
        if not 200 <= answer.status < 300:
            raise SystemExit(f"{method} {path} answered {answer.status}: {answer.body[:300]!r}")
        return answer.json() if answer.body else None

    def session(self, **fields: Any) -> str:
        """Make a session that other people join by its link; return its id."""
        fields = {"title": "worst", "access": "link", "joinRole": "editor", **fields}
        return str(self.ask("POST", "/session", fields)["id"])

    def join(self, session_id: str) -> None:
        self.ask("POST", f"/session/{session_id}/join", {})

    def editor(self, session_id: str) -> "Editor":
        """Open a session. The caller must use the result as a context manager."""
        return Editor(self.port, session_id, self.token, self.address)


def new_address() -> str:
    """Return an address of this machine that no person has used before."""
    number = next(_numbers)
    return f"127.77.{number // 250}.{number % 250 + 1}"


def sign_up(port: int) -> Person:
    """Sign up a new person with a new address."""
    address = new_address()
    name = f"person-{address.replace('.', '-')}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    token = Person(port, address).ask("POST", "/user/signup", body)["accessToken"]
    return Person(port, address, token, name)


class Editor:
    """A WebSocket that drops the messages that it receives. Its caller keeps track of the document.

    Raises OSError once it is closed.
    """

    def __init__(self, port: int, session_id: str, token: str, address: str) -> None:
        """Send the handshake. The `with` statement then sends the first sync messages."""
        self.socket = socket.socket()
        self.socket.bind((address, 0))
        self.socket.settimeout(_TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(
            f"GET /sync/{session_id}?token={token}&saved=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: "
            "websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            "AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        self.received = 0
        self._synced, self._saved = 1, 0
        """The number of sync messages that were sent, and the number that the server has saved. The
        first message is the empty update that `__enter__` sends."""
        self._tail = b""

    def __enter__(self) -> "Editor":
        head = self.socket.recv(_READ_BYTES)
        if b" 101 " not in head[:20]:
            raise ConnectionRefusedError(head[:200])
        self.send(frame(y_protocol.sync_step1({})) + frame(y_protocol.sync_step2(b"\x00\x00")))
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, block: bytes) -> None:
        """Send a whole block, and drop the bytes that come meanwhile."""
        rest = memoryview(block)
        while rest:
            readable, writable, _ = select.select([self.socket], [self.socket], [], 1)
            if readable:
                self.read()
            if writable:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[self.socket.send(rest, socket.MSG_DONTWAIT) :]

    def update(self, update: bytes) -> None:
        self._synced += 1
        self.send(frame(y_protocol.sync_update(update)))

    def sync(self, update: bytes) -> None:
        """Send an update as the answer to the server's first sync message."""
        self._synced += 1
        self.send(frame(y_protocol.sync_step2(update)))

    def await_saved(self, seconds: float = _TIMEOUT_S) -> bool:
        """Read until the server has confirmed that all updates are saved.

        Returns False if it does not confirm this in time.
        """
        until, said = time.monotonic() + seconds, time.monotonic()
        while self._saved < self._synced and time.monotonic() < until:
            if select.select([self.socket], [], [], SAYS_S)[0]:
                self.read()
            if time.monotonic() - said > SAYS_S:
                self.say_something()
                said = time.monotonic()
        return self._saved == self._synced

    def read(self) -> bytes:
        """Return the next bytes; raises OSError at the end."""
        data = self.socket.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError
        self.received += len(data)
        seen = self._tail + data
        if y_protocol.saved(self._synced) in seen:
            self._saved = self._synced
        self._tail = seen[-_MARK_BYTES:]
        return data

    def drain(self, seconds: float = _READ_S) -> None:
        """Read and drop bytes for some seconds."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                self.read()

    def say_something(self) -> None:
        """Send a message that keeps the connection open: no client here answers pings."""
        self.send(frame(bytes((y_protocol.QUERY_AWARENESS,))))
