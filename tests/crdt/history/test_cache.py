"""Tests of the cache of answers about logs."""

from crdt.history.cache import Answer, Folded, HistoryCache, Page
from crdt.history.playback.replay import Part

_PART = Part(0, 3)


def page_of(text: str) -> Page:
    return Page(Answer(text, {}), 3)


def kept(cache: HistoryCache, *session_ids: str) -> list[str]:
    return [session_id for session_id in session_ids if session_id in cache]


def test_cache_when_full_forgets_least_recently_used() -> None:
    """Timelines and pages each have their own limit, in bytes."""
    cache = HistoryCache(max_page_bytes=8, max_timeline_bytes=8)
    for session_id in ("one", "two", "three"):
        cache.keep_timeline(session_id, Folded(1, b"1234"), 0)
    cache.timeline("two")
    cache.keep_timeline("four", Folded(1, b"1234"), 0)
    cache.keep_page("five", _PART, page_of("12345678"), 0)
    cache.keep_page("six", _PART, page_of("1234"), 0)

    assert kept(cache, "one", "two", "three", "four", "five", "six") == ["two", "four", "six"]


def test_cache_does_not_keep_answer_above_its_limit() -> None:
    cache = HistoryCache(max_page_bytes=8)
    cache.keep_page("one", _PART, page_of("1234"), 0)
    cache.keep_page("two", _PART, page_of("123456789"), 0)

    assert kept(cache, "one", "two") == []


def test_cache_replaces_timeline_by_newer_timeline() -> None:
    """A newer timeline replaces the older timeline, whose size no longer counts."""
    cache = HistoryCache(max_timeline_bytes=8)
    for sequence in range(5):
        cache.keep_timeline("one", Folded(sequence, b"1234"), 0)
    cache.keep_timeline("two", Folded(9, b"1234"), 0)

    assert (cache.timeline("one").sequence, cache.timeline("two").sequence) == (4, 9)
    assert cache.timeline("three") == (0, b"")


def test_cache_returns_page_only_for_its_own_part() -> None:
    cache, page = HistoryCache(), page_of("1234")
    cache.keep_page("one", _PART, page, 0)

    assert cache.page("one", _PART) is page
    assert cache.page("one", Part(0, 4)) is None
    assert cache.page("two", _PART) is None


def test_cache_forget_removes_everything_of_session() -> None:
    """Forgetting a session removes its timeline and all its pages, and nothing else."""
    cache = HistoryCache()
    for session_id in ("one", "two"):
        cache.keep_timeline(session_id, Folded(1, b"1234"), 0)
        for end in (3, 4):
            cache.keep_page(session_id, Part(0, end), page_of("1234"), 0)

    cache.forget("one")

    assert kept(cache, "one", "two") == ["two"]
    assert cache.page("two", Part(0, 4)) is not None


def test_cache_does_not_keep_answer_read_before_forget() -> None:
    """An answer that was read before `forget` is not kept, because the log may have changed."""
    cache = HistoryCache()
    epoch = cache.epoch
    cache.forget("one")

    cache.keep_timeline("one", Folded(1, b"1234"), epoch)
    cache.keep_page("one", _PART, page_of("1234"), epoch)

    assert "one" not in cache
