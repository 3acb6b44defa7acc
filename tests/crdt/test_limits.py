"""Limits of rooms, and how often they were reached."""

from pathlib import Path

from crdt import limits
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


def test_page_of_documents_has_each_limit_with_its_bound() -> None:
    """docs/documents.md says at which figure a document stops, and by which name the reason calls it."""
    page = (Path(__file__).parents[2] / "docs" / "documents.md").read_text()
    bounds = {
        "roots": f"{limits.MAX_ROOTS:,}",
        "name_bytes": f"{limits.MAX_NAME_BYTES:,}",
        "types": f"{limits.MAX_LIVING_TYPES:,}",
        "type_depth": str(limits.MAX_TYPE_DEPTH),
        "value_depth": str(limits.MAX_VALUE_DEPTH),
        "max_update_bytes": f"{limits.MAX_UPDATE_BYTES.default >> 20} MiB",
        "max_sync_bytes": f"{limits.MAX_SYNC_BYTES.default >> 20} MiB",
        "max_text_bytes": f"{limits.MAX_TEXT_BYTES.default >> 20} MiB",
        "max_state_bytes": f"{limits.MAX_STATE_BYTES.default >> 20} MiB",
    }

    assert [name for name, bound in bounds.items() if f"| `{name}` | {bound} |" not in page] == []
