"""Tests the view of chat messages for clients."""

from handlers.http.views import chat
from storage.records import Message

MESSAGE = Message("s1", 3, "m1", "u1", "ada", "hello", 1_000)


def test_message_of_deleted_sender_keeps_stored_name() -> None:
    """A message of a deleted user keeps the name that was stored with the message."""
    assert chat.message(MESSAGE, {}) == {
        "id": "m1", "sessionId": "s1", "sequence": 3,
        "sender": {"id": "u1", "username": "ada", "avatar": None, "guest": False},
        "message": "hello", "timestamp": "1970-01-01T00:00:01.000Z",
    }  # fmt: skip
