"""What is kept of questions about logs."""

from crdt.history.cache import HistoryCache
from crdt.history.replay import Replayer
from crdt.history.timeline import Timeline
from crdt.log.restore import RestoredDocument


def _replayer() -> Replayer:
    return Replayer(RestoredDocument(), "codemirror")


def test_cache_when_full_forgets_least_recently_used() -> None:
    """Each kind has its own bound."""
    cache = HistoryCache(max_replayers=1, max_timelines=2)
    for session_id in ("one", "two", "three"):
        cache.put_timeline(session_id, Timeline())
    cache.put_timeline("two", cache.take_timeline("two"))
    cache.put_timeline("four", Timeline())
    cache.put_replayer("five", _replayer())
    cache.put_replayer("six", _replayer())

    assert [session_id for session_id in ("one", "two", "three", "four", "five", "six") if session_id in cache] == [
        "two", "four", "six",
    ]  # fmt: skip


def test_cache_take_returns_stored_value_once() -> None:
    """Who takes a replayer has it alone: it is moved on while it is used."""
    cache, timeline, replayer = HistoryCache(), Timeline(), _replayer()
    cache.put_timeline("one", timeline)
    cache.put_replayer("one", replayer)

    assert cache.take_timeline("one") is timeline
    assert cache.take_timeline("one") is not timeline
    assert cache.take_replayer("one", 1) is None
    assert cache.take_replayer("one", 0) is replayer
    assert cache.take_replayer("one", 0) is None


def test_cache_forget_removes_everything_of_session() -> None:
    """Neither its timeline nor a replayer at any position; others stay."""
    cache = HistoryCache()
    for session_id in ("one", "two"):
        cache.put_timeline(session_id, Timeline())
        cache.put_replayer(session_id, _replayer())

    cache.forget("one")

    assert "one" not in cache
    assert "two" in cache
