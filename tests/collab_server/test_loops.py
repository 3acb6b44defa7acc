"""Which event loop serves, with uvloop and without."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from collab_server import loops
from collab_server.config import Config, ConfigError
from crdt.wire import y_protocol
from tests.api import Api
from tests.crdt.harness import Typist
from tests.handlers.clients import joined
from tests.processes import ServerProcess, free_port


def test_uvloop_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for it where it is not is told so, by the name of the setting."""
    assert loops.factory(Config()) is uvloop.new_event_loop
    assert loops.factory(Config(event_loop="uvloop")) is uvloop.new_event_loop
    assert loops.factory(Config(event_loop="asyncio")) is asyncio.new_event_loop

    monkeypatch.setattr(loops, "uvloop", None)

    assert loops.factory(Config()) is asyncio.new_event_loop
    with pytest.raises(ConfigError, match="COLLAB_EVENT_LOOP is uvloop, which is not installed"):
        loops.factory(Config(event_loop="uvloop"))


@pytest.mark.parametrize("event_loop", ["asyncio", "uvloop"])
async def test_it_serves(tmp_path: Path, event_loop: str) -> None:
    """The whole server, from signing up to a stop that writes what was typed last."""
    server = ServerProcess(tmp_path / "data", free_port(), COLLAB_EVENT_LOOP=event_loop)
    await server.start()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    one, two = await joined(ada, session_id), await joined(ada, session_id)

    update = y_protocol.sync_update(Typist(5).insert(0, "typed last"))
    await one.send(update)
    assert await two.receive_until(update) == update
    assert await server.terminate() == 0

    await server.start()
    assert (await ada.live(session_id))["code"] == "typed last"
    assert await server.terminate() == 0
    assert server.problems() == []
