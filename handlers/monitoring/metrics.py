"""`GET /metrics`: what the process is doing, in the text format of Prometheus."""

import asyncio
import hmac
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from handlers import errors
from handlers.http import network
from handlers.loop_lag import BUCKETS_S, INTERVAL_S, LagMeter
from handlers.monitoring.health import HealthHandler
from handlers.services import Services


class MetricsHandler(HealthHandler):
    """For this machine, and for who has METRICS_TOKEN."""

    async def get(self) -> None:
        if not self._is_allowed():
            raise errors.ApiError(403, "forbidden", "Metrics are for this machine, or for who has METRICS_TOKEN.")
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish("\n".join(lines(self.services)) + "\n")

    def _is_allowed(self) -> bool:
        settings = self.services.settings
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if settings.metrics_token:
            return scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), settings.metrics_token.encode())
        is_direct = "X-Forwarded-For" not in self.request.headers
        address = network.client_address(self.request, settings.trusted_hops)
        return is_direct and ipaddress.ip_address(address.partition("%")[0]).is_loopback


def lines(services: Services) -> Iterator[str]:
    """Yield the text line by line."""
    sockets, rooms = services.sockets, services.rooms
    for name, kind, about, value in (
        ("connections", "gauge", "Open WebSockets and Socket.IO connections.", sockets.open),
        ("rooms", "gauge", "Sessions that are loaded.", rooms.loaded),
        (
            "quarantined_sessions",
            "gauge",
            "Sessions out of service: damaged, or set aside after a crash.",
            rooms.quarantined,
        ),
        ("tasks", "gauge", "Tasks of the event loop.", len(asyncio.all_tasks())),
        ("unsaved_bytes", "gauge", "Edits that the store does not have yet.", rooms.writer.unsaved_bytes),
        ("store_failing", "gauge", "1 while the store cannot be written.", int(rooms.writer.is_failing)),
        ("slowed_total", "counter", "Times that a client was not read from for sending too fast.", sockets.slowed),
        ("closed_too_fast_total", "counter", "Clients closed for sending too fast (1008).", sockets.too_fast),
        ("closed_too_slow_total", "counter", "Clients closed for not reading (1013).", sockets.too_slow),
    ):
        yield from _head(name, kind, about)
        yield f"collab_{name} {value}"
    yield from _counts("limit_reached_total", "limit", "Times a limit was reached, by its setting.", services.reached)
    yield from _counts("problems_total", "code", "Requests answered with an error, by its code.", services.problems)
    yield from _counts("closes_total", "code", "WebSockets under /sync closed by the server, by code.", sockets.closes)
    yield from _histogram(services.lag)


def _counts(name: str, label: str, about: str, counts: Mapping[Any, int]) -> Iterator[str]:
    yield from _head(name, "counter", about)
    for key, count in sorted(counts.items()):
        yield f'collab_{name}{{{label}="{key}"}} {count}'


def _histogram(lag: LagMeter) -> Iterator[str]:
    name = "event_loop_lag_seconds"
    yield from _head(name, "histogram", f"By how much a timer came late, every {INTERVAL_S * 1_000:.0f} ms.")
    count = 0
    for bound, inside in zip((*BUCKETS_S, "+Inf"), lag.counts, strict=True):
        count += inside
        yield f'collab_{name}_bucket{{le="{bound}"}} {count}'
    yield f"collab_{name}_sum {lag.total_s:.6f}"
    yield f"collab_{name}_count {count}"


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP collab_{name} {about}"
    yield f"# TYPE collab_{name} {kind}"
