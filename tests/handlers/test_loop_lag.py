"""Tests the measurement of the event loop's lag."""

import asyncio
import time

import pytest

from handlers import loop_lag
from handlers.loop_lag import BUCKETS_S, LagMeter
from tests.waiting import until


def test_note_counts_lag_in_first_bucket_that_holds_it() -> None:
    meter = LagMeter()

    for lag_s in (0.0, BUCKETS_S[0], 0.003, 1.0):
        meter.note(lag_s)

    assert [at for at, count in enumerate(meter.counts) for _ in range(count)] == [
        0,
        0,
        2,
        len(BUCKETS_S),
    ]
    assert meter.total_s == pytest.approx(1.004)


async def test_delay_of_blocked_loop_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL_S", 0.01)
    meter = LagMeter()
    meter.start()

    time.sleep(0.1)  # noqa: ASYNC251 (it causes the lag)
    await until(lambda: sum(meter.counts))
    meter.stop()

    assert meter.total_s >= 0.05


async def test_stop_ends_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL_S", 0.0)
    meter = LagMeter()
    meter.stop()
    meter.start()
    meter.stop()

    await asyncio.sleep(0.01)

    assert sum(meter.counts) == 0
