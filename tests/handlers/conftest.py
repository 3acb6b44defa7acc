"""Fixtures of the REST tests: more connections than usual, and a browser."""

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.handlers.clients import Browser


@pytest.fixture
async def crowd() -> None:
    """Let this test have 64 requests under way at once: name it before the clients."""
    AsyncHTTPClient(max_clients=64)


@pytest.fixture
async def browser(server) -> Browser:
    """A page of the server's own origin, not signed in."""
    return Browser(server.url)
