"""Turns records into documents and back.

A document's fields have the names of the record's fields, and `_id` is the key.
"""

from dataclasses import fields, replace
from typing import Any

from storage.checksums import (
    checked_message,
    checked_run,
    checked_version,
    message_checksum,
    run_checksum,
    version_checksum,
)
from storage.logins.records import Login, Ticket
from storage.mending import restored
from storage.mongo.database.driver import Document, date
from storage.names import name_key, name_skeleton
from storage.records import (
    Avatar,
    Chunk,
    Invite,
    Member,
    Message,
    Role,
    Session,
    User,
    Version,
    VersionKind,
)
from storage.runs.contents import pack_report
from storage.runs.records import Run

_WORDS = ("role", "access", "join_role", "status", "kind", "runs", "outcome")


def plain(record: Any) -> Document:
    """Return a record's fields, with enums as plain strings.

    `is_damaged` is left out, because a reader finds damage by the checksum.
    """
    values = {
        column.name: getattr(record, column.name)
        for column in fields(record)
        if column.name != "is_damaged"
    }
    return {name: str(value) if name in _WORDS else value for name, value in values.items()}


def _keyed(record: Any, key: str) -> Document:
    document = plain(record)
    return {"_id": document.pop(key), **document}


def user_document(user: User, active_at: int) -> Document:
    """Return a user's document.

    `name_key` and `email_key` must be unique; guests and deleted users have none.
    """
    return {
        **_keyed(user, "id"),
        **name_keys(user),
        "email_key": user.email.casefold() if user.email else None,
        "active_at": active_at,
    }


def name_keys(user: User) -> Document:
    """Return the forms of a user's name that serve for comparing names.

    They are None for guests and deleted users.
    """
    if user.is_guest or user.is_deleted:
        return {"name_key": None, "name_skeleton": None}
    return {"name_key": name_key(user.username), "name_skeleton": name_skeleton(user.username)}


def as_user(document: Document) -> User:
    """Return the user of a document."""
    return restored(User, {**document, "id": document["_id"]})


def login_document(login: Login) -> Document:
    """Return the document of a login; MongoDB deletes it after `expires`."""
    return {**_keyed(login, "id"), "expires": date(login.expires_at)}


def rotation(login: Login) -> Document:
    """Return the fields of a login's document that an exchange of its token changes."""
    names = (
        "token_hash",
        "previous_hash",
        "earlier_hashes",
        "generation",
        "rotated_at",
        "used_at",
        "expires_at",
    )
    return {**{name: getattr(login, name) for name in names}, "expires": date(login.expires_at)}


def as_login(document: Document) -> Login:
    """Return the login of a document."""
    return restored(Login, {**document, "id": document["_id"]})


def session_document(session: Session) -> Document:
    """Return the document of a session."""
    return _keyed(session, "id")


def as_session(document: Document) -> Session:
    """Return the session of a document."""
    return restored(Session, {**document, "id": document["_id"]})


def member_id(session_id: str, user_id: str) -> str:
    """Return the `_id` of a membership."""
    return f"{session_id}/{user_id}"


def member_document(member: Member) -> Document:
    """Return a membership's document.

    An owner's document has the role of an editor. Only the session's document names the owner, so
    one write hands a session over.
    """
    role = Role.EDITOR if member.role is Role.OWNER else member.role
    return {"_id": member_id(member.session_id, member.user_id), **plain(member), "role": str(role)}


def as_member(document: Document, owner_id: str | None) -> Member:
    """Return the member of a document; `owner_id` is the user who owns the session."""
    member = restored(Member, document)
    return replace(member, role=Role.OWNER) if member.user_id == owner_id else member


def invite_document(invite: Invite) -> Document:
    """Return the document of an invite; MongoDB deletes it after `expires`."""
    return {**_keyed(invite, "id"), "expires": date(invite.expires_at)}


def as_invite(document: Document) -> Invite:
    """Return the invite of a document."""
    return restored(Invite, {**document, "id": document["_id"]})


def ticket_document(ticket: Ticket) -> Document:
    """Return the document of a ticket; MongoDB deletes it after `expires`."""
    return {**_keyed(ticket, "hash"), "expires": date(ticket.expires_at)}


def as_ticket(document: Document) -> Ticket:
    """Return the ticket of a document."""
    return restored(Ticket, {**document, "hash": document["_id"]})


def avatar_document(avatar: Avatar) -> Document:
    """Return the document of an avatar."""
    return _keyed(avatar, "user_id")


def as_avatar(document: Document) -> Avatar:
    """Return the avatar of a document."""
    return restored(Avatar, {**document, "user_id": document["_id"]})


def message_document(message: Message) -> Document:
    """Return the document of a chat message."""
    key = message_id(message.session_id, message.id)
    return {"_id": key, **plain(message), "checksum": message_checksum(message)}


def message_id(session_id: str, message: str) -> str:
    """Return the `_id` of a chat message."""
    return f"{session_id}/{message}"


def as_message(document: Document) -> Message:
    """Return the chat message of a document."""
    sequence = document.get("sequence")
    known = sequence if isinstance(sequence, int) else 0
    return checked_message(document["session_id"], known, document, document.get("checksum"))


def chunk_id(session_id: str, first: int) -> str:
    """Return the `_id` of a chunk. The ids of a log's chunks sort in the order of its entries."""
    return f"{session_id}/{first:016d}"


def chunk_document(chunk: Chunk) -> Document:
    """Return the document of a chunk whose data is not split into parts."""
    return {"_id": chunk_id(chunk.session_id, chunk.first), **plain(chunk), "parts": []}


def version_id(session_id: str, number: int) -> str:
    """Return the `_id` of a version. The ids of a session's versions sort by their numbers."""
    return f"{session_id}/{number:08d}"


def version_document(version: Version) -> Document:
    """Return the document of a version, without its contents, which may be large."""
    document = plain(version)
    del document["files"], document["documents"]
    document["contributors"] = list(version.contributors)
    key = version_id(version.session_id, version.number)
    return {"_id": key, **document, "checksum": version_checksum(version)}


def as_version(document: Document, contents: bytes | None) -> Version:
    """Return the version of a document; contents: the packed bytes, None if they were not read."""

    def describe() -> Version:
        names = (
            field.name
            for field in fields(Version)
            if field.name not in ("files", "documents", "is_damaged")
        )
        values = {name: document[name] for name in names}
        values |= {
            "kind": VersionKind(values["kind"]),
            "contributors": tuple(values["contributors"]),
        }
        return Version(**values, files=None)

    session_id, _, number = document["_id"].rpartition("/")
    return checked_version(session_id, int(number), document.get("checksum"), describe, contents)


def run_id(session_id: str, run: str) -> str:
    """Return the `_id` of a run."""
    return f"{session_id}/{run}"


def run_document(run: Run) -> Document:
    """Return the document of a run."""
    document = plain(run)
    del document["report"]
    content = pack_report(run.session_id, run.number, run.report)
    key = run_id(run.session_id, run.id)
    stored = {"checksum": run_checksum(run), "content": content, "size": len(content)}
    return {"_id": key, **document, **stored}


def as_run(document: Document, *, with_report: bool) -> Run:
    """Return the run of a document, which may lack the report if it is not needed."""
    number = document.get("number")
    known = number if isinstance(number, int) else 0
    return checked_run(document["session_id"], known, document, with_report=with_report)
