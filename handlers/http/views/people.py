"""Answers with users, their logins and their pictures."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from handlers.http.rules.text_rules import DELETED_NAME
from handlers.http.views.fields import Timestamp
from handlers.http.views.problems import Confirmation
from handlers.http.views.times import rfc3339
from storage import records
from storage.logins import records as logins
from storage.records import Role

_COLOURS = (
    "#c2410c", "#b45309", "#4d7c0f", "#047857", "#0e7490", "#1d4ed8",
    "#6d28d9", "#a21caf", "#be123c", "#57534e", "#0f766e", "#4338ca",
)  # fmt: skip


class Person(TypedDict):
    """The facts about a user that other users see."""

    id: str
    username: str
    avatar: str | None
    guest: bool


class _GuestOf(TypedDict, total=False):
    guestOf: str | None


class User(Person, _GuestOf):
    """The facts about a user that they themselves see.

    `email` is null for guests, and only guests have `guestOf`.
    """

    email: str | None
    fullname: str
    createdAt: Timestamp


class Participant(TypedDict):
    """The user in a presence state, as the server writes it.

    The fields and colours have the form that y-codemirror.next expects.
    """

    id: str
    name: str
    color: str
    colorLight: str
    avatar: str | None
    guest: NotRequired[bool]


class SignedIn(TypedDict):
    """A new or refreshed login; `expiresIn` is the life of the access token in seconds."""

    user: User
    accessToken: str
    refreshToken: str
    expiresIn: int


class GuestSignedIn(SignedIn):
    """A guest's login, and the session that it is for."""

    sessionId: str
    role: Role


class PasswordChanged(Confirmation):
    """The answer to a change of password; `ended` counts the other logins, which have ended."""

    ended: int


class Usage(TypedDict):
    """How much storage a user's own sessions and picture take.

    `bytes` includes logs, checkpoints, versions, chat and runs. At `maxBytes`, no version, no run
    and no session can be added. Somewhat above `maxBytes`, no edit is accepted either.
    """

    bytes: int
    maxBytes: int
    sessions: int
    maxSessions: int
    isNearlyFull: bool


class Login(TypedDict):
    """One sign-in on one device; `current` is true for the login of this request."""

    id: str
    device: str
    createdAt: Timestamp
    lastUsedAt: Timestamp
    expiresAt: Timestamp
    current: bool


class Logins(TypedDict):
    """All logins of a user, the most recently used first."""

    items: list[Login]
    next: str | None


class Avatar(TypedDict):
    """The address of the caller's picture."""

    avatar: str | None


def user(record: records.User) -> User:
    """Return the facts about a user that they themselves see."""
    guest_of: _GuestOf = {"guestOf": record.guest_of} if record.is_guest else {}
    return {
        "id": record.id,
        "username": record.username,
        "email": record.email,
        "fullname": record.full_name,
        "avatar": record.avatar,
        "guest": record.is_guest,
        **guest_of,
        "createdAt": rfc3339(record.created_at),
    }


def person(user_id: str, people: Mapping[str, records.User], name: str = "") -> Person:
    """Return the facts about a user that other users see.

    name  the user's earlier name, which is used if their record is gone
    """
    record = people.get(user_id)
    if record is None:
        return {"id": user_id, "username": name or DELETED_NAME, "avatar": None, "guest": False}
    return {
        "id": user_id,
        "username": record.username or DELETED_NAME,
        "avatar": record.avatar,
        "guest": record.is_guest,
    }


def participant(record: records.User) -> Participant:
    """Return the facts about a user for presence states."""
    colour = _COLOURS[sum(record.id.encode()) % len(_COLOURS)]
    shown: Participant = {
        "id": record.id,
        "name": record.username,
        "color": colour,
        "colorLight": colour + "33",
        "avatar": record.avatar,
    }
    if record.is_guest:
        shown["guest"] = True
    return shown


def login(record: logins.Login, current_id: str) -> Login:
    """Return a login as its user sees it; `current_id` is the login of the request."""
    return {
        "id": record.id,
        "device": record.device,
        "createdAt": rfc3339(record.created_at),
        "lastUsedAt": rfc3339(record.used_at),
        "expiresAt": rfc3339(record.expires_at),
        "current": record.id == current_id,
    }
