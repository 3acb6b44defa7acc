"""Answers with sessions, their members, invites and tickets."""

from collections.abc import Iterable, Mapping, Set
from typing import TypedDict

from crdt.document.quota import Fill
from handlers.http.views.fields import JoinRole, Timestamp
from handlers.http.views.people import Person, person
from handlers.http.views.times import rfc3339
from storage import records
from storage.records import Access, Role, Status
from storage.runs.records import Runners


class MemberRole(Person):
    """A user and their role in a session."""

    role: Role


class Member(MemberRole):
    """A member in the list of a session's members."""

    joinedAt: Timestamp
    online: bool


class DocumentSize(TypedDict):
    """The size of a session's document in bytes, as Yjs encodes it, and the limit on this size.

    `bytes` may include deleted content, which does not count for `isHalfFull`.
    """

    bytes: int
    limit: int
    isHalfFull: bool


class Compacted(DocumentSize):
    """The document's size after deleted content was removed, and its size `before` that."""

    before: int


class Session(TypedDict):
    """A session as one member sees it: `role` and `unread` are about this member.

    `runs` says who may run programs. `excerpt` has the last lines of the newest version. Lists of
    sessions show only the first members of each session.
    `documentSize` is null while nobody has the session open.
    """

    id: str
    sessionId: str
    title: str
    language: str
    access: Access
    joinRole: JoinRole
    runs: Runners
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
    excerpt: str


class SessionEnd(TypedDict, total=False):
    """The end of a session. `final` is the number of the version with its last texts.

    `final` is null if nothing was ever written in the session, or if the version could not be
    stored. In the second case, `finalProblem` is the reason. The document can still be read.
    """

    final: int | None
    finalProblem: str | None


class ChangedSession(Session, SessionEnd):
    """A session after a change. If the change ended it, it has the fields of `SessionEnd`."""


class Sessions(TypedDict):
    """Sessions, the most recently active first."""

    items: list[Session]
    next: str | None


class Joined(TypedDict):
    """A session that the caller is a member of, and their role in it."""

    session: Session
    role: Role


class Invite(TypedDict):
    """An invite without its secret; `maxUses` and `usesLeft` are null if there is no limit."""

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
    """An invite with its secret, which is shown only once, and the URL of its page."""

    invite: str
    url: str


class InviteUse(Person):
    """A user who used an invite, and the time of it."""

    at: Timestamp


class ListedInvite(Invite):
    """An invite with its creator, and some of the users who used it."""

    createdBy: Person
    usedBy: list[InviteUse]


class Invites(TypedDict):
    """Invites, newest first."""

    items: list[ListedInvite]
    next: str | None


class PreviewSession(TypedDict):
    """The facts about a session that users with an invite or an open link see."""

    id: str
    title: str
    language: str
    status: Status


class Preview(TypedDict):
    """The session and the role that an invite leads to."""

    session: PreviewSession
    role: JoinRole
    invitedBy: Person
    expiresAt: Timestamp


class LinkPreview(TypedDict):
    """The session and the role that a session's link leads to, if users may join by the link."""

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

    members  the members to show
    count    how many members the session has
    online   ids of the users who are connected
    fill     how full the session's document is; None if that is unknown
    """
    record = listed.session
    return {
        "id": record.id,
        "sessionId": record.id,
        "title": record.title,
        "language": record.language,
        "access": record.access,
        "joinRole": record.join_role,
        "runs": record.runs,
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
        "excerpt": record.excerpt,
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
    """Return an invite without its secret, which the server does not store."""
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
    """Return an invite with its creator and the given uses."""
    return {
        **invite(record, now),
        "createdBy": person(record.created_by, people),
        "usedBy": [{**person(use.user_id, people), "at": rfc3339(use.used_at)} for use in uses],
    }


def preview(
    record: records.Invite, session: records.Session, people: Mapping[str, records.User]
) -> Preview:
    """Return the session and the role that an invite leads to."""
    return {
        "session": _preview_session(session),
        "role": record.role,
        "invitedBy": person(record.created_by, people),
        "expiresAt": rfc3339(record.expires_at),
    }


def link_preview(session: records.Session, people: Mapping[str, records.User]) -> LinkPreview:
    """Return the session and the role that a session's link leads to."""
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
