"""Tests the private parts of Tornado that the server uses.

pyproject.toml allows one minor version of Tornado, and these tests are about that version.
"""

import inspect
import re
import socket
import tomllib
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

from tornado import util, web, websocket
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.iostream import IOStream
from tornado.web import Application, RequestHandler

LINE = RequestStartLine("GET", "/", "HTTP/1.1")
ROOT = Path(__file__).parents[2]
PRIVATE = {
    "_WebSocketParams": "handlers/sync/handover.py",
    "_receive_frame_loop": "handlers/sync/handover.py",
    "_read_buffer": "handlers/sync/handover.py",
    "_websocket_mask": "handlers/sync/frames.py",
    "_body_future": "handlers/http/base.py",
    "_finished": "handlers/http/base.py",
    "_headers": "handlers/http/base.py",
    "_reason": "handlers/http/error_answers.py",
}


def test_private_name_list_matches_its_uses() -> None:
    """Each private name is still used in its file, so the list has no outdated names."""
    for name, path in PRIVATE.items():
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), f"{path} uses {name}"


def test_websocket_protocol_can_be_replaced_after_handshake() -> None:
    """Tornado reads frames in one coroutine, and the handover overrides this coroutine."""
    assert inspect.iscoroutinefunction(websocket.WebSocketProtocol13._receive_frame_loop)
    assert "_receive_frame_loop" in inspect.getsource(websocket.WebSocketProtocol13)
    assert websocket._WebSocketParams().compression_options is None


def test_stream_exposes_bytes_after_handshake() -> None:
    """Bytes that arrived after the handshake can be read from Tornado's stream."""
    ours, theirs = socket.socketpair()
    with theirs:
        stream = IOStream(ours)

        assert bytes(stream._read_buffer) == b""
        stream.close()


def test_websocket_mask_applied_twice_returns_the_data() -> None:
    """The mask applied twice returns the original data."""
    assert util._websocket_mask(b"\x01\x02\x03\x04", b"abcde") == b"``" + b"``d"
    assert util._websocket_mask(b"\x01\x02\x03\x04", b"````d") == b"abcde"


def test_request_has_body_future() -> None:
    """A request has `_body_future`, which is done once the whole body has arrived."""
    assert "self.request._body_future = Future()" in inspect.getsource(web)


async def test_handler_keeps_headers_and_reason_until_answer_is_sent() -> None:
    """A handler keeps its headers, its reason, and whether the answer is finished."""
    request = HTTPServerRequest(
        start_line=LINE, headers=HTTPHeaders({"Host": "x"}), connection=Mock()
    )
    handler = RequestHandler(Application(), request)

    assert handler._headers["Content-Type"].startswith("text/html")
    assert (handler._reason, handler._finished) == ("OK", False)


def test_setup_pins_tornado_to_one_minor_version() -> None:
    """pyproject.toml allows one minor version of Tornado: the next may change private names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (required,) = (line for line in project["dependencies"] if line.startswith("tornado "))
    major, minor = version("tornado").split(".")[:2]

    assert required == f"tornado >={major}.{minor}, <{major}.{int(minor) + 1}"
