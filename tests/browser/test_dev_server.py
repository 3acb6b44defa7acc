"""The development server of `make web-dev`: it serves the sources with live reload.

It forwards REST requests and sockets to a real server.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.async_api import expect
from tornado.httpclient import AsyncHTTPClient

from tests.api import PASSWORD, Api
from tests.browser.conftest import NewPerson
from tests.processes import ROOT, free_port
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def dev_server(api: Api) -> Iterator[str]:
    """The address of a development server in front of `api`'s server."""
    port = free_port()
    command = [sys.executable, "-m", "tests.web", "--dev", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "SERVER": api.url}, start_new_session=True
    )
    yield f"http://localhost:{port}"
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0


async def is_up(url: str) -> bool:
    try:
        return (
            await AsyncHTTPClient().fetch(f"{url}/static/dist/index.html", raise_error=False)
        ).code == 200
    except ConnectionRefusedError:
        return False


async def test_dev_server_forwards_pages_rest_and_sockets(
    dev_server: str, person: NewPerson
) -> None:
    """Signing up, opening a session and saving typed text work through the development server.

    This covers the cookie, REST and the WebSocket.
    """
    await until(lambda: is_up(dev_server))
    ada = await person()
    ada.url = dev_server
    await ada.sign_up()

    session_id = await ada.create("Live")
    await ada.type("through the development server")
    await ada.until_saved()
    await ada.page.reload()

    await expect(ada.text).to_have_text("through the development server")
    live = await ada.page.evaluate(
        "id => fetch(`/code/${id}/latest?live=true`).then(a => a.json())", session_id
    )
    assert live["code"] == "through the development server"


async def test_dev_server_forwards_foreign_origin_to_be_refused(api: Api, dev_server: str) -> None:
    """A page of another site cannot use the developer's cookies through the development server."""
    await until(lambda: is_up(dev_server))
    ada = await api.sign_up("ada")
    through = Api(dev_server)
    body = {"username": ada.user["username"], "password": PASSWORD}
    cookie = f"accessToken={ada.token}"

    own = await through.post("/user/login", body, headers={"Origin": dev_server, "Cookie": cookie})
    foreign = await through.post(
        "/user/login", body, headers={"Origin": "http://other.example", "Cookie": cookie}
    )

    assert own.status == 200
    assert (foreign.status, foreign.body["code"]) == (403, "bad_origin")
