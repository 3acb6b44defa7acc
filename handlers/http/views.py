"""Records as the JSON that clients see (docs/api.md)."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from crdt.history.timeline import Stretch
from crdt.text.hunks import Hunk, unified
from handlers.errors import ApiError
from handlers.times import rfc3339
from storage.records import Invite, Member, Message, Session, User, Version

DELETED_NAME = "deleted user"

_COLOURS = (
    "#c2410c", "#b45309", "#4d7c0f", "#047857", "#0e7490", "#1d4ed8",
    "#6d28d9", "#a21caf", "#be123c", "#57534e", "#0f766e", "#4338ca",
)  # fmt: skip


def problem(error: ApiError, title: str, request_id: str) -> dict[str, Any]:
    """An error as RFC 9457 has it, with our extensions."""
    body: dict[str, Any] = {
        "type": f"/docs#{error.code}",
        "title": title,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "message": error.message,
        "requestId": request_id,
    }
    more = {"errors": error.errors, "latest": error.latest}
    return body | {name: value for name, value in more.items() if value}


def user(record: User) -> dict[str, Any]:
    """What a user is told of himself."""
    return {
        "id": record.id,
        "username": record.username,
        "email": record.email,
        "fullname": record.full_name,
        "avatar": record.avatar,
        "guest": record.is_guest,
        **({"guestOf": record.guest_of} if record.is_guest else {}),
        "createdAt": rfc3339(record.created_at),
    }


def person(user_id: str, people: Mapping[str, User], name: str = "") -> dict[str, Any]:
    """What others are told of a user; `name` is what he was called when there is no record of him."""
    record = people.get(user_id)
    if record is None:
        return {"id": user_id, "username": name or DELETED_NAME, "avatar": None, "guest": False}
    return {
        "id": user_id,
        "username": record.username or DELETED_NAME,
        "avatar": record.avatar,
        "guest": record.is_guest,
    }


def participant(record: User) -> dict[str, Any]:
    """The true user that the server puts into presence states; colours as y-codemirror.next wants them."""
    colour = _COLOURS[sum(record.id.encode()) % len(_COLOURS)]
    return {
        "id": record.id,
        "name": record.username,
        "color": colour,
        "colorLight": colour + "33",
        "avatar": record.avatar,
        **({"guest": True} if record.is_guest else {}),
    }


def session(
    record: Session,
    role: str,
    unread: int,
    members: Iterable[Member],
    count: int,
    people: Mapping[str, User],
    online: Set[str],
) -> dict[str, Any]:
    """A session as one member sees it; `unread` counts chat messages, `online` has the ids of those connected."""
    return {
        "id": record.id,
        "sessionId": record.id,
        "title": record.title,
        "language": record.language,
        "access": record.access,
        "joinRole": record.join_role,
        "status": record.status,
        "role": role,
        "owner": person(record.owner_id, people),
        "members": [
            {
                **person(member.user_id, people),
                "role": member.role,
                "joinedAt": rfc3339(member.joined_at),
                "online": member.user_id in online,
            }
            for member in members
        ],
        "memberCount": count,
        "onlineCount": len(online),
        "unread": unread,
        "createdAt": rfc3339(record.created_at),
        "updatedAt": rfc3339(record.updated_at),
        "lastActivityAt": rfc3339(record.updated_at),
    }


def invite(record: Invite, now: int) -> dict[str, Any]:
    """An invite without its secret, which nobody knows any more."""
    return {
        "id": record.id,
        "role": record.role,
        "createdAt": rfc3339(record.created_at),
        "expiresAt": rfc3339(record.expires_at),
        "maxUses": record.max_uses,
        "uses": record.uses,
        "usesLeft": None if record.max_uses is None else record.max_uses - record.uses,
        "revoked": record.is_revoked,
        "usable": record.is_usable(now),
    }


def message(record: Message, people: Mapping[str, User]) -> dict[str, Any]:
    return {
        "id": record.id,
        "sessionId": record.session_id,
        "sequence": record.sequence,
        "sender": person(record.sender_id, people, record.sender_name),
        "message": record.text,
        "timestamp": rfc3339(record.created_at),
    }


def difference(found: Mapping[str, Sequence[Hunk]]) -> list[dict[str, Any]]:
    """What differs between two versions, by root."""
    return [
        {"root": root, "hunks": [_hunk(hunk) for hunk in hunks], "unified": unified(root, hunks)}
        for root, hunks in found.items()
    ]


def _hunk(hunk: Hunk) -> dict[str, Any]:
    return {
        "oldStart": hunk.old_start,
        "oldLines": hunk.old_lines,
        "newStart": hunk.new_start,
        "newLines": hunk.new_lines,
        "lines": [
            {"kind": line.kind, "text": line.text, **({"marks": line.marks} if line.marks else {})}
            for line in hunk.lines
        ],
    }


def stretch(one: Stretch) -> dict[str, Any]:
    """Some edits of one user."""
    return {
        "sequence": one.last,
        "first": one.first,
        "at": rfc3339(one.at),
        "until": rfc3339(one.until),
        "author": one.author,
        "inserted": one.inserted,
        "deleted": one.deleted,
        **({"paste": one.paste} if one.paste else {}),
        **({"pause": one.pause} if one.pause else {}),
    }


def version(record: Version, people: Mapping[str, User]) -> dict[str, Any]:
    """A version; without `code` and `files` when it was read without them."""
    author = person(record.author_id, people, record.author_name)
    body = {
        "sessionId": record.session_id,
        "version": record.number,
        "label": record.label,
        "kind": record.kind,
        "author": {"id": author["id"], "username": author["username"]},
        "contributors": [{"id": one, "username": person(one, people)["username"]} for one in record.contributors],
        "sequence": record.sequence,
        "createdAt": rfc3339(record.created_at),
    }
    if record.files is not None:
        body["code"] = record.files.get(record.main_root, "")
        body["files"] = dict(record.files)
    return body
