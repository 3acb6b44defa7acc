"""Tests the count of the work that each user has caused."""

import gc

import pytest

from handlers.throttling import work_debts
from handlers.throttling.work_debts import WorkDebts


def test_connections_of_a_user_share_a_bucket() -> None:
    debts = WorkDebts(0.1, 1.0)

    assert debts.of("ada", 0.0) is debts.of("ada", 5.0)
    assert debts.of("ada", 5.0) is not debts.of("bob", 5.0)


def test_debt_stays_when_no_connection_is_open() -> None:
    """A debt remains after the last connection has closed, and becomes smaller with time."""
    debts = WorkDebts(0.1, 1.0)
    debts.of("ada", 0.0).spend(3.0, 0.0)
    gc.collect()

    assert debts.of("ada", 10.0).spend(0.0, 10.0) == pytest.approx(10.0)


def test_bucket_in_use_is_kept_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket in use is never forgotten. Only the latest unused buckets are kept."""
    monkeypatch.setattr(work_debts, "_MAX_KEPT", 2)
    debts = WorkDebts(0.1, 1.0)
    in_use = debts.of("ada", 0.0)
    debts.of("bob", 0.0).spend(3.0, 0.0)
    for name in ("carl", "dora"):
        debts.of(name, 0.0)
    gc.collect()

    assert debts.of("ada", 0.0) is in_use
    assert debts.of("bob", 0.0).spend(0.0, 0.0) == 0.0
