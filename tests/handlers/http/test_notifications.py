"""Notes to open pages: their frames, and who gets them."""

import json
from typing import cast

from handlers.connections import Connections
from handlers.http import notifications
from storage.records import Message, User

ADA = User("u1", "ada", None, None, "", None, False, 0)


class Told:
    """Stands for `Connections`: keeps what is told."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, bytes]] = []

    def tell(self, session_id: str, frame: bytes) -> None:
        self.frames.append((session_id, frame))


def content(frame: bytes) -> dict:
    """Take a note apart: type 103 as a varUint, then the JSON with its length as a varUint."""
    assert frame[0] == 103
    end_of_length = next(at for at in range(1, len(frame)) if frame[at] < 0x80) + 1
    return json.loads(frame[end_of_length:])


def test_message_notification_goes_to_its_session_as_rest_shows_it() -> None:
    """The message with its sender, to the pages of its session alone."""
    told = Told()
    listener = notifications.of_messages(cast("Connections", told))

    listener(Message("s1", 1, "m1", "u1", "ada", "hello", 0), ADA)

    ((session_id, frame),) = told.frames
    note = content(frame)
    assert (session_id, note["about"], note["message"]["sender"]["username"]) == ("s1", "message", "ada")


def test_session_changed_notification_has_no_details() -> None:
    """No more than that: what each may see, REST knows."""
    assert content(notifications.SESSION_CHANGED) == {"about": "session"}
