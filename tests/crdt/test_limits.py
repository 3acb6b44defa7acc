"""Tests of the limits of rooms. Each limit also counts how often it was reached."""

import re
from pathlib import Path

from crdt import limits
from crdt.limits import IDLE_S, MAX_SYNC_BYTES, LimitCounters, RoomLimits, RoomsSettings


def test_limit_counters_are_named_after_settings() -> None:
    """A limit that was never reached has the count 0, so its metric exists from the start."""
    counters = LimitCounters()
    counters.count(MAX_SYNC_BYTES)
    counters.count(MAX_SYNC_BYTES, 2)
    counters.count(IDLE_S, 0)

    assert dict(counters) == {"max_sync_bytes": 3, "idle_s": 0}
    assert counters["versions"] == 0


def test_limit_defaults_equal_settings() -> None:
    """The records of limits take their defaults from the settings."""
    assert RoomLimits().sync_bytes == MAX_SYNC_BYTES.default
    assert RoomsSettings().idle_ms == IDLE_S.default * 1_000


def test_page_on_documents_names_every_limit_with_its_figure() -> None:
    """docs/documents.md lists each limit that a close reason may name, with its number."""
    page = (Path(__file__).parents[2] / "docs" / "documents.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| ([0-9][^|]*?) \|", page, re.MULTILINE))
    fixed = {
        "types": limits.MAX_LIVING_TYPES,
        "type_depth": limits.MAX_TYPE_DEPTH,
        "value_depth": limits.MAX_VALUE_DEPTH,
        "structs": limits.MAX_STRUCTS,
        "roots": limits.MAX_ROOTS,
        "name_bytes": limits.MAX_NAME_BYTES,
        "work": round(limits.MAX_WORK_S),
    }
    settings = (
        limits.MAX_STATE_BYTES,
        limits.MAX_TEXT_BYTES,
        limits.MAX_UPDATE_BYTES,
        limits.MAX_SYNC_BYTES,
    )

    assert told.pop(limits.AUTHOR_SHARE_PERCENT.name) == str(limits.AUTHOR_SHARE_PERCENT.default)
    assert told.keys() == fixed.keys() | {setting.name for setting in settings}
    assert all(told[name].startswith(f"{figure:,}") for name, figure in fixed.items())
    assert all(
        told[setting.name].startswith(f"{setting.default >> 20} MiB") for setting in settings
    )
    raised = {
        name
        for path in (Path(__file__).parents[2] / "crdt").rglob("*.py")
        for name in re.findall(r'LimitExceeded\(\s*f?"[^"]*", "(\w+)"\)', path.read_text())
    }
    assert raised == fixed.keys()
