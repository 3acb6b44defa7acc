"""Users, their logins and their pictures."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from handlers.http.text_rules import DELETED_NAME
from handlers.http.views.fields import Timestamp
from handlers.http.views.problems import Confirmation
from handlers.http.views.times import rfc3339
from storage import records
from storage.records import Role

_COLOURS = (
    "#c2410c", "#b45309", "#4d7c0f", "#047857", "#0e7490", "#1d4ed8",
    "#6d28d9", "#a21caf", "#be123c", "#57534e", "#0f766e", "#4338ca",
)  # fmt: skip


class Person(TypedDict):
    """What others are told of a user."""

    id: str
    username: str
    avatar: str | None
    guest: bool


class _GuestOf(TypedDict, total=False):
    guestOf: str | None


class User(Person, _GuestOf):
    """What users are told of themselves; `email` is null for guests,
    and only they have `guestOf`.
    """

    email: str | None
    fullname: str
    createdAt: Timestamp


class Participant(TypedDict):
    """The user that the server puts into presence states;
    colours as y-codemirror.next wants them.
    """

    id: str
    name: str
    color: str
    colorLight: str
    avatar: str | None
    guest: NotRequired[bool]


class SignedIn(TypedDict):
    """A login that begins or goes on; `expiresIn` is the access token's life in seconds."""

    user: User
    accessToken: str
    refreshToken: str
    expiresIn: int


class GuestSignedIn(SignedIn):
    """A guest's login, and the session that it is for."""

    sessionId: str
    role: Role


class PasswordChanged(Confirmation):
    """`ended` counts the other logins, which have ended."""

    ended: int


class Usage(TypedDict):
    """What the user's own sessions take: logs, checkpoints, versions, chat, and their picture.

    At `maxBytes`, no version and no session can be added. Somewhat above it, no edit is accepted
    either.
    """

    bytes: int
    maxBytes: int
    sessions: int
    maxSessions: int
    isNearlyFull: bool


class Login(TypedDict):
    """One sign-in on one device; `current` is the one that asks."""

    id: str
    device: str
    createdAt: Timestamp
    lastUsedAt: Timestamp
    expiresAt: Timestamp
    current: bool


class Logins(TypedDict):
    """All logins of a user, the one used last first."""

    items: list[Login]
    next: str | None


class Avatar(TypedDict):
    """The address of the caller's picture."""

    avatar: str | None


def user(record: records.User) -> User:
    """Return what a user is told of themselves."""
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
    """Return what others are told of a user; `name` is what they were called,
    for when there is no record.
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
    """Return what presence states say of a user."""
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


def login(record: records.Login, current_id: str) -> Login:
    """Return a login as its user sees it; `current_id` is the login that asks."""
    return {
        "id": record.id,
        "device": record.device,
        "createdAt": rfc3339(record.created_at),
        "lastUsedAt": rfc3339(record.used_at),
        "expiresAt": rfc3339(record.expires_at),
        "current": record.id == current_id,
    }
