"""Answers with chat messages."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from handlers.http.views.fields import Timestamp
from handlers.http.views.people import Person, person
from handlers.http.views.times import rfc3339
from storage import records


class Message(TypedDict):
    """A chat message; `sequence` counts from 1 in its session.

    Only the `sequence` of a `damaged` message is known.
    """

    id: str
    sessionId: str
    sequence: int
    sender: Person
    message: str
    timestamp: Timestamp
    damaged: NotRequired[bool]


class Messages(TypedDict):
    """Messages, oldest first; `next` leads to older messages."""

    messages: list[Message]
    next: str | None


class Unread(TypedDict):
    """How many messages the caller has not read."""

    unread: int


def message(record: records.Message, people: Mapping[str, records.User]) -> Message:
    """Return a message. If the sender's record is gone, their name at that time is used."""
    body: Message = {
        "id": record.id,
        "sessionId": record.session_id,
        "sequence": record.sequence,
        "sender": person(record.sender_id, people, record.sender_name),
        "message": record.text,
        "timestamp": rfc3339(record.created_at),
    }
    if record.is_damaged:
        body["damaged"] = True
    return body
