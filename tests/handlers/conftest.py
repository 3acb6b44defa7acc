"""Fixtures of the REST tests: a clock that is moved by hand, and more connections than usual."""

from functools import partial

import pytest
from tornado.httpclient import AsyncHTTPClient

import collab_server.server
from collab_server.app import make_parts, wall_clock
from tests.handlers.clients import Browser


class Clock:
    """Milliseconds since 1970, standing still between calls of `advance`."""

    def __init__(self) -> None:
        self.now = wall_clock()

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of servers that are started after this fixture: name it before them."""
    stopped = Clock()
    monkeypatch.setattr(collab_server.server, "make_parts", partial(make_parts, clock=stopped))
    return stopped


@pytest.fixture
async def crowd() -> None:
    """Let this test have 64 requests under way at once: name it before the clients."""
    AsyncHTTPClient(max_clients=64)


@pytest.fixture
async def browser(server) -> Browser:
    """A page of the server's own origin, not signed in."""
    return Browser(server.url)
