"""Tests the measurement of the most expensive works, and the random requests of `make stress`."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

from bench.stress import odd, routes, sockets
from bench.worst.__main__ import BOUND_MS, is_over, line
from bench.worst.bystander import Felt
from bench.worst.probe import LoopProbe, holds
from bench.worst.stage import Found
from bench.worst.works import WORKS
from crdt.wire import update_parser
from handlers.http.api_docs.operations import OPERATIONS
from harness import costly

_HOLD_S = 0.05
_DRAWS = 20_000


def _worked(seconds: float) -> None:
    """Use the processor for some seconds, independently of the machine's load."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


async def test_probe_notes_work_that_holds_the_loop_but_not_rest(tmp_path: Path) -> None:
    """Work counts as held time. A sleep that blocks the loop only makes it late."""
    path = tmp_path / "holds"
    probe = LoopProbe(path)
    probe.start()
    await asyncio.sleep(0.01)
    before = time.monotonic()
    _worked(_HOLD_S)
    await asyncio.sleep(0.01)
    between = time.monotonic()
    time.sleep(_HOLD_S)  # noqa: ASYNC251  # blocks on purpose
    await asyncio.sleep(0.01)
    after = time.monotonic()
    probe.stop()

    worked = max(hold.held_s for hold in holds(path, before, between))
    rested = [hold for hold in holds(path, between, after) if hold.late_s >= _HOLD_S - 0.002]
    assert worked >= _HOLD_S - 0.002
    assert rested
    assert min(hold.held_s for hold in rested) < _HOLD_S / 2


def _found(held_ms: float = 1.0, p99: float = 1.0, lost: int = 0, *, died: bool = False) -> Found:
    return Found("a work", held_ms, held_ms, Felt(1.0, p99, p99, lost, 100), 1.0, "200", died)


def test_work_is_over_its_bound_if_others_notice_it() -> None:
    """A work is over its bound for a long hold, late or lost keystrokes, or the server's death.

    The delay that the machine has without the work is not counted.
    """
    assert not is_over(_found(), 1)
    assert is_over(_found(held_ms=BOUND_MS + 1), 1)
    assert is_over(_found(p99=BOUND_MS + 2), 1)
    assert not is_over(_found(p99=BOUND_MS + 2), 5)
    assert is_over(_found(lost=1), 1)
    assert is_over(_found(died=True), 1)
    assert "| DIED 200 |" in line(_found(died=True), 1)
    assert "| over 20 200 |" in line(_found(held_ms=30), 1)
    assert "| 200 |" in line(_found(), 1)


def test_names_of_works_are_unique() -> None:
    assert len({work.name for work in WORKS}) == len(WORKS)


def test_costly_updates_are_well_formed() -> None:
    """The expensive updates are within all limits of the parser, so only their cost is unusual."""
    for kind in costly.KINDS:
        for update in (*kind.fill(), *map(kind.make, range(3))):
            assert update_parser.read(update).update == update


def test_stress_requests_every_route_of_the_table() -> None:
    """Random requests reach every operation of the table.

    Exceptions are the WebSocket and the sign-up, which each client does first.
    """
    dice = random.Random(1)
    chosen = {routes.choose(dice).name for _ in range(_DRAWS)}

    expected = {operation.name for operation in OPERATIONS if operation.statuses != (101,)} - {
        "signUp"
    }
    assert chosen == expected


def test_stress_makes_equal_requests_of_a_seed() -> None:
    """The same seed gives the same requests, so a failure can be repeated."""
    known = routes.Known(sessions=["s"], people=["p"], invites=["i"])
    first, again = ([routes.make(random.Random(3), known) for _ in range(20)] for _ in range(2))
    assert first == again


def test_stress_fields_mostly_follow_their_rules() -> None:
    """Most random values follow their rules. Otherwise nearly all answers would be 422."""
    dice = random.Random(5)
    rules: dict[str, dict[str, Any]] = {
        "role": {"type": "string", "allowed": ["a", "b"]},
        "n": {"type": "integer", "min": 3, "max": 9},
    }
    values = [odd.value(dice, name, rule, {}) for name, rule in rules.items() for _ in range(200)]
    good = [
        value
        for value in values
        if value in ("a", "b") or (isinstance(value, int) and 3 <= value <= 9)
    ]
    assert 0.85 < len(good) / len(values) < 1


def test_stress_knows_the_events_of_the_server() -> None:
    assert {"join-session", "code-change", "send-message"} <= set(sockets.EVENTS)
