"""The rows of the store: frozen, with slots. Times are milliseconds since 1970 (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

INVITES_KEPT_MS = 30 * 86_400_000
"""How long an invite that has expired is still shown, with who came in by it."""

_EARLIER_HASHES = 64
"""Most refresh tokens of a login that are remembered: more than any browser with many tabs uses within 20 s."""


class Role(StrEnum):
    """What a member may do: a viewer reads, an editor types, the owner also changes the session."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    def allows(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        return _RANK[self] >= _RANK[needed]


_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.OWNER: 2}


class Access(StrEnum):
    """Who may join: anybody signed in who has the id, or only who was invited."""

    LINK = "link"
    INVITE = "invite"


class Status(StrEnum):
    """An ended session can be read by its members and written by nobody."""

    OPEN = "open"
    ENDED = "ended"


class VersionKind(StrEnum):
    """Why a version was made."""

    MANUAL = "manual"
    AUTO = "auto"
    RESTORE = "restore"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class User:
    """An account. `email` and `password_hash` are None for guests; `username` keeps its spelling.

    avatar      address of the picture
    avatar_key  what the picture is called where it is kept
    guest_of    the one session that a guest may enter
    is_deleted  only authorship remains: without a name of who deleted his account, with it of a guest who
                did not come back
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
        """Whether he may become a member: a guest of his one session only."""
        return not self.is_guest or self.guest_of == session_id


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in on one device; its id is the `sid` of its access tokens.

    token_hash     hash of the refresh token that is valid now
    previous_hash  hash of the one before, for retries and to detect theft
    earlier_hashes  hashes of those before it that were used a moment ago, newest first: `hash:ms hash:ms`
    generation     how often the token was rotated
    rotated_at     when it last was
    expires_at     when it ends unless used before; never beyond `ends_at`
    used_at        when it last signed something in, to the minute
    """

    id: str
    user_id: str
    token_hash: str
    previous_hash: str | None
    generation: int
    created_at: int
    rotated_at: int
    expires_at: int
    ends_at: int
    device: str
    used_at: int = 0
    earlier_hashes: str = ""

    def rotated(self, successor: str, now: int, expires_at: int, retry_ms: int) -> "Login":
        """Return the login after `successor` has replaced its token; what was used `retry_ms` ago is remembered."""
        used = [f"{self.previous_hash}:{self.rotated_at}"] if self.previous_hash else []
        used += self.earlier_hashes.split()
        recent = [entry for entry in used if now - int(entry.partition(":")[2]) <= retry_ms]
        return replace(
            self,
            token_hash=successor,
            previous_hash=self.token_hash,
            earlier_hashes=" ".join(recent[:_EARLIER_HASHES]),
            generation=self.generation + 1,
            rotated_at=now,
            used_at=now,
            expires_at=min(expires_at, self.ends_at),
        )

    def was_used_since(self, token_hash: str, since: int) -> bool:
        """Whether a token of this login was exchanged for its successor at `since` or later."""
        if token_hash == self.previous_hash:
            return self.rotated_at >= since
        used = dict(entry.split(":") for entry in self.earlier_hashes.split())
        return int(used.get(token_hash, since - 1)) >= since


@dataclass(frozen=True, slots=True)
class Session:
    """A coding session. `updated_at` also moves with edits, messages and versions."""

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


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What to change of a session; None leaves a field as it is."""

    title: str | None = None
    language: str | None = None
    access: Access | None = None
    join_role: Role | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user's role in a session. One who was removed keeps a row, so that the link does not let him back.

    read_sequence  the chat messages up to this one are read
    """

    session_id: str
    user_id: str
    role: Role
    joined_at: int
    is_removed: bool = False
    read_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Invite:
    """A way into a session for whoever has its secret; its id sorts by time.

    max_uses  how many may come in by it; None for any number
    uses      how many have
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
        """Whether it lets somebody in."""
        has_uses = self.max_uses is None or self.uses < self.max_uses
        return has_uses and not self.is_revoked and now < self.expires_at


@dataclass(frozen=True, slots=True)
class InviteUse:
    """Who came in by an invite, and when."""

    user_id: str
    used_at: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A pass for one WebSocket of a login to one session; the store has its hash only."""

    hash: str
    user_id: str
    login_id: str
    session_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Avatar:
    """A picture that the store keeps."""

    user_id: str
    data: bytes
    created_at: int


class Admission(NamedTuple):
    """What decides whether somebody who is signed in gets into a session."""

    user: User
    session: Session | None
    member: Member | None


@dataclass(frozen=True, slots=True)
class SessionListing:
    """A session in a user's list, with his membership and how many messages he has not read."""

    session: Session
    member: Member
    unread: int


@dataclass(frozen=True, slots=True)
class AccountDeletion:
    """What the end of an account changed, so that open rooms learn of it.

    logins       those that ended with it
    memberships  sessions of others that it was in; sockets need no other word than that of the logins
    inherited    {session: its new owner}
    deleted      sessions that are gone
    avatar_key   what the picture was called
    """

    logins: tuple[str, ...] = ()
    memberships: tuple[str, ...] = ()
    inherited: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    avatar_key: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message; `sequence` counts from 1 in its session without gaps. The store gives it.

    is_damaged  its row fails its checksum: nothing but its place is known
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
    """The whole document after log entry `sequence`: merged raw updates, and who owns which client id."""

    session_id: str
    sequence: int
    state: bytes
    owners: bytes
    created_at: int


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot of the code; `number` counts from 1 without gaps. The store gives it.

    sequence      log position of the snapshot
    files         {root: text}; None where only the description was asked for
    main_root     the root whose text is the session's `code`
    contributors  ids of those who edited since the version before
    documents     {root: what it holds, as JSON} of the roots that are no texts; empty where `files` is None
    is_damaged    its row fails its checksum: `files` is None, and where the description fails nothing but the
                  number is known
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

    def holds_same(self, other: "Version") -> bool:
        """Whether two versions are of equal documents."""
        return self.files is not None and self.files == other.files and self.documents == other.documents
