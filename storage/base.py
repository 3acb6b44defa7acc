"""The contract of a store. Every store passes `tests/storage/test_store.py`; its docstrings are the rules.

Common to all methods: a method that returns has committed what it wrote, durably (it survives the
loss of power as far as the disk keeps its word); one that raises has written nothing, except that
after StoreUnavailable a write may have happened and every write here can be repeated: a row with the
same id (user, login, session, message) is passed over. Text is valid Unicode without NUL.
Times are milliseconds since 1970. Any method may raise StoreUnavailable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from storage.records import (
    Access,
    Checkpoint,
    Chunk,
    Login,
    Member,
    Message,
    Role,
    Session,
    Status,
    User,
    Version,
)


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What to change of a session; None leaves a field as it is."""

    title: str | None = None
    language: str | None = None
    access: Access | None = None
    join_role: Role | None = None
    status: Status | None = None


class AccountStore(Protocol):
    """Users and their logins."""

    async def add_user(self, user: User, login: Login) -> None:
        """Store a new user and his first login together.

        Raises Conflict("email") or Conflict("username"); both are compared case-folded.
        """

    async def user(self, user_id: str) -> User | None:
        """Return a user."""

    async def user_by_name(self, name: str) -> User | None:
        """Return the user with this e-mail address or this user name, compared case-folded."""

    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        """Return {id: user} of those that exist."""

    async def rename_user(self, user_id: str, username: str) -> User:
        """Change a user's name. Raises NotFound or Conflict("username")."""

    async def add_login(self, login: Login) -> None:
        """Store another login of a user; logins of his that expired before it began are dropped.

        Raises NotFound if there is no such user.
        """

    async def signed_in(self, login_id: str, now: int) -> User | None:
        """Return the user of a login that has neither ended nor expired."""

    async def rotate_login(
        self, login_id: str, presented: str, successor: str, now: int, expires_at: int, retry_ms: int
    ) -> Login:
        """Exchange a refresh token: `presented` and `successor` are hashes.

        If `presented` is the current token, `successor` becomes current. If it is the one before,
        `successor` is the current one, and the exchange was not over `retry_ms` ago, nothing
        changes: the caller retries, and has the same successor. Returns the login as it is then.

        Raises TokenReused for any other token of the login, and ends the login; NotFound if the
        login has ended or expired.
        """

    async def end_login(self, login_id: str) -> None:
        """End a login; harmless if it has ended."""


class SessionStore(Protocol):
    """Sessions, their members and their chat."""

    async def add_session(self, session: Session, owner: Member, first: Chunk | None) -> None:
        """Store a session with its owner and, if it starts with code, the first chunk of its log."""

    async def session(self, session_id: str) -> Session | None:
        """Return a session."""

    async def sessions_of(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[tuple[Session, Member]]:
        """Return a user's sessions with his membership, newest activity first.

        before  (updated_at, id) of the last one already seen
        """

    async def change_session(self, session_id: str, changes: SessionChanges, now: int) -> Session:
        """Change a session. Raises NotFound."""

    async def delete_session(self, session_id: str) -> None:
        """Delete a session and everything in it; harmless if it is gone."""

    async def member(self, session_id: str, user_id: str) -> Member | None:
        """Return a member, also one who was removed."""

    async def members(self, session_id: str) -> list[Member]:
        """Return the members, the eldest first, without those removed."""

    async def join(self, member: Member, limit: int) -> Member:
        """Make a user a member and return the membership: the one there was, if any, also if removed.

        Raises NotFound if the session is gone, LimitReached if it has `limit` members.
        """

    async def set_role(self, session_id: str, user_id: str, role: Role) -> Member:
        """Change a member's role; one who was removed is a member again. Raises NotFound."""

    async def remove_member(self, session_id: str, user_id: str) -> None:
        """Remove a member; his row stays, so that the session's link does not let him back. Raises NotFound."""

    async def leave(self, session_id: str, user_id: str) -> None:
        """Forget a membership; the user may join again. Raises NotFound."""

    async def add_message(self, message: Message) -> Message:
        """Store a message under the session's next number and return it with that. Raises NotFound."""

    async def messages(self, session_id: str, before: int | None, limit: int) -> list[Message]:
        """Return the newest messages with numbers below `before`, oldest first."""


class RoomStore(Protocol):
    """What rooms write: log, checkpoints, versions."""

    async def append_chunks(self, chunks: Iterable[Chunk]) -> set[str]:
        """Append chunks to the logs of their sessions, all in one commit.

        A chunk that is already there is passed over, so that the call can be repeated when it is
        not known whether it succeeded. Returns the ids of sessions that no longer exist; nothing
        is written for them. Raises Conflict if a chunk does not continue its log.
        """

    async def chunks(self, session_id: str, after: int, limit: int) -> list[Chunk]:
        """Return up to `limit` chunks, in order, from the first that holds an entry beyond `after`."""

    async def checkpoint(self, session_id: str) -> Checkpoint | None:
        """Return the newest checkpoint."""

    async def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint, unless the stored one is newer. Raises NotFound if the session is gone."""

    async def add_version(self, version: Version, limit: int) -> tuple[Version, bool]:
        """Store a version under the session's next number; return (version, True).

        If the newest version has the same files, nothing is stored: (that version, False).
        Raises NotFound if the session is gone, LimitReached if it has `limit` versions.
        """

    async def newest_version(self, session_id: str) -> Version | None:
        """Return the newest version with its files."""

    async def version(self, session_id: str, number: int) -> Version | None:
        """Return one version with its files."""

    async def versions(self, session_id: str, before: int | None, limit: int, *, with_files: bool) -> list[Version]:
        """Return versions with numbers below `before`, newest first."""


class Store(AccountStore, SessionStore, RoomStore, Protocol):
    """Everything a server remembers."""

    async def open(self) -> bool:
        """Make the store ready; return whether the run before ended with a clean `close`.

        Raises StoreUnavailable, with a message a person can act on.
        """

    async def close(self, *, is_clean: bool) -> None:
        """Let go of the store; `is_clean` notes that everything was written."""

    async def ping(self) -> None:
        """Return if the store answers."""
