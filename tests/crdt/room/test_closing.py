"""Tests of the reason with which a room closes a sender whose frame it could not take."""

import pytest

from crdt.errors import (
    CrdtError,
    DocumentFull,
    ProtocolError,
    Rejected,
    RoomDamaged,
    RoomSetAside,
    RoomUnavailable,
)
from crdt.room.closing import CloseReason, reason_for


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProtocolError("x"), CloseReason.MALFORMED),
        (Rejected("x"), CloseReason.MALFORMED),
        (DocumentFull("x"), CloseReason.DOCUMENT_FULL),
        (RoomDamaged("x"), CloseReason.ROOM_DAMAGED),
        (RoomSetAside("x"), CloseReason.ROOM_DAMAGED),
        (RoomUnavailable("x"), CloseReason.ROOM_UNAVAILABLE),
    ],
)
def test_close_reason_is_permanent_if_error_is(error: CrdtError, reason: CloseReason) -> None:
    assert reason_for(error) is reason
