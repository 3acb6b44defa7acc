"""`GET /metrics`: figures about the process, in the text format of Prometheus."""

import asyncio
import hmac
import ipaddress
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from handlers import errors
from handlers.http import network
from handlers.loop_lag import BUCKETS_S, INTERVAL_S, LagMeter
from handlers.monitoring.health import HealthHandler
from handlers.services import Services


class MetricsHandler(HealthHandler):
    """GET /metrics, for requests from this machine, or with METRICS_TOKEN."""

    async def get(self) -> None:
        if not self._is_allowed():
            raise errors.ApiError(
                403,
                "forbidden",
                "Metrics are only for this machine, or with METRICS_TOKEN as a bearer token.",
            )
        self.set_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
        self.finish(text_of(ServerCollector(self.services)))

    def _is_allowed(self) -> bool:
        settings = self.services.settings
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if settings.metrics_token:
            return scheme.lower() == "bearer" and hmac.compare_digest(
                token.encode(), settings.metrics_token.encode()
            )
        is_direct = "X-Forwarded-For" not in self.request.headers
        address = network.client_address(self.request, settings.trusted_hops)
        return is_direct and ipaddress.ip_address(address.partition("%")[0]).is_loopback


def text_of(collector: Collector) -> bytes:
    """Return a collector's metrics as text.

    Each call makes a registry, because the library's global registry would be shared.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


class ServerCollector(Collector):
    """Reads counts that the server keeps for other reasons, whenever `/metrics` is requested.

    So metrics cost nothing while edits and requests are handled.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics, in the order of the text."""
        services, connections = self._services, self._services.connections
        yield from self._gauges()
        yield _counter(
            "slowed",
            "Times that a client was not read from for sending too fast.",
            connections.slowed,
        )
        yield _counter(
            "closed_too_fast", "Clients closed for sending too fast (1008).", connections.too_fast
        )
        yield _counter(
            "closed_too_slow", "Clients closed for not reading (1013).", connections.too_slow
        )
        yield _counters(
            "limit_reached",
            "Times a limit was reached, by its setting.",
            "limit",
            services.limit_counters,
        )
        yield _counters(
            "problems", "Requests answered with an error, by its code.", "code", services.problems
        )
        yield _counters(
            "closes",
            "WebSockets under /sync closed by the server, by code.",
            "code",
            connections.closes,
        )
        yield _counters(
            "work", "Jobs for worker processes, by how they ended.", "end", services.workers.counts
        )
        yield _counter(
            "work_seconds",
            "Seconds that worker processes were busy.",
            round(services.workers.seconds, 3),
        )
        yield _histogram(services.lag)

    def _gauges(self) -> Iterator[Metric]:
        rooms, writer = self._services.rooms, self._services.rooms.writer
        yield _gauge(
            "connections",
            "Open WebSockets and Socket.IO connections.",
            self._services.connections.open,
        )
        yield _gauge("rooms", "Sessions that are loaded.", rooms.loaded)
        yield _gauge(
            "half_full_documents",
            "Loaded documents over half of COLLAB_MAX_STATE_BYTES.",
            rooms.half_full,
        )
        yield _gauge(
            "quarantined_sessions",
            "Sessions out of service: damaged, or set aside after a crash.",
            rooms.quarantined,
        )
        yield _gauge("tasks", "Tasks of the event loop.", len(asyncio.all_tasks()))
        yield _gauge(
            "unsaved_bytes", "Edits that the store does not have yet.", writer.unsaved_bytes
        )
        yield _gauge(
            "workers",
            "Worker processes; they start with the first job.",
            self._services.workers.processes,
        )
        yield _gauge(
            "work_waiting", "Jobs that wait for a worker process.", self._services.workers.waiting
        )
        yield _gauge("store_failing", "1 while the store cannot be written.", writer.is_failing)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"collab_{name}", about, value=value)


def _counter(name: str, about: str, value: float) -> Metric:
    """Return a counter; its name in the text ends with `_total`."""
    return CounterMetricFamily(f"collab_{name}", about, value=value)


def _counters(
    name: str, about: str, label: str, counts: Mapping[str, int] | Mapping[int, int]
) -> Metric:
    """Return a counter with one value for each key."""
    family = CounterMetricFamily(f"collab_{name}", about, labels=[label])
    for key, count in sorted(counts.items()):
        family.add_metric([str(key)], count)
    return family


def _histogram(lag: LagMeter) -> Metric:
    count = 0
    buckets: list[tuple[str, float]] = []
    for bound, inside in zip((*BUCKETS_S, "+Inf"), lag.counts, strict=True):
        count += inside
        buckets.append((str(bound), count))
    about = f"By how much a timer came late, every {INTERVAL_S * 1_000:.0f} ms."
    return HistogramMetricFamily(
        "collab_event_loop_lag_seconds", about, buckets=buckets, sum_value=round(lag.total_s, 6)
    )
