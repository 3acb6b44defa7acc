"""Limits of rooms, and how often they were reached."""

from crdt.limits import IDLE_S, MAX_SYNC_BYTES, LimitCounters, RoomLimits, RoomsSettings


def test_limit_counters_are_named_after_settings() -> None:
    """Zero times is worth a value too: a metric that is there from the beginning."""
    counters = LimitCounters()
    counters.count(MAX_SYNC_BYTES)
    counters.count(MAX_SYNC_BYTES, 2)
    counters.count(IDLE_S, 0)

    assert dict(counters) == {"max_sync_bytes": 3, "idle_s": 0}
    assert counters["versions"] == 0


def test_limit_defaults_equal_settings() -> None:
    """Nothing is written down twice."""
    assert RoomLimits().sync_bytes == MAX_SYNC_BYTES.default
    assert RoomsSettings().idle_ms == IDLE_S.default * 1_000
