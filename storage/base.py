"""The contract of a store: its docstrings are the rules. Every store passes the suite in `tests/storage/contract`.

Common to all methods: a method that returns has committed what it wrote, durably (it survives the
loss of power as far as the disk keeps its word); one that raises has written nothing, except that
after StoreUnavailable a write may have happened and every write here can be repeated: a row with the
same id (user, login, session, message, invite, ticket) is passed over; who repeats a call that says
what it changed is told what is left to change. Text is valid Unicode without NUL.
Times are milliseconds since 1970. Any method may raise StoreUnavailable, or RowDamaged where the disk
gives back other bytes than were written; versions and messages that fail their checksum are returned as damaged.
Lists have all rows: of what cannot be read `storage.mending` says what is in its place.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from storage.people import AccountStore, InviteStore
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


class Usage(NamedTuple):
    """What a user's own sessions take in the store: logs, checkpoints, versions and chat, and the user's picture."""

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
        """Return at once what `signed_in` does, the session, and that user's `member`; None without a user."""

    async def sessions_of(self, user_id: str, before: tuple[int, str] | None, limit: int) -> list[SessionListing]:
        """Return a user's sessions, newest activity first; before: (updated_at, id) of the last one already seen."""

    async def change_session(
        self, session_id: str, changes: SessionChanges, now: int, *, owner_id: str | None = None
    ) -> Session:
        """Change a session. Raises NotFound, and NotOwner if `owner_id` is given and owns it no more."""

    async def delete_session(self, session_id: str, *, owner_id: str | None = None) -> None:
        """Delete a session and everything in it; harmless if it is gone. Raises NotOwner as above."""

    async def member(self, session_id: str, user_id: str) -> Member | None:
        """Return a member, also one who was removed."""

    async def members(self, session_id: str) -> list[Member]:
        """Return the members, the eldest first, without those removed."""

    async def members_of(self, session_ids: Iterable[str]) -> Mapping[str, list[Member]]:
        """Return the members of several sessions, as `members` does."""

    async def join(self, member: Member, limit: int) -> Member:
        """Make a user a member and return the membership: the one there was, if any, also if removed.

        What was said in the chat before he came counts as read.

        Raises NotFound if the session or the user is gone, LimitReached if it has `limit` members.
        """

    async def set_role(self, session_id: str, user_id: str, role: Role, *, owner_id: str | None = None) -> Member:
        """Change a member's role; one who was removed is a member again.

        Raises NotFound, NotOwner as above, or OwnerStays if one of both is the owner's part: that is only handed over.
        """

    async def transfer_session(self, session_id: str, owner_id: str, successor_id: str) -> Member:
        """Hand a session from its owner to another member; he stays as an editor. Returns the successor.

        Raises NotFound if the successor is not a member or a guest, OwnerStays if `owner_id` owns it no more.
        """

    async def remove_member(self, session_id: str, user_id: str, *, owner_id: str | None = None) -> None:
        """Remove a member; his row stays, so that the session's link does not let him back.

        Raises NotFound, NotOwner as above, or OwnerStays.
        """

    async def leave(self, session_id: str, user_id: str) -> None:
        """Forget a membership; the user may join again. Raises NotFound or OwnerStays."""

    async def add_message(self, message: Message) -> Message:
        """Store a message under the session's next number and return it with that. Raises NotFound.

        The sender has read the chat so far.
        """

    async def read_messages(self, session_id: str, user_id: str, up_to: int | None) -> int:
        """Note that a member has read the messages up to this number, None for all; never back.

        Returns how many he has not read. Raises NotFound.
        """

    async def messages(self, session_id: str, before: int | None, limit: int) -> list[Message]:
        """Return the newest messages with numbers below `before`, oldest first."""


class RoomStore(Protocol):
    """What rooms write: log, checkpoints, versions."""

    async def append_chunks(self, chunks: Iterable[Chunk]) -> set[str]:
        """Append chunks to the logs of their sessions, all in one commit.

        A chunk that is already there is passed over, so that the call can be repeated when it is
        not known whether it succeeded. Returns the ids of sessions that no longer exist; nothing
        is written for them. Raises LogConflict if a chunk does not continue its log.
        """

    async def chunks(self, session_id: str, after: int, limit: int) -> list[Chunk]:
        """Return up to `limit` chunks, in order, from the first that holds an entry beyond `after`."""

    async def chunk_spans(self, session_id: str) -> list[tuple[int, int]]:
        """Return (first, last) of all chunks, in order."""

    async def replace_chunks(self, chunk: Chunk) -> None:
        """Put one chunk in place of those that it covers; harmless if it is there already.

        Nobody ever sees both or neither of them. Raises NotFound if the session is gone, LogConflict unless the log
        has chunks exactly from its first to its last entry.
        """

    async def checkpoint(self, session_id: str) -> Checkpoint | None:
        """Return the newest checkpoint."""

    async def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint, unless the stored one is newer. Raises NotFound if the session is gone."""

    async def add_version(self, version: Version, limit: int, auto_limit: int | None = None) -> tuple[Version, bool]:
        """Store a version under the session's next number; return (version, True).

        limit       how many a session may have; automatic ones go for it, the oldest first, others never do
        auto_limit  how many automatic ones it keeps

        If the newest version has the same files and documents, nothing is stored: (that version, False).
        Raises NotFound if the session is gone, LimitReached if it has `limit` that are not automatic.
        """

    async def count_versions(self, session_id: str) -> tuple[int, int]:
        """Return (how many versions there are, how many of them are automatic)."""

    async def redact_version(self, version: Version) -> None:
        """Replace the texts of a stored version; harmless if there is no such version any more.

        One without `files` is damaged from then on, if it was not before.
        """

    async def newest_version(self, session_id: str) -> Version | None:
        """Return the newest version with its files."""

    async def version(self, session_id: str, number: int) -> Version | None:
        """Return one version with its files."""

    async def versions(self, session_id: str, before: int | None, limit: int, *, with_files: bool) -> list[Version]:
        """Return versions with numbers below `before`, newest first."""

    async def usage(self, user_id: str) -> Usage:
        """Return how many sessions a user owns and how many bytes they take, from counters."""

    async def count_usage(self, limit: int) -> int:
        """Count up to `limit` sessions whose counter cannot be trusted; return how many there were, 0 in the end."""

    async def seal_rows(self, limit: int) -> int:
        """Give rows that an earlier release wrote the checksums of today; return how many, 0 if there are no more.

        limit  how many versions are changed; each may take some 50 ms
        """

    async def scrub(self) -> None:
        """Make sure that what was deleted or replaced is not in the files any more, where these are the store's own."""


class Store(AccountStore, InviteStore, SessionStore, RoomStore, Protocol):
    """Everything a server remembers."""

    async def open(self) -> bool:
        """Make the store ready; return whether the run before ended with a clean `close`.

        Raises StoreUnavailable, with a message a person can act on.
        """

    async def close(self, *, is_clean: bool) -> None:
        """Let go of the store; `is_clean` notes that everything was written."""

    async def ping(self) -> None:
        """Return if the store answers."""
