"""The contract of a store. The docstrings of the methods are the rules.

Every store passes the suite in `tests/storage/contract`. Rules for all methods:

- A method that returns has committed all its writes.
  The rows survive a loss of power, if the disk keeps synced data.
- A method that raises has written nothing, except that StoreUnavailable may follow a write.
- So every write can be repeated. A row with the same id (user, login, session, message, run,
  invite, ticket, test) is skipped. Some calls return the changes that they made. A repeated call
  returns only the changes that the first call did not make.
- Text is valid Unicode without NUL. Times are milliseconds since 1970.
- Any method may raise StoreUnavailable, or RowDamaged if the disk returns bytes that differ from
  the written bytes. Versions, messages, runs and tests that fail their checksum are returned as
  damaged.
- Lists have all rows, including damaged rows. `storage.mending` replaces unreadable values.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from storage.people import AccountStore, CredentialStore, InviteStore
from storage.program_tests.contract import ProgramTestStore
from storage.records import (
    Admission,
    Checkpoint,
    Chunk,
    Member,
    Message,
    Role,
    Session,
    SessionChanges,
    SessionListing,
    Version,
)
from storage.runs.contract import RunStore


class Usage(NamedTuple):
    """How many sessions a user owns, and how many bytes these and the user's picture take.

    The bytes of a session are those of its log, checkpoint, versions, chat, runs and tests.
    """

    sessions: int
    bytes: int


class SessionStore(Protocol):
    """Sessions, their members and their chat."""

    async def add_session(self, session: Session, owner: Member, first: Chunk | None) -> None:
        """Store a session with its owner and, if it starts with code, the first chunk of its log.

        Raises NotFound if the owner was deleted.
        """

    async def session(self, session_id: str) -> Session | None:
        """Return a session."""

    async def admission(self, login_id: str, session_id: str, now: int) -> Admission | None:
        """Return the user of a login, a session, and the user's membership of that session.

        Returns None if the login has ended or expired.
        """

    async def sessions_of(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[SessionListing]:
        """Return a user's sessions, newest activity first.

        before  (updated_at, id) of the last one already seen
        """

    async def change_session(
        self, session_id: str, changes: SessionChanges, now: int, *, owner_id: str | None = None
    ) -> Session:
        """Change a session.

        Raises NotFound, and NotOwner if `owner_id` is given and no longer owns the session.
        """

    async def delete_session(self, session_id: str, *, owner_id: str | None = None) -> None:
        """Delete a session and everything in it; no effect if the session is gone.

        Raises NotOwner if `owner_id` is given and no longer owns the session.
        """

    async def member(self, session_id: str, user_id: str) -> Member | None:
        """Return a member, even if they were removed."""

    async def members(self, session_id: str) -> list[Member]:
        """Return the members in the order in which they joined, without those that were removed."""

    async def members_of(self, session_ids: Iterable[str]) -> Mapping[str, list[Member]]:
        """Return the members of several sessions, as `members` does."""

    async def join(self, member: Member, limit: int) -> Member:
        """Make a user a member and return the membership.

        A user who has a membership, even a removed one, keeps it, and it is returned unchanged.
        Chat messages from before the user joined count as read.

        Raises NotFound if the session or the user is gone.
        Raises LimitReached if the session has `limit` members.
        """

    async def set_role(
        self, session_id: str, user_id: str, role: Role, *, owner_id: str | None = None
    ) -> Member:
        """Change a member's role; a removed user becomes a member again.

        Raises NotFound, and NotOwner if `owner_id` is given and no longer owns the session. Raises
        OwnerStays if the member is the owner or the role is OWNER: ownership changes only by
        `transfer_session`.
        """

    async def transfer_session(self, session_id: str, owner_id: str, successor_id: str) -> Member:
        """Make another member the owner; the previous owner stays as an editor.

        Returns the new owner.

        Raises NotFound if the successor is not a member, or is a guest.
        Raises OwnerStays if `owner_id` no longer owns the session.
        """

    async def remove_member(
        self, session_id: str, user_id: str, *, owner_id: str | None = None
    ) -> None:
        """Remove a member. Their row stays, so that the session's link does not let them in again.

        Raises NotFound, NotOwner if `owner_id` is given and no longer owns the session,
        or OwnerStays for the owner.
        """

    async def leave(self, session_id: str, user_id: str) -> None:
        """Forget a membership; the user may join again. Raises NotFound or OwnerStays."""

    async def add_message(self, message: Message) -> Message:
        """Store a message under the session's next number, and return it with this number.

        The message and all messages before it count as read by the sender. Raises NotFound.
        """

    async def read_messages(self, session_id: str, user_id: str, up_to: int | None) -> int:
        """Note that a member has read the messages up to a number; None stands for all messages.

        A number below the stored one changes nothing. Returns how many messages the member has not
        read. Raises NotFound.
        """

    async def messages(self, session_id: str, before: int | None, limit: int) -> list[Message]:
        """Return the newest messages with numbers below `before`, oldest first."""


class RoomStore(Protocol):
    """The logs, checkpoints and versions that rooms write."""

    async def append_chunks(self, chunks: Iterable[Chunk]) -> set[str]:
        """Append chunks to the logs of their sessions, all in one commit.

        A chunk that is stored already is skipped. So a caller that does not know whether the call
        succeeded can repeat it. Returns the ids of sessions that no longer exist; nothing is
        written for them. Raises LogConflict if a chunk does not continue its log.
        """

    async def chunks(self, session_id: str, after: int, limit: int) -> list[Chunk]:
        """Return up to `limit` chunks, in order, from the first with an entry beyond `after`."""

    async def chunk_spans(self, session_id: str) -> list[tuple[int, int]]:
        """Return (first, last) of all chunks, in order."""

    async def replace_chunks(self, chunk: Chunk) -> None:
        """Replace all stored chunks whose entries `chunk` covers by `chunk`.

        A repeated call changes nothing. A reader sees either the old chunks or the new chunk, never
        both and never neither. Raises NotFound if the session is gone. Raises LogConflict unless
        stored chunks cover exactly the entries from the chunk's first to its last.
        """

    async def checkpoint(self, session_id: str) -> Checkpoint | None:
        """Return the newest checkpoint."""

    async def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint, unless the stored one is newer.

        Raises NotFound if the session is gone.
        """

    async def add_version(
        self, version: Version, limit: int, auto_limit: int | None = None
    ) -> tuple[Version, bool]:
        """Store a version under the session's next number; return (version, True).

        limit       how many versions a session may have; to keep this limit,
                    only the oldest automatic versions are dropped
        auto_limit  how many automatic versions a session keeps

        If the newest version has the same files and documents, nothing is stored, and
        (newest version, False) is returned; but see `Version.covers` for labels. Raises NotFound
        if the session is gone.
        Raises LimitReached if the session has `limit` versions that are not automatic.
        """

    async def count_versions(self, session_id: str) -> tuple[int, int]:
        """Return (how many versions there are, how many of them are automatic)."""

    async def redact_version(self, version: Version) -> None:
        """Replace the texts of a stored version; no effect if it no longer exists.

        A version without `files` is stored as damaged.
        """

    async def newest_version(self, session_id: str) -> Version | None:
        """Return the newest version with its files."""

    async def version(self, session_id: str, number: int) -> Version | None:
        """Return one version with its files."""

    async def versions(
        self, session_id: str, before: int | None, limit: int, *, with_files: bool
    ) -> list[Version]:
        """Return versions with numbers below `before`, newest first."""

    async def usage(self, user_id: str) -> Usage:
        """Return how many sessions a user owns and how many bytes they take, from counters."""

    async def count_usage(self, limit: int) -> int:
        """Count the bytes of up to `limit` sessions that have no counter.

        Returns how many sessions were counted; 0 if all sessions have a counter.
        """

    async def seal_rows(self, limit: int) -> int:
        """Add checksums to rows of earlier releases, which wrote none.

        limit  how many versions to change at most; each may take some 50 ms

        Returns how many rows were changed; 0 if all rows have checksums.
        """

    async def scrub(self) -> None:
        """Remove deleted and replaced data from the store's files too, if it writes any files."""


class Store(
    AccountStore,
    CredentialStore,
    InviteStore,
    SessionStore,
    RoomStore,
    RunStore,
    ProgramTestStore,
    Protocol,
):
    """Everything that a server stores."""

    async def open(self) -> bool:
        """Make the store ready; return whether the previous run ended with a clean `close`.

        Raises StoreUnavailable, with a message that tells the administrator what to do.
        """

    async def close(self, *, is_clean: bool) -> None:
        """Close the store.

        is_clean  whether everything was written; `open` returns it at the next start
        """

    async def ping(self) -> None:
        """Return if the store answers; raises StoreUnavailable if it does not."""
