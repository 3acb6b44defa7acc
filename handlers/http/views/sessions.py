"""Sessions with their members, invites and tickets."""

from collections.abc import Iterable, Mapping, Set
from typing import TypedDict

from crdt.document.quota import Fill
from handlers.http.views.fields import JoinRole, Timestamp
from handlers.http.views.people import Person, person
from handlers.http.views.times import rfc3339
from storage import records
from storage.records import Access, Role, Status


class MemberRole(Person):
    """A user and what they may do in a session."""

    role: Role


class Member(MemberRole):
    """A member as a session lists them."""

    joinedAt: Timestamp
    online: bool


class DocumentSize(TypedDict):
    """How many bytes a session's document has as Yjs encodes it, of how many it may have.

    `bytes` may have deleted content in it, `isHalfFull` does not count that.
    """

    bytes: int
    limit: int
    isHalfFull: bool


class Compacted(DocumentSize):
    """The document's size after all deleted content was removed, and `before`."""

    before: int


class Session(TypedDict):
    """A session as one member sees it: `role` and `unread` are theirs.

    Lists show the first members only.

    `documentSize` is null while nobody has the session open.
    """

    id: str
    sessionId: str
    title: str
    language: str
    access: Access
    joinRole: JoinRole
    status: Status
    role: Role
    owner: Person
    members: list[Member]
    memberCount: int
    onlineCount: int
    unread: int
    createdAt: Timestamp
    updatedAt: Timestamp
    lastActivityAt: Timestamp
    documentSize: DocumentSize | None


class SessionEnd(TypedDict, total=False):
    """How a session ended: `final` is the number of the version that has its last texts.

    It is null for a session in which nothing was ever written, and when it could not be stored:
    `finalProblem` then says why. The document can still be read.
    """

    final: int | None
    finalProblem: str | None


class ChangedSession(Session, SessionEnd):
    """A session after a change; only one that was ended by it has the fields of `SessionEnd`."""


class Sessions(TypedDict):
    """Sessions, newest activity first."""

    items: list[Session]
    next: str | None


class Joined(TypedDict):
    """A session that the caller is a member of, and their role in it."""

    session: Session
    role: Role


class Invite(TypedDict):
    """An invite without its secret; `maxUses` and `usesLeft` are null for any number."""

    id: str
    role: JoinRole
    createdAt: Timestamp
    expiresAt: Timestamp
    maxUses: int | None
    uses: int
    usesLeft: int | None
    revoked: bool
    usable: bool


class NewInvite(Invite):
    """An invite with its secret, which is shown this once, and the page that it leads to."""

    invite: str
    url: str


class InviteUse(Person):
    """Somebody who came in by an invite."""

    at: Timestamp


class ListedInvite(Invite):
    """An invite with its maker, and the first users that came in by it."""

    createdBy: Person
    usedBy: list[InviteUse]


class Invites(TypedDict):
    """Invites, newest first."""

    items: list[ListedInvite]
    next: str | None


class PreviewSession(TypedDict):
    """What strangers with an invite or an open link are told of its session."""

    id: str
    title: str
    language: str
    status: Status


class Preview(TypedDict):
    """What an invite leads to."""

    session: PreviewSession
    role: JoinRole
    invitedBy: Person
    expiresAt: Timestamp


class LinkPreview(TypedDict):
    """What the link of a session leads to, if the link lets people in, and in which role."""

    session: PreviewSession
    role: JoinRole
    owner: Person


class Ticket(TypedDict):
    """A pass for one WebSocket; `expiresIn` is in seconds."""

    ticket: str
    expiresIn: int


def session(
    listed: records.SessionListing,
    members: Iterable[records.Member],
    count: int,
    people: Mapping[str, records.User],
    online: Set[str],
    fill: Fill | None,
) -> Session:
    """Return a session as one member sees it.

    members  those to show
    count    how many members there are
    online   ids of the users who are connected
    fill     how full its document is, if that is known
    """
    record = listed.session
    return {
        "id": record.id,
        "sessionId": record.id,
        "title": record.title,
        "language": record.language,
        "access": record.access,
        "joinRole": record.join_role,
        "status": record.status,
        "role": listed.member.role,
        "owner": person(record.owner_id, people),
        "members": [member(shown, people, online) for shown in members],
        "memberCount": count,
        "onlineCount": len(online),
        "unread": listed.unread,
        "createdAt": rfc3339(record.created_at),
        "updatedAt": rfc3339(record.updated_at),
        "lastActivityAt": rfc3339(record.updated_at),
        "documentSize": document_size(fill) if fill else None,
    }


def document_size(fill: Fill) -> DocumentSize:
    """Return how full a document is."""
    return {"bytes": fill.size, "limit": fill.limit, "isHalfFull": fill.is_half_full}


def member(record: records.Member, people: Mapping[str, records.User], online: Set[str]) -> Member:
    """Return a member; `online` has the ids of the users who are connected."""
    return {
        **person(record.user_id, people),
        "role": record.role,
        "joinedAt": rfc3339(record.joined_at),
        "online": record.user_id in online,
    }


def invite(record: records.Invite, now: int) -> Invite:
    """Return an invite without its secret, which nobody knows any more."""
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


def listed_invite(
    record: records.Invite,
    uses: Iterable[records.InviteUse],
    people: Mapping[str, records.User],
    now: int,
) -> ListedInvite:
    """Return an invite with its maker and the users that came in by it."""
    return {
        **invite(record, now),
        "createdBy": person(record.created_by, people),
        "usedBy": [{**person(use.user_id, people), "at": rfc3339(use.used_at)} for use in uses],
    }


def preview(
    record: records.Invite, session: records.Session, people: Mapping[str, records.User]
) -> Preview:
    """Return what an invite leads to."""
    return {
        "session": _preview_session(session),
        "role": record.role,
        "invitedBy": person(record.created_by, people),
        "expiresAt": rfc3339(record.expires_at),
    }


def link_preview(session: records.Session, people: Mapping[str, records.User]) -> LinkPreview:
    """Return what the link of a session leads to."""
    return {
        "session": _preview_session(session),
        "role": session.join_role,
        "owner": person(session.owner_id, people),
    }


def _preview_session(session: records.Session) -> PreviewSession:
    return {
        "id": session.id,
        "title": session.title,
        "language": session.language,
        "status": session.status,
    }
