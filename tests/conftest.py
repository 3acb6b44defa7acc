"""Shared fixtures.

A test fails if a warning or an error is logged that the test has not announced.
"""

import asyncio
import gc
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import uvloop

import collab_server.server
from collab_server.app import make_parts
from collab_server.config import Config
from collab_server.server import Server
from harness import traces
from tests import canaries, leftovers, mongod, watchdogs
from tests.api import Api
from tests.clock import Clock
from tests.node_peers import Peers
from tests.postbox import Postbox, open_postbox
from tests.run_limits import RunLimits

QUICK: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 0,
    "bcrypt_cost": 4,
    "flush_ms": 100,
    "refusal_hold_s": 0.2,
    "sessions_per_day": 100_000,
    "signups_per_h": 100_000,
    "invited_signups_per_h": 100_000,
    "logins_per_5min": 100_000,
    "mails_per_h": 100_000,
    "address_mails_per_h": 100_000,
    "anonymous_per_5min": 100_000,
    "requests_per_5min": 100_000,
    "saves_per_s": 10_000,
    "messages_per_10s": 10_000,
    "runs_per_10s": 10_000,
    "tests_per_min": 100_000,
    "handshakes_per_min": 10_000,
    "accepts_per_s": 100_000,
}
"""Settings for tests: cheap hashes, commits every 100 ms, limits that most tests never reach."""

AS_SHIPPED: dict[str, Any] = {
    name: getattr(Config(), name)
    for name in QUICK
    if name not in ("host", "port", "bcrypt_cost", "flush_ms")
}
"""Settings with the default limits, for tests of these limits. Hashes stay cheap."""


hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """Register the time limits of tests, and the check that no test leaves a process running."""
    config.pluginmanager.register(RunLimits(config))


def pytest_collection_finish() -> None:
    """Exclude objects that live for the whole run from garbage collection.

    So collections, which some tests request, are faster.
    """
    gc.collect()
    gc.freeze()


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.expected: list[str] = []
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def unexpected(self) -> list[str]:
        lines = [
            f"{record.levelname} {record.name}: {record.getMessage()}" for record in self.records
        ]
        return [
            line for line in lines if not any(re.search(pattern, line) for pattern in self.expected)
        ]


@pytest.fixture(autouse=True)
def _log_listener() -> Iterator[_Listener]:
    listener = _Listener()
    logging.getLogger().addHandler(listener)
    yield listener
    logging.getLogger().removeHandler(listener)
    assert not listener.unexpected()


@pytest.fixture(autouse=True)
def _no_process_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process running, and end that process."""
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_no_process_of_the_loop_is_left")
        yield
    else:
        before = leftovers.children()
        yield
        assert leftovers.end(leftovers.children() - before) == []


@pytest.fixture(autouse=True)
def _no_socket_of_the_driver_is_left() -> Iterator[None]:
    """Close the sockets that the database's driver forgets, in the test that opened them."""
    with mongod.forgotten_sockets_expected():
        yield


@pytest.fixture
async def _no_process_of_the_loop_is_left() -> AsyncIterator[None]:
    """End leftover processes before the event loop is closed.

    uvloop would wait for running processes without end.
    """
    before = leftovers.children()
    yield
    if left := leftovers.end(leftovers.children() - before):
        await asyncio.sleep(0.2)  # the loop is notified of their end
        raise AssertionError(left)


@pytest.fixture(autouse=True)
def _no_secret_is_logged() -> Iterator[None]:
    """Fail a test if a secret that it used is in its logs (`tests.canaries`)."""
    with canaries.watched(canaries.USED) as used:
        yield
        assert not used.leaks()


@pytest.fixture(autouse=True)
def _no_watchdog_ends_a_server(
    request: pytest.FixtureRequest, _no_secret_is_logged: None
) -> Iterator[None]:
    """Fail a test if a watchdog ended one of its servers, unless a mark announces this.

    This must be checked before `_no_secret_is_logged` forgets the outputs of the servers.
    """
    yield
    stacks = [stack for text in canaries.USED.written() for stack in watchdogs.stacks(text)]
    if request.node.get_closest_marker("watchdog_ends_a_server"):
        assert stacks, "no watchdog ended a server"
    else:
        assert not stacks, "a watchdog ended a server, whose threads did this:\n".join(
            ["", *stacks]
        )


@pytest.fixture
def expect_log(_log_listener: _Listener) -> Callable[[str], None]:
    """Announce a warning or error by a regular expression that the log line must contain."""
    return _log_listener.expected.append


@pytest.fixture(scope="session")
def trace_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that takes the name of an editing trace and returns its file.

    See `harness.traces`.
    """
    folder = tmp_path_factory.mktemp("traces")
    return lambda name: traces.file(name, folder)


@pytest.fixture(scope="module")
def mongo_uri() -> Iterator[str]:
    """The address of a MongoDB-protocol server. Tests append the name of a database.

    The server lives for one module, because it becomes slow when many modules use it.
    """
    with mongod.running() as uri:
        yield uri


HOT_PATH = (
    "test_sync_endpoint.py",
    "test_handshake.py",
    "test_handover.py",
    "test_admission.py",
    "test_connections.py",
    "test_websocket.py",
    "test_editor.py",
    "test_hostile.py",
    "test_frames_on_the_wire.py",
    "test_rfc6455.py",
    "test_rfc6455_handshake.py",
    "test_workers.py",
)
"""Files with tests of what depends on the event loop: sockets, handshakes, worker processes."""


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run tests on uvloop, as servers do. Tests of the hot path also run on plain asyncio."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
        "uvloop": uvloop.new_event_loop
    }
    if item.path.name in HOT_PATH:
        factories["asyncio"] = asyncio.new_event_loop
    return factories


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock for servers that are started after this fixture, so a test must request it first."""
    stopped = Clock()
    monkeypatch.setattr(collab_server.server, "make_parts", partial(make_parts, clock=stopped))
    return stopped


StartServer = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """A function that starts servers with real sockets and a real SQLite file.

    It takes settings as keyword arguments.
    """
    running: list[Server] = []

    async def start(**settings: Any) -> Server:
        config = {**QUICK, "data_dir": str(tmp_path / "data"), **settings}
        server = await Server.start(Config(**config))
        canaries.USED.configured(config, config["data_dir"])
        running.append(server)
        return server

    yield start
    for server in running:
        if not server.parts.life.is_draining:
            await server.stop()


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    return await start_server()


@pytest.fixture
async def api(server: Server) -> Api:
    """An anonymous client of `server`."""
    return Api(server.url)


@pytest.fixture
async def ada(api: Api) -> Api:
    return await api.sign_up("ada")


@pytest.fixture
async def bob(api: Api) -> Api:
    return await api.sign_up("bob")


@pytest.fixture
async def peers() -> AsyncIterator[Peers]:
    """A process with real Yjs clients in Node."""
    started = await Peers.start()
    yield started
    await started.stop()


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    """A mail server that keeps the mails that it gets."""
    async with open_postbox() as opened:
        yield opened
