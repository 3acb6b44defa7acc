"""Fixtures, and a rule: a test fails if it did not announce a warning or error in the log."""

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
from tests import canaries, leftovers, mongod
from tests.api import Api
from tests.clock import Clock
from tests.node_peers import Peers
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
    "anonymous_per_5min": 100_000,
    "requests_per_5min": 100_000,
    "saves_per_s": 10_000,
    "messages_per_10s": 10_000,
    "handshakes_per_min": 10_000,
    "accepts_per_s": 100_000,
}
"""Settings for tests: cheap hashes, commits twice as soon,
and limits out of the way of most tests."""

AS_SHIPPED: dict[str, Any] = {
    name: getattr(Config(), name)
    for name in QUICK
    if name not in ("host", "port", "bcrypt_cost", "flush_ms")
}
"""Every limit as it is by default, for tests of whom the defaults let in; hashes stay cheap."""


hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """Tests end within their time limit, and leave no process."""
    config.pluginmanager.register(RunLimits(config))


def pytest_collection_finish() -> None:
    """Leave what is there for the whole run out of each collection of garbage:
    some tests ask for one each.
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
    """A test ends the processes that it started."""
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_no_process_of_the_loop_is_left")
        yield
    else:
        before = leftovers.children()
        yield
        assert leftovers.end(leftovers.children() - before) == []


@pytest.fixture(autouse=True)
def _no_socket_of_the_driver_is_left() -> Iterator[None]:
    """Close the sockets that the database's driver forgets in the test that they are from."""
    with mongod.forgotten_sockets_expected():
        yield


@pytest.fixture
async def _no_process_of_the_loop_is_left() -> AsyncIterator[None]:
    """End processes before the event loop is closed:
    uvloop would wait without end for those that still run.
    """
    before = leftovers.children()
    yield
    if left := leftovers.end(leftovers.children() - before):
        await asyncio.sleep(0.2)  # the loop hears of their end
        raise AssertionError(left)


@pytest.fixture(autouse=True)
def _no_secret_is_logged() -> Iterator[None]:
    """Nothing that was secret in a test may be in its logs (`tests.canaries`)."""
    with canaries.watched(canaries.USED) as used:
        yield
        assert not used.leaks()


@pytest.fixture
def expect_log(_log_listener: _Listener) -> Callable[[str], None]:
    """Announce a warning or error by a pattern."""
    return _log_listener.expected.append


@pytest.fixture(scope="session")
def trace_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the function that gives an editing session's file by its name (`harness.traces`)."""
    folder = tmp_path_factory.mktemp("traces")
    return lambda name: traces.file(name, folder)


@pytest.fixture(scope="module")
def mongo_uri() -> Iterator[str]:
    """A MongoDB-protocol server; a database's name is to be added.

    One that many modules use becomes slow.
    """
    with mongod.running() as uri:
        yield uri


_HOT_PATH = (
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


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the event loop that servers run on; some on plain asyncio too."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
        "uvloop": uvloop.new_event_loop
    }
    if item.path.name in _HOT_PATH:
        factories["asyncio"] = asyncio.new_event_loop
    return factories


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of servers that are started after this fixture: name it before them."""
    stopped = Clock()
    monkeypatch.setattr(collab_server.server, "make_parts", partial(make_parts, clock=stopped))
    return stopped


StartServer = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Start servers with real sockets and a real SQLite file; settings by keyword."""
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
    """Real Yjs clients in Node."""
    started = await Peers.start()
    yield started
    await started.stop()
