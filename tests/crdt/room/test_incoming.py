"""An update on its way into a room."""

import pytest

from crdt.room.incoming import Incoming, UpdateKind
from crdt.wire.content import LIVE_LIMITS, SYNC_LIMITS


@pytest.mark.parametrize(
    ("kind", "limits"),
    [(UpdateKind.LIVE, LIVE_LIMITS), (UpdateKind.ANSWER, SYNC_LIMITS), (UpdateKind.SERVER, LIVE_LIMITS)],
)
def test_incoming_update_has_size_limit_of_its_kind(kind: UpdateKind, limits: object) -> None:
    """Only an answer may hold all of a document."""
    assert Incoming(b"", "ada", 1, kind).limits is limits
