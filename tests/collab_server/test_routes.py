"""Tests every route with malformed paths and with absolute targets."""

import asyncio
import re

import pytest

from collab_server.routes import ROUTES
from tests.waiting import PATIENCE_S

ODD = [
    "%00", "a%00b", "%ff", "%fe%ff", "%ed%a0%80", "%c0%80", "%e2%80%ae", "%f0%9f%92%a5", "%0a",
    "%0d%0aX:1", "%7f",
    "%1b%5b", "%2e%2e", "..%2f..%2fetc", "%5c..%5c", "%2f", "%", "%zz", "%25", "-1", "9" * 30,
    "x" * 300, "x" * 3_000,
    "dist/assets/%00", "dist/assets/" + "x" * 300, "dist/assets/" + "x/" * 2_000, "dist/assets",
    "dist/assets/..",
    "/etc/passwd", "\x80\xff",
]  # fmt: skip
"""Parts of paths, in the form in which they are sent."""

PATTERNS = [pattern for pattern, _ in ROUTES if "(" in pattern]
ABSOLUTE = ["http://other.example", "HTTP://other.example:5000", "https://[::1]:5000"]


async def status(server, method: str, target: str, *headers: str) -> int:
    """Send a request exactly as written, and return the status of its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: x",
        "Connection: close",
        "Content-Length: 2",
        *headers,
        "",
        "{}",
    ]
    writer.write("\r\n".join(lines).encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return int(answer[9:12])


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_malformed_paths_are_refused_and_never_fail(
    start_server, ada, server, pattern: str
) -> None:
    """A malformed path is answered with 4xx, or with a page if the route accepts any text.

    This holds with and without a login.
    """
    session_id = await ada.new_session()
    codes = {}
    for odd in ODD:
        for place in range(pattern.count("(")):
            parts = [odd if number == place else session_id for number in range(pattern.count("("))]
            target = re.sub(r"\([^)]*\)", "{}", pattern).format(*parts)
            for headers in (
                (),
                (f"Authorization: Bearer {ada.token}", "Content-Type: application/json"),
            ):
                for method in ("GET", "POST"):
                    codes[method, target, bool(headers)] = await status(
                        server, method, target, *headers
                    )

    assert {key: code for key, code in codes.items() if not 200 <= code < 500} == {}
    if pattern.startswith("/static"):
        assert set(codes.values()) <= {404, 400, 405}


@pytest.mark.parametrize("origin", ABSOLUTE)
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/healthz", 200),
        ("/", 200),
        ("", 200),
        ("/readyz?x=1", 200),
        ("/user/me", 401),
        ("/no-such-page", 404),
    ],
)
async def test_absolute_targets_are_served(server, origin: str, target: str, expected: int) -> None:
    """Absolute targets are served like relative ones. RFC 9112 requires it."""
    assert await status(server, "GET", origin + target) == expected


@pytest.mark.parametrize(
    "target",
    ["http://ada:secret@other.example/healthz", "http:///healthz", "ftp://other.example/healthz"],
)
async def test_other_absolute_targets_are_not_found(server, target: str) -> None:
    """An absolute target with a user name, without a host or with another scheme is not found."""
    assert await status(server, "GET", target) == 404


async def test_host_of_absolute_target_replaces_header(server) -> None:
    """The page's security policy names the host of the absolute target, not the Host header."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"GET http://real.example/ HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"
    )
    answer = (await asyncio.wait_for(reader.read(), PATIENCE_S)).decode()
    writer.close()

    assert "ws://real.example" in answer
    assert "other.example" not in answer
