"""The reasons for which a room closes a connection.

`handlers.close_codes` decides which code and text a client gets.
"""

from enum import Enum, auto

from crdt.errors import CrdtError, LimitExceeded, ProtocolError, RoomDamaged


class CloseReason(Enum):
    """One member for each cause that a client can tell apart."""

    RESTART = auto()
    """The server stops, or it drops the room to load it again."""
    SESSION_DELETED = auto()
    MEMBER_REMOVED = auto()
    MEMBER_LEFT = auto()
    MEMBER_DELETED_ACCOUNT = auto()
    """A membership ended because the member deleted the account."""
    GUEST_EXPIRED = auto()
    LOGGED_OUT = auto()
    LOGIN_EXPIRED = auto()
    ACCOUNT_DELETED = auto()
    """A login ended because its user deleted the account."""
    MALFORMED = auto()
    CONFLICT = auto()
    """The client and the document have different structs under the same ids: two clients used one
    client id."""
    DOCUMENT_FULL = auto()
    ROOM_DAMAGED = auto()
    ROOM_UNAVAILABLE = auto()


def reason_for(error: CrdtError) -> CloseReason:
    """Return why the sender of a frame is closed after the room raised `error` for the frame."""
    match error:
        case ProtocolError():
            return CloseReason.MALFORMED
        case LimitExceeded():
            return CloseReason.DOCUMENT_FULL
        case RoomDamaged():
            return CloseReason.ROOM_DAMAGED
    return CloseReason.ROOM_UNAVAILABLE
