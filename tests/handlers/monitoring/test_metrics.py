"""Tests metrics: their values, and the clients that may read them."""

import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from handlers.loop_lag import LagMeter
from handlers.monitoring.metrics import ServerCollector, text_of
from tests.api import Api
from tests.handlers.clients import joined
from tests.waiting import until

EXPECTED = """\
# HELP collab_connections Open WebSockets and Socket.IO connections.
# TYPE collab_connections gauge
collab_connections 3
# HELP collab_rooms Sessions that are loaded.
# TYPE collab_rooms gauge
collab_rooms 2
# HELP collab_half_full_documents Loaded documents over half of COLLAB_MAX_STATE_BYTES.
# TYPE collab_half_full_documents gauge
collab_half_full_documents 1
# HELP collab_quarantined_sessions Sessions out of service: damaged, or set aside after a crash.
# TYPE collab_quarantined_sessions gauge
collab_quarantined_sessions 1
# HELP collab_tasks Tasks of the event loop.
# TYPE collab_tasks gauge
collab_tasks 1
# HELP collab_unsaved_bytes Edits that the store does not have yet.
# TYPE collab_unsaved_bytes gauge
collab_unsaved_bytes 2500000
# HELP collab_workers Worker processes; they start with the first job.
# TYPE collab_workers gauge
collab_workers 1
# HELP collab_work_waiting Jobs that wait for a worker process.
# TYPE collab_work_waiting gauge
collab_work_waiting 2
# HELP collab_store_failing 1 while the store cannot be written.
# TYPE collab_store_failing gauge
collab_store_failing 1
# HELP collab_slowed_total Times that a client was not read from for sending too fast.
# TYPE collab_slowed_total counter
collab_slowed_total 4
# HELP collab_closed_too_fast_total Clients closed for sending too fast (1008).
# TYPE collab_closed_too_fast_total counter
collab_closed_too_fast_total 5
# HELP collab_closed_too_slow_total Clients closed for not reading (1013).
# TYPE collab_closed_too_slow_total counter
collab_closed_too_slow_total 6
# HELP collab_limit_reached_total Times a limit was reached, by its setting.
# TYPE collab_limit_reached_total counter
collab_limit_reached_total{limit="connections"} 0
collab_limit_reached_total{limit="pong_s"} 1
# HELP collab_problems_total Requests answered with an error, by its code.
# TYPE collab_problems_total counter
collab_problems_total{code="invalid"} 7
# HELP collab_closes_total WebSockets under /sync closed by the server, by code.
# TYPE collab_closes_total counter
collab_closes_total{code="1008"} 1
collab_closes_total{code="4401"} 2
# HELP collab_work_total Jobs for worker processes, by how they ended.
# TYPE collab_work_total counter
collab_work_total{end="done"} 8
collab_work_total{end="late"} 1
# HELP collab_work_seconds_total Seconds that worker processes were busy.
# TYPE collab_work_seconds_total counter
collab_work_seconds_total 4.25
# HELP collab_event_loop_lag_seconds By how much a timer came late, every 250 ms.
# TYPE collab_event_loop_lag_seconds histogram
collab_event_loop_lag_seconds_bucket{le="0.001"} 2
collab_event_loop_lag_seconds_bucket{le="0.002"} 3
collab_event_loop_lag_seconds_bucket{le="0.005"} 3
collab_event_loop_lag_seconds_bucket{le="0.01"} 3
collab_event_loop_lag_seconds_bucket{le="0.02"} 4
collab_event_loop_lag_seconds_bucket{le="0.05"} 5
collab_event_loop_lag_seconds_bucket{le="0.1"} 5
collab_event_loop_lag_seconds_bucket{le="0.5"} 5
collab_event_loop_lag_seconds_bucket{le="+Inf"} 6
collab_event_loop_lag_seconds_sum 3.043100
collab_event_loop_lag_seconds_count 6
"""
"""The text of all metrics. Dashboards and alerts rely on its names, types, help, labels and
values."""


def value(text: str, name: str) -> float:
    match = re.search(rf"^collab_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert match, name
    return float(match[1])


async def metrics(api: Api, **headers: str) -> str:
    answer = await api.get("/metrics", headers=headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.body.decode() if isinstance(answer.body, bytes) else str(answer.body)


async def test_metrics_follow_open_connections_and_rooms(api: Api, ada: Api) -> None:
    before = await metrics(api)
    assert (value(before, "connections"), value(before, "rooms")) == (0, 0)
    _wire = await joined(ada, await ada.new_session())
    after = await until(
        lambda: metrics(api), lambda text: value(text, "event_loop_lag_seconds_count") > 0
    )
    assert (value(after, "connections"), value(after, "rooms")) == (1, 1)
    assert f'le="+Inf"}} {value(after, "event_loop_lag_seconds_count"):.1f}' in after
    kinds = re.findall(r"^# TYPE (collab_\w+) (gauge|counter|histogram)$", after, re.MULTILINE)
    assert len(kinds) == len(set(kinds)) == after.count("# HELP")


async def test_metrics_count_error_answers_by_code(api: Api, ada: Api) -> None:
    """Errors are counted by code, including errors of a WebSocket handshake."""
    assert (await api.get("/session")).status == 401
    assert (await ada.get(f"/sync/{await ada.new_session()}")).status == 426
    after = await metrics(api)
    assert value(after, 'problems_total{code="not_signed_in"}') == 1
    assert value(after, 'problems_total{code="upgrade_required"}') == 1


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "10.1.2.3"}]
)
async def test_metrics_through_proxy_are_refused(api: Api, headers: dict[str, str]) -> None:
    """A request through a proxy on this machine does not count as a request of this machine."""
    answer = await api.get("/metrics", headers=headers)
    assert (answer.status, answer.body["code"]) == (403, "forbidden")


async def test_metrics_with_token_set_require_it(start_server) -> None:
    """If a token is configured, it is required and sufficient."""
    server = await start_server(metrics_token="a long token")
    api = Api(server.url)
    assert (await api.get("/metrics")).status == 403
    assert (await api.get("/metrics", headers={"Authorization": "Bearer another"})).status == 403
    assert "collab_rooms 0.0" in await metrics(
        api, Authorization="Bearer a long token", **{"X-Forwarded-For": "10.1.2.3"}
    )


def samples(text: str) -> list[tuple[str, list[tuple[str, str, float]]]]:
    """Return the metrics of a text with their samples: (name, labels, value)."""
    return [
        (
            family.name,
            sorted((sample.name, str(sample.labels), sample.value) for sample in family.samples),
        )
        for family in text_string_to_metric_families(text)
    ]


def meter_of(*lags_s: float) -> LagMeter:
    meter = LagMeter()
    for lag_s in lags_s:
        meter.note(lag_s)
    return meter


async def test_metrics_text_has_names_types_and_labels_of_dashboards() -> None:
    """Names, types, help, labels and values of metrics do not change by mistake."""
    services: Any = SimpleNamespace(
        connections=SimpleNamespace(
            open=3, slowed=4, too_fast=5, too_slow=6, closes=Counter({4401: 2, 1008: 1})
        ),
        rooms=SimpleNamespace(
            loaded=2,
            half_full=1,
            quarantined=1,
            writer=SimpleNamespace(unsaved_bytes=2_500_000, is_failing=True),
        ),
        limit_counters=Counter({"pong_s": 1, "connections": 0}),
        problems=Counter(invalid=7),
        workers=SimpleNamespace(
            processes=1, waiting=2, counts=Counter(late=1, done=8), seconds=4.25
        ),
        lag=meter_of(0, 0.001, 0.0011, 0.02, 0.021, 3),
    )

    text = text_of(ServerCollector(services)).decode()

    assert samples(text) == samples(EXPECTED)
    comments = [line for line in EXPECTED.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments


def test_loop_lag_histogram_counts_lags_in_their_buckets() -> None:
    meter = meter_of(0, 0.001, 0.0011, 0.02, 0.021, 3)
    assert meter.counts == [2, 1, 0, 0, 1, 1, 0, 0, 1]
    assert meter.total_s == pytest.approx(3.0431)
