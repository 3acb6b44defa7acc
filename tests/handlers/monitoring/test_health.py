"""Tests the probes that say whether the process is alive and whether it should get traffic."""

import pytest

from storage.errors import StoreUnavailable
from tests.api import Api
from tests.handlers.clients import Browser


async def test_health_and_readiness_of_running_server_are_200(api: Api) -> None:
    """Both probes answer anybody with 200 and JSON."""
    health, ready = await api.get("/healthz"), await api.get("/readyz")

    assert (health.status, health.body["status"]) == (200, "ok")
    assert ready.status == 200
    assert {answer.headers["Content-Type"].partition(";")[0] for answer in (health, ready)} == {
        "application/json"
    }
    assert {answer.headers["Cache-Control"] for answer in (health, ready)} == {"no-store"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer nonsense"},
        {"Cookie": "accessToken=nonsense"},
        {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "cross-site"},
        {"Host": "10.0.0.7:5000"},
    ],
)
async def test_health_probe_needs_no_credentials_origin_or_host(
    api: Api, path: str, headers: dict[str, str]
) -> None:
    """A probe works with any credentials, origin or host."""
    assert (await api.get(path, headers=headers)).status == 200


async def test_health_probes_are_not_rate_limited(start_server) -> None:
    """Probes are not rate limited, so a monitor may ask every second."""
    server = await start_server(anonymous_per_5min=1, pages_per_5min=1)

    for _ in range(20):
        assert (await Api(server.url).get("/healthz")).status == 200
        assert (await Api(server.url).get("/readyz")).status == 200


async def test_readiness_during_store_outage_is_refused_until_it_ends(
    server, api: Api, monkeypatch
) -> None:
    """During an outage of the store the server is alive but not ready.

    It is ready again as soon as the outage ends.
    """

    async def away() -> None:
        raise StoreUnavailable("/secret/path is gone")

    with monkeypatch.context() as patch:
        patch.setattr(server.parts.services.store, "ping", away)
        ready, health = await api.get("/readyz"), await api.get("/healthz")

    assert (ready.status, health.status) == (503, 200)
    assert "store" in str(ready.body)
    assert "secret" not in str(ready.body)
    assert (await api.get("/readyz")).status == 200


async def test_readiness_while_edits_cannot_be_written_is_refused(
    server, api: Api, monkeypatch
) -> None:
    """A server whose store cannot write edits is not ready."""
    with monkeypatch.context() as patch:
        patch.setattr(
            server.parts.services.rooms, "writer", type("Failing", (), {"is_failing": True})()
        )
        ready = await api.get("/readyz")

    assert ready.status == 503
    assert (await api.get("/readyz")).status == 200


async def test_readiness_while_stopping_is_refused(server, api: Api, monkeypatch) -> None:
    """A draining server is alive but not ready."""
    with monkeypatch.context() as patch:
        patch.setattr(server.parts.life, "is_draining", True)
        ready, health = await api.get("/readyz"), await api.get("/healthz")

    assert (ready.status, health.status) == (503, 200)


async def test_health_probe_shows_nothing_about_users(server, browser: Browser) -> None:
    """Probes answer the same with and without a login, and show neither paths nor counts."""
    before = [(await browser.get(path)).body for path in ("/healthz", "/readyz")]
    await browser.enter("ada")

    after = [(await browser.get(path)).body for path in ("/healthz", "/readyz")]

    assert before == after
    assert set(before[0]) <= {"status", "version"}
    assert set(before[1]) <= {"status"}


async def test_health_probe_by_head_is_answered_without_body(api: Api) -> None:
    """HEAD is answered without a body, because some uptime monitors use it."""
    answer = await api.request("HEAD", "/healthz")
    nothing = await api.request("HEAD", "/user/login")

    assert (answer.status, answer.body) == (200, b"")
    assert nothing.status == 405
