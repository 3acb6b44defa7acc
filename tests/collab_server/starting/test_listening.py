"""Tests the sockets on which the server listens, and the URL that it prints."""

import socket

import pytest

from collab_server.config import Config
from collab_server.starting.listening import public_url
from tests.api import Api


@pytest.mark.parametrize(
    ("host", "families"),
    [
        ("127.0.0.1", [socket.AF_INET]),
        ("0.0.0.0", [socket.AF_INET]),
        ("::1", [socket.AF_INET6]),
        ("[::1]", [socket.AF_INET6]),
        ("::", [socket.AF_INET6]),
        ("*", [socket.AF_INET, socket.AF_INET6]),
        ("localhost", [socket.AF_INET]),
    ],
)
async def test_address_that_is_printed_answers(
    start_server, host: str, families: list[int]
) -> None:
    """The server answers on each address of HOST. For `*` it uses one port for IPv4 and IPv6."""
    server = await start_server(host=host)

    assert (await Api(server.url).get("/readyz")).status == 200
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if family in families:
            with socket.create_connection((address, server.port), 5):
                pass


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "http://localhost:5000"),
        ("collab.example.org", "http://collab.example.org:5000"),
        ("*", "http://localhost:5000"),
        ("0.0.0.0", "http://localhost:5000"),
        ("::", "http://[::1]:5000"),
        ("[::1]", "http://[::1]:5000"),
        ("2001:db8::7", "http://[2001:db8::7]:5000"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:5000"),
    ],
)
def test_public_url_is_valid_for_each_kind_of_host(host: str, url: str) -> None:
    """IPv6 addresses are in brackets. A HOST that means all addresses is never printed."""
    assert public_url(Config(host=host), 5000) == url
