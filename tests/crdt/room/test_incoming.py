"""Tests of the checks of an update that arrives at a room."""

import pytest

from crdt.errors import LimitExceeded
from crdt.limits import LimitCounters, RoomLimits
from crdt.room.incoming import Incoming, UpdateKind, check_size

LIMITS = RoomLimits(update_bytes=2, sync_bytes=3)


@pytest.mark.parametrize(
    ("kind", "limit", "name"),
    [(UpdateKind.LIVE, 2, "max_update_bytes"), (UpdateKind.ANSWER, 3, "max_sync_bytes")],
)
def test_check_size_of_update_names_the_limit_of_its_kind(
    kind: UpdateKind, limit: int, name: str
) -> None:
    counters = LimitCounters()
    check_size(Incoming(b"x" * limit, "ada", 1, kind), LIMITS, counters)

    with pytest.raises(LimitExceeded, match=f"over {limit} bytes") as caught:
        check_size(Incoming(b"x" * (limit + 1), "ada", 1, kind), LIMITS, counters)

    assert caught.value.limit == name
    assert counters == {name: 1}
