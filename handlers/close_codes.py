"""The table of close codes: number, word, message, and whether the client should connect again.

The table serves the closes of `/sync`, the `error-message` before a Socket.IO client is closed, and
REST errors with the same words. The tables in docs/api.md and on the page /docs, and the web app's
`static/src/close_codes.ts`, are made from this table. To close a client, other modules name a
`Close`: they write neither a close code nor JSON.
"""

import json
from enum import Enum, IntEnum

from crdt.limits import MAX_SYNC_BYTES
from crdt.room.closing import CloseReason
from handlers import settings

MAX_REASON_BYTES = 123
"""Longest reason in bytes. A control frame has at most 125 bytes (RFC 6455, section 5.5),
and the close code takes two of them."""


class CloseCode(IntEnum):
    """A WebSocket close code (RFC 6455, section 7.4).

    meaning     for the documentation
    comes_back  whether the client should connect again: the same request may succeed later
    """

    meaning: str
    comes_back: bool

    def __new__(cls, code: int, meaning: str, comes_back: bool) -> "CloseCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.comes_back = comes_back
        return member

    MALFORMED = 4400, "bytes that no Yjs client makes", False
    NOT_SIGNED_IN = (
        4401,
        "not signed in, or logged out; after `token_expired` connect again with a new token",
        False,
    )
    NO_ACCESS = 4403, "no access, removed, or left", False
    NOT_FOUND = 4404, "no such session", False
    CONFLICT = 4409, "two clients used one client id: send the text again as new edits", False
    SESSION_DELETED = 4410, "the session was deleted", False
    TOO_LARGE = 4413, "the document would pass a limit; `limit` in the reason names it", False
    OUT_OF_SERVICE = (
        4500,
        "out of service: the stored document is damaged, or the server died in this session "
        "and set it aside for a while",
        True,
    )
    UNAVAILABLE = 4503, "the store is unreachable", True
    TOO_MANY = 4529, "too many connections or attempts; `limit` in the reason names the bound", True
    PROTOCOL_ERROR = 1002, "frames that are not WebSocket's", False
    NOT_UTF8 = 1007, "a close reason that is not UTF-8", False
    TOO_FAST = 1008, "sent too fast for ten seconds; `limit` in the reason names the rate", True
    TOO_BIG = 1009, "one message is over the limit that `limit` in the reason names", True
    INTERNAL = 1011, "the server failed; the log says why", True
    RESTART = 1012, "the server restarts", True
    TRY_LATER = (
        1013,
        "read too slowly; `limit` in the reason names the bound on what waits",
        True,
    )


class Close(Enum):
    """A reason for closing a client's connection, as the client learns it.

    code     the close code
    word     a stable word that tells the causes of one code apart;
             REST errors with the same cause have it as their `code`
    message  a text for users, unless the caller has a more exact text
    limit    the name of the setting whose limit was exceeded, if this reason has only one
    """

    MALFORMED = CloseCode.MALFORMED, "malformed", "The server cannot read what this client sent."
    TEXT_MESSAGE = CloseCode.MALFORMED, "malformed", "binary messages only"
    PROTOCOL_ERROR = (
        CloseCode.PROTOCOL_ERROR,
        "malformed",
        "This client broke the WebSocket protocol.",
    )
    NOT_UTF8 = CloseCode.NOT_UTF8, "malformed", "The reason is not UTF-8."
    TOO_BIG = CloseCode.TOO_BIG, "too_large", "One message is too large.", MAX_SYNC_BYTES.name
    TOO_FAST = CloseCode.TOO_FAST, "too_fast", "This client sent too much for ten seconds."
    TOO_SLOW = (
        CloseCode.TRY_LATER,
        "too_slow",
        "This client reads too slowly.",
        settings.MAX_QUEUED_BYTES.name,
    )
    CONFLICT = (
        CloseCode.CONFLICT,
        "conflict",
        "Other edits have the same ids as yours. Send yours again as new ones.",
    )
    TOO_LARGE = CloseCode.TOO_LARGE, "too_large", "The document is too large."
    TOO_MANY = CloseCode.TOO_MANY, "too_many", "Too many connections."
    NOT_SIGNED_IN = CloseCode.NOT_SIGNED_IN, "not_signed_in", "Sign in first."
    TOKEN_EXPIRED = CloseCode.NOT_SIGNED_IN, "token_expired", "The access token has expired."
    LOGGED_OUT = CloseCode.NOT_SIGNED_IN, "logged_out", "You have signed out."
    LOGIN_EXPIRED = CloseCode.NOT_SIGNED_IN, "login_expired", "Your login has expired."
    ACCOUNT_DELETED = CloseCode.NOT_SIGNED_IN, "account_deleted", "Your account was deleted."
    FORBIDDEN = CloseCode.NO_ACCESS, "forbidden", "You have no access to this session."
    REMOVED = CloseCode.NO_ACCESS, "removed", "The owner removed you from this session."
    LEFT = CloseCode.NO_ACCESS, "left", "You have left this session."
    GUEST_EXPIRED = CloseCode.NO_ACCESS, "guest_expired", "Your time as a guest is over."
    MEMBER_DELETED_ACCOUNT = CloseCode.NO_ACCESS, "account_deleted", "Your account was deleted."
    NOT_FOUND = CloseCode.NOT_FOUND, "not_found", "There is no such session."
    SESSION_DELETED = CloseCode.SESSION_DELETED, "session_deleted", "The session was deleted."
    QUARANTINED = CloseCode.OUT_OF_SERVICE, "quarantined", "The stored document is damaged."
    UNAVAILABLE = CloseCode.UNAVAILABLE, "unavailable", "The session cannot be loaded now."
    INTERNAL = CloseCode.INTERNAL, "internal", "The server failed; it was logged."
    RESTART = CloseCode.RESTART, "restart", "The server restarts."

    def __init__(self, code: CloseCode, word: str, message: str, limit: str = "") -> None:
        self.code = code
        self.word = word
        self.message = message
        self.limit = limit

    def reason(self, message: str = "", limit: str = "") -> str:
        """Return the reason for a close frame: JSON with the word, the message, and any limit.

        It must fit into 123 bytes. So a long message is cut before the JSON is made,
        and clients always get valid JSON.
        """
        passed, text = limit or self.limit, message or self.message
        told = {"code": self.word, "limit": passed} if passed else {"code": self.word}
        while (
            len(reason := json.dumps({**told, "message": text}, separators=(",", ":")))
            > MAX_REASON_BYTES
        ):
            text = text[:-2] + "…"
        return reason


_OF_ROOMS = {
    CloseReason.RESTART: Close.RESTART,
    CloseReason.SESSION_DELETED: Close.SESSION_DELETED,
    CloseReason.MEMBER_REMOVED: Close.REMOVED,
    CloseReason.MEMBER_LEFT: Close.LEFT,
    CloseReason.MEMBER_DELETED_ACCOUNT: Close.MEMBER_DELETED_ACCOUNT,
    CloseReason.GUEST_EXPIRED: Close.GUEST_EXPIRED,
    CloseReason.LOGGED_OUT: Close.LOGGED_OUT,
    CloseReason.LOGIN_EXPIRED: Close.LOGIN_EXPIRED,
    CloseReason.ACCOUNT_DELETED: Close.ACCOUNT_DELETED,
    CloseReason.MALFORMED: Close.MALFORMED,
    CloseReason.CONFLICT: Close.CONFLICT,
    CloseReason.DOCUMENT_FULL: Close.TOO_LARGE,
    CloseReason.ROOM_DAMAGED: Close.QUARANTINED,
    CloseReason.ROOM_UNAVAILABLE: Close.UNAVAILABLE,
}


def close_for(reason: CloseReason) -> Close:
    """Return the `Close` for a room's reason."""
    return _OF_ROOMS[reason]


def words(code: CloseCode) -> list[str]:
    """Return the different words that can come with a close code."""
    return list(dict.fromkeys(close.word for close in Close if close.code is code))
