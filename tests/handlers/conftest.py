"""Fixtures of the REST tests: a clock of the rate limits, more connections, and a browser."""

from collections.abc import Callable

import pytest
from tornado.httpclient import AsyncHTTPClient

import collab_server.app
from handlers.throttling.rates import Backoff, RateLimiter, Recent
from tests.clock import Seconds
from tests.handlers.clients import Browser


@pytest.fixture
def rate_clock(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    """The clock of the rate limits of servers that are started after this fixture.

    A test must name this fixture before its servers.
    """
    seconds = Seconds()

    def limiter(
        per_s: float, burst: float, _: object, on_refused: Callable[[], None]
    ) -> RateLimiter:
        return RateLimiter(per_s, burst, seconds, on_refused)

    def backoff(free: int, _: object, on_refused: Callable[[], None]) -> Backoff:
        return Backoff(free, seconds, on_refused)

    def recent(kept_s: float, _: object) -> Recent:
        return Recent(kept_s, seconds)

    monkeypatch.setattr(collab_server.app, "RateLimiter", limiter)
    monkeypatch.setattr(collab_server.app, "Backoff", backoff)
    monkeypatch.setattr(collab_server.app, "Recent", recent)
    return seconds


@pytest.fixture
async def crowd() -> None:
    """Allow 64 simultaneous requests in a test.

    A test must name this fixture before its clients.
    """
    AsyncHTTPClient(max_clients=64)


@pytest.fixture
async def browser(server) -> Browser:
    """A page of the server's own origin, not signed in."""
    return Browser(server.url)
