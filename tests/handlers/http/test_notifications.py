"""Tests notifications to open pages: their frames and their recipients."""

import json

from handlers.http import notifications
from storage.records import Message, User

ADA = User("u1", "ada", None, None, "", None, False, 0)


def content(frame: bytes) -> dict:
    """Return the JSON of a notification: type 103 as a varUint, a varUint length, then the JSON."""
    assert frame[0] == 103
    end_of_length = next(at for at in range(1, len(frame)) if frame[at] < 0x80) + 1
    return json.loads(frame[end_of_length:])


def test_message_notification_goes_to_its_session_as_rest_shows_it() -> None:
    """A new message with its sender is sent only to the pages of its session."""
    told = list[tuple[str, bytes]]()
    listener = notifications.of_messages(lambda session_id, frame: told.append((session_id, frame)))

    listener(Message("s1", 1, "m1", "u1", "ada", "hello", 0), ADA)

    ((session_id, frame),) = told
    note = content(frame)
    assert (session_id, note["about"], note["message"]["sender"]["username"]) == (
        "s1",
        "message",
        "ada",
    )


def test_session_changed_notification_has_no_details() -> None:
    """The notification of a changed session has no details.

    Each page asks REST for its own view.
    """
    assert content(notifications.SESSION_CHANGED) == {"about": "session"}
