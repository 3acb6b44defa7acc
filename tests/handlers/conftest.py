"""Fixtures of the REST tests: more connections than usual, and a browser."""

import pytest
from tornado.httpclient import AsyncHTTPClient

import collab_server.app
from handlers.rates import FailureWindow, RateLimiter
from tests.clock import Seconds
from tests.handlers.clients import Browser


@pytest.fixture
def rate_clock(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    """The clock of the rate limits of servers that are started after this fixture: name it before them."""
    seconds = Seconds()
    for limit in (RateLimiter, FailureWindow):
        monkeypatch.setattr(
            collab_server.app,
            limit.__name__,
            lambda first, second, _, on_refused, limit=limit: limit(first, second, seconds, on_refused),
        )
    return seconds


@pytest.fixture
async def crowd() -> None:
    """Let this test have 64 requests under way at once: name it before the clients."""
    AsyncHTTPClient(max_clients=64)


@pytest.fixture
async def browser(server) -> Browser:
    """A page of the server's own origin, not signed in."""
    return Browser(server.url)
