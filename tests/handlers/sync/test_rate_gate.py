"""Tests how fast one client may send."""

import asyncio

import pytest

from handlers.connections import Connections, SocketLimits
from handlers.sync import rate_gate
from handlers.sync.rate_gate import RateGate


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock a test moves by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__()

    def time(self) -> float:
        return self.now


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def connections() -> Connections:
    return Connections(
        SocketLimits(updates_per_s=10, updates_burst=2, bytes_per_s=100, sync_bytes=100)
    )


def test_messages_within_burst_pass(loop: Loop, connections: Connections) -> None:
    gate = RateGate(connections, loop)

    assert [gate.spend(1) for _ in range(3)] == [False, False, True]
    assert gate.messages.debt_s() == pytest.approx(0.1)
    assert connections.limit_counters == {"updates_per_s": 1}


def test_rate_gate_after_a_while_lets_messages_pass_again(
    loop: Loop, connections: Connections
) -> None:
    gate = RateGate(connections, loop)
    gate.spend(2)

    loop.now += 0.11

    assert gate.spend(1) is False


def test_bytes_over_rate_have_to_wait(loop: Loop, connections: Connections) -> None:
    gate = RateGate(connections, loop)

    assert gate.spend_bytes(500) == 0
    assert gate.spend_bytes(50) == pytest.approx(0.5)
    assert connections.limit_counters == {"update_bytes_per_s": 1}


def test_fragments_count_as_a_part_of_a_message(loop: Loop, connections: Connections) -> None:
    gate = RateGate(connections, loop)

    assert gate.spend_read(1, 0) == gate.spend_read(1, 8) == 0
    assert gate.spend_read(1, 1) == pytest.approx(0.025)


def test_client_over_rate_for_ten_seconds_is_closed(loop: Loop, connections: Connections) -> None:
    """A client is closed after ten seconds over the rate without a calm second between.

    A single wait is at most ten seconds long.
    """
    gate = RateGate(connections, loop)
    assert gate.slow_down(60) == rate_gate._MAX_OVER_S

    loop.now += 10.5
    assert gate.slow_down(1) is None

    loop.now += 10.5
    assert gate.slow_down(1) == 1
    assert (connections.slowed, connections.too_fast) == (3, 1)


def test_work_over_rate_makes_its_client_wait_in_proportion(
    loop: Loop, connections: Connections
) -> None:
    """A client that causes too much work waits in proportion: at this rate, ten times the excess.

    It is not closed for this.
    """
    gate = RateGate(connections, loop)

    gate.spend_work(0.9)
    assert gate.rest_s() == 0
    gate.spend_work(0.2)
    assert gate.rest_s() == pytest.approx(1)
    loop.now += 0.5
    assert gate.rest_s() == pytest.approx(0.5)
    gate.spend_work(60)
    assert gate.rest_s() == rate_gate._MAX_OVER_S
    assert (connections.slowed, connections.too_fast) == (3, 0)
