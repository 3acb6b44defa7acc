"""The rows of the store: frozen, with slots. Times are milliseconds since 1970 (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from storage.runs.records import Runners

INVITES_KEPT_MS = 30 * 86_400_000
"""Milliseconds for which an expired invite is still shown, with the users that used it."""


class Role(StrEnum):
    """Rights of a member: a viewer reads, an editor types, the owner also changes the session."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    def allows(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        return _RANK[self] >= _RANK[needed]


_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.OWNER: 2}


class Access(StrEnum):
    """Rule for joining a session: every signed-in user with its id, or only invited users."""

    LINK = "link"
    INVITE = "invite"


class Status(StrEnum):
    """State of a session. Members can read a session that has ended, but nobody can write to it."""

    OPEN = "open"
    ENDED = "ended"


class VersionKind(StrEnum):
    """The reason for which a version was made."""

    MANUAL = "manual"
    AUTO = "auto"
    RESTORE = "restore"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class User:
    """An account. `email` and `password_hash` are None for guests; `username` keeps its spelling.

    avatar      address of the picture
    avatar_key  the key of the picture in the place that keeps it
    guest_of    the one session that a guest may enter
    is_deleted  the row is kept only to tell authors apart; only an idle guest's name is kept
    """

    id: str
    username: str
    email: str | None
    password_hash: str | None
    full_name: str
    avatar: str | None
    is_guest: bool
    created_at: int
    avatar_key: str | None = None
    guest_of: str | None = None
    is_deleted: bool = False

    def may_enter(self, session_id: str) -> bool:
        """Whether the user may become a member of a session: a guest only of `guest_of`."""
        return not self.is_guest or self.guest_of == session_id


@dataclass(frozen=True, slots=True)
class Session:
    """A coding session. New edits, messages and versions change `updated_at` too.

    excerpt  the last lines of the newest version (`Version.excerpt`)
    """

    id: str
    title: str
    language: str
    owner_id: str
    access: Access
    join_role: Role
    status: Status
    main_root: str
    created_at: int
    updated_at: int
    runs: Runners = Runners.EDITORS
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """Changes of a session; None leaves a field as it is."""

    title: str | None = None
    language: str | None = None
    access: Access | None = None
    join_role: Role | None = None
    status: Status | None = None
    runs: Runners | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user's role in a session. A removed member's row stays, so that they cannot join again.

    read_sequence  number of the last chat message that the member has read
    """

    session_id: str
    user_id: str
    role: Role
    joined_at: int
    is_removed: bool = False
    read_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Invite:
    """A way into a session for everybody who has its secret. Ids of later invites are greater.

    max_uses  how many users may use the invite; None for any number
    uses      how many users have used the invite
    """

    id: str
    session_id: str
    secret_hash: str
    role: Role
    created_by: str
    created_at: int
    expires_at: int
    max_uses: int | None
    uses: int = 0
    is_revoked: bool = False

    def is_usable(self, now: int) -> bool:
        """Whether the invite lets another user in."""
        has_uses = self.max_uses is None or self.uses < self.max_uses
        return has_uses and not self.is_revoked and now < self.expires_at


@dataclass(frozen=True, slots=True)
class InviteUse:
    """A user that entered a session by an invite, and the time of it."""

    user_id: str
    used_at: int


@dataclass(frozen=True, slots=True)
class Avatar:
    """A picture that the store keeps."""

    user_id: str
    data: bytes
    created_at: int


class Admission(NamedTuple):
    """The rows that decide whether a signed-in user may enter a session."""

    user: User
    session: Session | None
    member: Member | None


@dataclass(frozen=True, slots=True)
class SessionListing:
    """A session in a user's list, with their membership and number of unread messages."""

    session: Session
    member: Member
    unread: int


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message. In each session, the store counts `sequence` from 1 without gaps.

    is_damaged  the row fails its checksum, so only the place of the message is known
    """

    session_id: str
    sequence: int
    id: str
    sender_id: str
    sender_name: str
    text: str
    created_at: int
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Log entries `first` to `last` of a session, packed by `crdt.log.codec`."""

    session_id: str
    first: int
    last: int
    data: bytes
    created_at: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A document after log entry `sequence`: its merged updates, and the user of each client id."""

    session_id: str
    sequence: int
    state: bytes
    owners: bytes
    created_at: int


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot of the code. In each session, the store counts `number` from 1 without gaps.

    sequence      log position of the snapshot
    files         {root: text}; None if only the description was read
    main_root     the root whose text is the session's `code`
    contributors  ids of the users that edited since the previous version
    documents     {root: content as JSON} of roots that are not texts; empty without `files`
    is_damaged    a checksum is wrong: `files` is None, and the description may be missing too
    """

    session_id: str
    number: int
    sequence: int
    files: Mapping[str, str] | None
    main_root: str
    label: str
    kind: VersionKind
    author_id: str
    author_name: str
    contributors: tuple[str, ...]
    created_at: int
    documents: Mapping[str, Any] = field(default_factory=dict)
    is_damaged: bool = False

    def covers(self, other: "Version") -> bool:
        """Whether another version would add nothing: its document is equal, and its label not new.

        A user who saves a version with a label must find the label again, although the server has
        made a version of the same text by itself before.
        """
        if self.files is None or (
            other.kind is VersionKind.MANUAL and other.label and not self.label
        ):
            return False
        return self.files == other.files and self.documents == other.documents

    def excerpt(self) -> str:
        """Return the last lines of the main text, or of the longest one if that is blank.

        Blank lines and the indentation that all lines share are left out, and so are deleted files.
        "" if there is no text.
        """
        deleted = _deleted_files(self.documents)
        texts = {root: text for root, text in (self.files or {}).items() if root not in deleted}
        for text in (texts.get(self.main_root, ""), max(texts.values(), key=len, default="")):
            if lines := _last_lines(text[-_EXCERPT_TAIL:]):
                return "\n".join(lines)
        return ""


EXCERPT_LINES = 4
EXCERPT_WIDTH = 80
"""Lines of an excerpt, and characters of a line. A list of 200 sessions then has some 60 kB."""
_EXCERPT_TAIL = 4096
"""Characters at the end of a text that are examined, so that many blank lines cost little."""
_HALVES = range(0xD800, 0xE000)
"""Halves of characters, which an edit inside a character leaves. UTF-8 cannot encode them."""


def _deleted_files(documents: Mapping[str, Any]) -> set[str]:
    """Return the roots of files that users have deleted; docs/documents.md describes the table."""
    table = documents.get("files", {}).get("value")
    entries = table.items() if isinstance(table, Mapping) else ()
    return {
        root
        for root, entry in entries
        if isinstance(entry, Mapping) and entry.get("deleted") is True
    }


def _last_lines(text: str) -> list[str]:
    lines = [line.expandtabs(4).rstrip() for line in text.splitlines() if line.strip()]
    lines = lines[-EXCERPT_LINES:]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return [_printable(line[margin:])[:EXCERPT_WIDTH] for line in lines]


def _printable(line: str) -> str:
    return "".join(char for char in line if char.isprintable() and ord(char) not in _HALVES)
