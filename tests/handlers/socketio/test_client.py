"""Tests the rates of one Socket.IO connection."""

import pytest

import handlers.socketio.client
from handlers.connections import Connections, SocketLimits
from handlers.socketio.client import EventRate


async def test_event_rate_within_burst_does_not_wait() -> None:
    rate = EventRate(Connections(SocketLimits(updates_per_s=10, updates_burst=5)))

    assert [rate.spend(1) for _ in range(5)] == [0.0] * 5


async def test_event_rate_over_burst_waits_longer_each_time() -> None:
    rate = EventRate(Connections(SocketLimits(updates_per_s=10, updates_burst=5)))
    for _ in range(5):
        rate.spend(1)

    waits_s = [rate.spend(1) for _ in range(3)]

    assert waits_s == sorted(waits_s)
    assert waits_s[0] > 0


async def test_event_rate_counts_bytes_too() -> None:
    limits = SocketLimits(bytes_per_s=1_000, sync_bytes=10_000)
    rate = EventRate(Connections(limits))

    assert rate.spend(0, 14_000) == 0.0
    assert rate.spend(0, 1_000) > 0.0


async def test_event_rate_is_flooding_only_after_a_while_over_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rate = EventRate(Connections(SocketLimits(updates_per_s=1, updates_burst=1)))
    rate.spend(1)
    wait_s = rate.spend(1)
    assert not rate.is_flooding(waits=bool(wait_s))

    monkeypatch.setattr(handlers.socketio.client, "_OVER_S", -1.0)

    assert rate.is_flooding(waits=True)
    assert not rate.is_flooding(waits=False)


async def test_work_counts_for_its_user_on_all_connections() -> None:
    """Expensive events of one connection make all connections of the same user wait.

    The wait continues after the user has reconnected.
    """
    connections = Connections(SocketLimits(work_per_s=0.1, work_burst_s=1.0))
    rates = [EventRate(connections) for _ in range(3)]
    for rate, user_id in zip(rates, ("ada", "ada", "bob"), strict=True):
        rate.count_work_of(user_id)

    rates[0].worked(2.0)

    assert rates[1].spend(1) == pytest.approx(10.0, abs=0.5)
    assert rates[2].spend(1) == 0.0
    del rates, rate
    back = EventRate(connections)
    back.count_work_of("ada")
    assert back.spend(1) > 5.0
