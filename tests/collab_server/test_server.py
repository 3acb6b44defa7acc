"""Tests the start and stop of a server inside one process."""

import json
from pathlib import Path

import pytest

from collab_server.config import Config
from collab_server.server import Server
from collab_server.starting.errors import StartError
from handlers.http.views import people
from tests.api import Api


async def test_start_with_invalid_data_folder_or_secret_is_refused_with_reason(
    tmp_path: Path, start_server
) -> None:
    """A start is refused if DATA_DIR is in use or is a file, or if the secret is too short."""
    await start_server()
    with pytest.raises(StartError, match="in use by another server"):
        await start_server()
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="DATA_DIR"):
        await Server.start(Config(port=0, data_dir=str(tmp_path / "file")))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret").write_text("short")
    with pytest.raises(StartError, match="delete it"):
        await Server.start(Config(port=0, data_dir=str(tmp_path / "other")))


async def test_login_survives_server_restart(start_server) -> None:
    """A login remains valid after a restart of the server."""
    server = await start_server()
    ada = await Api(server.url).sign_up()
    await server.stop()

    again = await start_server()

    assert (await Api(again.url, ada.token).get("/user/me")).status == 200


async def test_readiness_during_drain_is_refused(server, api: Api) -> None:
    """A draining server reports that it is not ready, and closes new editors with 4503."""
    ada = await api.sign_up()
    session_id = await ada.new_session()
    server.parts.life.is_draining = True
    ready = await api.get("/readyz")
    server.parts.life.is_draining = False
    await server.parts.services.rooms.drain(1)

    wire = await ada.connect(session_id)

    assert (ready.status, ready.body) == (503, {"status": "stopping"})
    assert (await wire.until_closed())[0] == 4503


async def test_handler_error_is_logged_and_answered_with_request_id(
    server, api: Api, expect_log, monkeypatch
) -> None:
    """An error in a handler is answered with 500 and a request id.

    The log contains the reason, and the client does not see it.
    """
    expect_log("failed")
    expect_log("500")
    ada = await api.sign_up()
    monkeypatch.setattr(people, "user", lambda _: 1 / 0)

    answer = await ada.get("/user/me")

    assert (answer.status, answer.body["code"]) == (500, "internal")
    assert answer.body["requestId"] == answer.headers["X-Request-Id"]
    assert "division" not in json.dumps(answer.body)
