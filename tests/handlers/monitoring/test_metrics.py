"""Metrics: for this machine or for a token, and true."""

import re

import pytest

from handlers.loop_lag import LagMeter
from tests.api import Api
from tests.handlers.clients import joined
from tests.waiting import until


def value(text: str, name: str) -> float:
    found = re.search(rf"^collab_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


async def metrics(api: Api, **headers: str) -> str:
    answer = await api.get("/metrics", headers=headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.body.decode() if isinstance(answer.body, bytes) else str(answer.body)


async def test_they_follow_what_happens(api: Api, ada: Api) -> None:
    before = await metrics(api)
    assert (value(before, "connections"), value(before, "rooms")) == (0, 0)
    _wire = await joined(ada, await ada.new_session())
    after = await until(lambda: metrics(api), lambda text: value(text, "event_loop_lag_seconds_count") > 0)
    assert (value(after, "connections"), value(after, "rooms")) == (1, 1)
    assert f'le="+Inf"}} {value(after, "event_loop_lag_seconds_count"):.0f}' in after
    kinds = re.findall(r"^# TYPE (collab_\w+) (gauge|counter|histogram)$", after, re.MULTILINE)
    assert len(kinds) == len(set(kinds)) == after.count("# HELP")


async def test_what_was_refused(api: Api, ada: Api) -> None:
    """Error answers by code, those to a handshake too."""
    assert (await api.get("/session")).status == 401
    assert (await ada.get(f"/sync/{await ada.new_session()}")).status == 426
    after = await metrics(api)
    assert value(after, 'problems_total{code="not_signed_in"}') == 1
    assert value(after, 'problems_total{code="upgrade_required"}') == 1


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "10.1.2.3"}])
async def test_not_through_a_proxy(api: Api, headers: dict[str, str]) -> None:
    """What a proxy on this machine passes on is not from this machine."""
    answer = await api.get("/metrics", headers=headers)
    assert (answer.status, answer.body["code"]) == (403, "forbidden")


async def test_with_a_token(start_server) -> None:
    """A token that is set is needed, and enough."""
    server = await start_server(metrics_token="a long token")
    api = Api(server.url)
    assert (await api.get("/metrics")).status == 403
    assert (await api.get("/metrics", headers={"Authorization": "Bearer another"})).status == 403
    assert "collab_rooms 0" in await metrics(
        api, Authorization="Bearer a long token", **{"X-Forwarded-For": "10.1.2.3"}
    )


def test_the_histogram() -> None:
    meter = LagMeter()
    for lag_s in (0, 0.001, 0.0011, 0.02, 0.021, 3):
        meter.note(lag_s)
    assert meter.counts == [2, 1, 0, 0, 1, 1, 0, 0, 1]
    assert meter.total_s == pytest.approx(3.0431)
