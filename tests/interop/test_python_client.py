"""A Python client that `openapi-python-client` generates from the API's description.

It is used against a real server. The repository does not keep the client. Authors of clients
generate it in the same way.
"""

import asyncio
import importlib
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.api import PASSWORD, Api

_NAME = "generated_client"
_CONFIGURATION = (
    """{"post_hooks": [], "content_type_overrides": {"image/webp": "application/octet-stream"}}"""
)
"""The generator's options: no formatter runs on the code, and pictures are returned as bytes."""


class Generated:
    """The generated client. `call` runs one operation of the API."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.client = module("client").Client(base_url=url)
        self.models = module("models")

    async def sign_in(self, token: str) -> None:
        await self.close()
        self.client = module("client").AuthenticatedClient(base_url=self._url, token=token)

    async def close(self) -> None:
        await self.client.get_async_httpx_client().aclose()

    async def call(self, name: str, status: int, **parameters: Any) -> Any:
        """Call an operation by "tag.function", and return its parsed answer."""
        answer = await module(f"api.{name}").asyncio_detailed(client=self.client, **parameters)
        assert answer.status_code == status, answer
        return answer.parsed


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{_NAME}.{name}")


@pytest.fixture
async def generated(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Generated]:
    """Generate a client from the description that the server serves."""
    # Debug lines of httpcore have every header, and so the tokens.
    caplog.set_level(logging.INFO, "httpcore")
    configuration, document = tmp_path / "configuration.json", tmp_path / "openapi.json"
    configuration.write_text(_CONFIGURATION)
    document.write_text(json.dumps((await api.get("/openapi.json")).body))
    command: list[str | Path] = [
        Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta", "none",
        "--fail-on-warning",
        "--path", document, "--config", configuration, "--output-path", tmp_path / _NAME,
    ]  # fmt: skip
    made = await asyncio.to_thread(
        lambda: subprocess.run(command, capture_output=True, text=True, check=False)
    )
    assert made.returncode == 0, made.stdout + made.stderr
    monkeypatch.syspath_prepend(tmp_path)
    for loaded in [name for name in sys.modules if name.partition(".")[0] == _NAME]:
        monkeypatch.delitem(sys.modules, loaded)
    client = Generated(api.url)
    yield client
    await client.close()


async def test_generated_client_signs_up_and_reads_history(generated: Generated) -> None:
    """Every answer is parsed into its model, with typed numbers, times and optional fields."""
    call, models = generated.call, generated.models
    body = models.SignUpBody(username="gene", email="gene@example.org", password=PASSWORD)
    signed_up = await call("user.sign_up", 201, body=body)
    await generated.sign_in(signed_up.access_token)
    session = await call(
        "session.create_session", 201, body=models.CreateSessionBody(title="x", code="one\n")
    )
    saved = await call(
        "code.save_version", 201, session_id=session.id, body=models.SaveVersionBody(code="two\n")
    )
    same = await call(
        "code.save_version", 200, session_id=session.id, body=models.SaveVersionBody()
    )
    await call(
        "chat.send_message",
        201,
        body=models.SendMessageBody(session_id=session.id, message="hello"),
    )

    me = await call("user.get_me", 200)
    sessions = await call("session.list_sessions", 200, limit=2)
    versions = await call(
        "code.list_versions", 200, session_id=session.id, fields=models.ListVersionsFields.META
    )
    timeline = await call("code.get_timeline", 200, session_id=session.id)
    replay = await call("code.get_replay", 200, session_id=session.id, from_=0)
    difference = await call("code.get_difference", 200, session_id=session.id, to="live", from_=0)
    blame = await call("code.get_blame", 200, session_id=session.id)
    live = await call("code.get_latest", 200, session_id=session.id, live=True)
    moment = await call("code.get_moment", 200, session_id=session.id, sequence=1)

    assert (me.username, me.created_at.tzinfo is not None) == ("gene", True)
    assert [listed.id for listed in sessions.items] == [session.id]
    assert (saved.version, same.version, saved.files.additional_properties) == (
        1,
        1,
        {"codemirror": "two\n"},
    )
    assert [version.version for version in versions.versions] == [1]
    assert {type(mark).__name__ for mark in timeline.marks} == {"VersionMark", "ChatMark"}
    assert replay.authors[0].username == "gene"
    assert difference.files[0].hunks[0].lines[0].text == "two"
    assert (blame.lines[0].author, live.version, moment.code) == (me.id, 1, "one\n")


async def test_generated_client_parses_errors(generated: Generated) -> None:
    """Errors are parsed into a model too, with the code that says what to do."""
    problem = await generated.call("session.get_session", 401, id="0000000000000000")

    assert (type(problem).__name__, problem.status, problem.code) == (
        "Problem",
        401,
        "not_signed_in",
    )
