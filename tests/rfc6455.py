"""Runs the cases of the Autobahn suite itself against the server's WebSocket layer.

`python -m tests.rfc6455` does it on real sockets. It needs `pip install kosoku==0.1.0`, which runs
Autobahn's case files in Python 3. kosoku is no dependency of the tests, because CI runs the same
groups against `/sync` (`tests/interop/test_rfc6455.py`).

The suite expects an echo and sends text, but the server accepts only binary messages. So this
program runs an echo on the server's socket class, and sends text as binary. Groups 6 (UTF-8 of
text), 12 and 13 (compression) would test nothing, and are left out. Arguments are patterns of
cases: "7.*".
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, WebSocketProtocol

from handlers.connections import Connections, SocketLimits
from handlers.sync.handover import Handover
from handlers.sync.send_queue import SendQueue
from handlers.sync.websocket import WebSocket

NOT_OURS = ["6.*", "12.*", "13.*"]
_TEXT, _BINARY = 1, 2
_CONCURRENT_CASES = 4
_MAX_BYTES = 16 << 20  # size of the suite's largest message


class Echo:
    """The server's own socket, with a receiver that sends every message back."""

    usual_start = b""

    def __init__(self, connections: Connections, loop: asyncio.AbstractEventLoop) -> None:
        self.socket = WebSocket(
            connections, loop, self, SendQueue(loop, connections.limits.queued_bytes)
        )

    def cost(self, message: bytes) -> float:
        return 1

    def receive(self, message: bytes) -> None:
        self.socket.send(message)

    async def receive_large(self, message: bytes, worked: Callable[[float], object]) -> None:
        self.socket.send(message)

    def slowed(self, seconds: float) -> None:
        """Do nothing."""

    def gone(self, code: int | None) -> None:
        """Do nothing."""


class EchoHandler(WebSocketHandler):
    """The server's handshake, without a sign-in."""

    def initialize(self, connections: Connections) -> None:
        self._connections = connections

    def get_websocket_protocol(self) -> WebSocketProtocol:
        return Handover(self)

    async def upgraded(self, connection: socket.socket, early: bytes) -> None:
        loop = asyncio.get_running_loop()
        echo = Echo(self._connections, loop)
        await loop.connect_accepted_socket(lambda: echo.socket, connection)
        echo.socket.data_received(early)
        echo.socket.go_on()


class TextAsBinary:
    """A protocol for a case of the suite. It sends text as binary."""

    def __init__(self, protocol: Any) -> None:
        vars(self).update(protocol=protocol, has_sent_text=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.protocol, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.protocol, name, value)

    def sendFrame(self, opcode: int, **options: Any) -> None:  # noqa: N802 -- the suite's name
        if opcode == _TEXT:
            vars(self)["has_sent_text"] = True
        self.protocol.sendFrame(opcode=_BINARY if opcode == _TEXT else opcode, **options)

    def sendMessage(self, payload: Any, **options: Any) -> None:  # noqa: N802
        vars(self)["has_sent_text"] = not options.get("isBinary", False)
        self.protocol.sendMessage(payload, **{**options, "isBinary": True})

    @property
    def txFrameStats(self) -> dict[int, int]:  # noqa: N802
        stats = self.protocol.txFrameStats
        return {**stats, _TEXT: stats[_BINARY]} if self.has_sent_text else stats


def as_binary(case: type) -> type:
    """Return a case that accepts a binary answer to text."""

    def __init__(self: Any, protocol: Any) -> None:  # noqa: N807
        case.__init__(self, TextAsBinary(protocol))  # type: ignore[misc]

    def on_message(self: Any, message: Any, is_binary: bool) -> None:
        case.onMessage(self, message, is_binary != self.p.has_sent_text)  # type: ignore[attr-defined]

    return type(case.__name__, (case,), {"__init__": __init__, "onMessage": on_message})


async def main(patterns: list[str]) -> int:
    try:
        import kosoku
        from kosoku.cases import CASES
    except ImportError:
        sys.exit("The suite is missing: pip install kosoku==0.1.0")
    CASES.update({number: as_binary(case) for number, case in CASES.items()})
    limits = SocketLimits(
        updates_per_s=1e9,
        updates_burst=1e9,
        bytes_per_s=1e12,
        sync_bytes=_MAX_BYTES,
        queued_bytes=2 * _MAX_BYTES,
    )
    server = HTTPServer(Application([("/.*", EchoHandler, {"connections": Connections(limits)})]))
    (listening,) = bind_sockets(0, "127.0.0.1")
    server.add_socket(listening)
    url = f"ws://127.0.0.1:{listening.getsockname()[1]}"
    try:
        results = await kosoku.run_fuzzingclient(
            url, patterns or None, NOT_OURS, concurrency=_CONCURRENT_CASES
        )
    except kosoku.FailureError as error:
        results = error.results
    server.stop()
    return report(results)


def report(results: list[Any]) -> int:
    """Print the failed cases and the number of cases with each verdict. Return the exit code."""
    counts: dict[str, int] = {}
    for result in results:
        verdict = f"{result.behavior.value} / close {result.behavior_close.value}"
        counts[verdict] = counts.get(verdict, 0) + 1
        if not result.passed:
            print(
                f"{result.case_id:8} {verdict}: {result.result} {result.result_close} (code "
                f"{result.remote_close_code})"
            )
    for verdict, count in sorted(counts.items()):
        print(f"{count:4} {verdict}")
    failed = sum(not result.passed for result in results)
    print(f"{len(results)} cases, {failed} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
