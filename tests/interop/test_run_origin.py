"""The second origin of a server (RUN_ORIGIN) has the frame that runs programs, and nothing else."""

import re

import pytest

from collab_server.routes import ROUTES
from tests.api import Api
from tests.handlers.clients import RawAnswer, exchange
from tests.narrowing import required

APP, RUN = "https://code.example.org", "https://run.example.org"
FOR_PROGRAMS = ("/run/", "/run/preview", "/static/run/")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SCRIPT = re.compile(r'src="(/static/run/[^"]+)"')


@pytest.fixture
async def site(start_server) -> Api:
    """A signed-in client of a server with a second origin, behind a proxy that adds TLS."""
    server = await start_server(public_url=APP, run_origin=RUN, trust_proxy=1)
    return await Api(server.url).sign_up("ada")


def at(host: str) -> dict[str, str]:
    return {"Host": host, "X-Forwarded-Proto": "https"}


def addresses() -> list[str]:
    """Return an address of each route, except those for programs."""
    samples = [pattern.replace("([0-9]+)", "1").replace("([^/]+)", "x") for pattern, _ in ROUTES]
    return [
        path.replace("(.+)", "icon.svg") for path in samples if not path.startswith(FOR_PROGRAMS)
    ]


async def asked(site: Api, method: str, path: str, host: str, *lines: str) -> RawAnswer:
    """Return the answer to a signed-in request for a host."""
    sent = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {site.token}"]
    return required(await exchange(site.url, "\r\n".join([*sent, *lines, "", ""]).encode()))


@pytest.mark.parametrize("host", ["run.example.org", "RUN.example.org", "run.example.org:443"])
async def test_second_origin_answers_nothing_else(site: Api, host: str) -> None:
    """No route but those for programs exists there, for no method and for no user."""
    for path in [*addresses(), "/nothing", "/run", "/static/x"]:
        for method in METHODS:
            headers = (f"Origin: {RUN}", "Accept: text/html", "Content-Length: 0")
            answer = await asked(site, method, path, host, *headers)
            assert answer.status == 404, (method, path)
            assert not {"access-control-allow-origin", "set-cookie"} & set(answer.headers)


async def test_second_origin_has_no_web_socket(site: Api) -> None:
    path = f"/sync/{await site.new_session()}"
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )

    assert (await asked(site, "GET", path, "code.example.org", *upgrade)).status == 101
    assert (await asked(site, "GET", path, "run.example.org", *upgrade)).status == 404


async def test_second_origin_counts_what_it_does_not_have(start_server) -> None:
    """Nobody may ask there for more than at the address of the app."""
    server = await start_server(public_url=APP, run_origin=RUN, pages_per_5min=3)
    answers = [await Api(server.url).get("/x", headers=at("run.example.org")) for _ in range(4)]

    assert [answer.status for answer in answers] == [404, 404, 404, 429]


@pytest.mark.parametrize("path", ["/run/", "/run/preview"])
async def test_frame_of_second_origin_is_for_pages_of_public_url(site: Api, path: str) -> None:
    """The page keeps its sandbox, and has files of its own origin only."""
    answer = await site.get(path, headers=at("run.example.org"))
    parts = answer.headers["Content-Security-Policy"].split("; ")
    policy = dict(part.partition(" ")[::2] for part in parts)

    assert answer.status == 200
    assert policy["sandbox"] == "allow-scripts"
    assert policy["frame-ancestors"] == APP
    assert policy["script-src"].startswith(f"{RUN}/static/run/ blob:")
    assert "X-Frame-Options" not in answer.headers
    (script,) = SCRIPT.findall(answer.body.decode())
    assert (await site.get(script, headers=at("run.example.org"))).status == 200


@pytest.mark.parametrize("path", ["/run/", "/run/preview"])
async def test_frame_of_first_origin_leads_to_the_second(site: Api, path: str) -> None:
    """The app's page may show both, because its own address answers with the other one."""
    answer = await site.get(path, headers=at("code.example.org"))
    page = await site.get("/", headers=at("code.example.org"))

    assert (answer.status, answer.headers["Location"]) == (302, RUN + path)
    assert f"; frame-src 'self' {RUN};" in page.headers["Content-Security-Policy"]


async def test_programs_stay_in_first_origin_without_the_setting(api: Api) -> None:
    """A host is only another name of the server, if RUN_ORIGIN does not name it."""
    answer = await api.get("/run/", headers=at("run.example.org"))
    page = await api.get("/", headers=at("run.example.org"))

    assert (answer.status, page.status) == (200, 200)
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
