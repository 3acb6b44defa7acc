"""Sessions and members in SQLite."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from storage.errors import LimitReached, NotFound, NotOwner, OwnerStays
from storage.mending import LAST_MS, restored
from storage.records import Admission, Chunk, Member, Role, Session, SessionChanges, SessionListing
from storage.sqlite.accounts import existing_user, is_deleted, user_of_login
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import read_or_keys
from storage.sqlite.messages import as_member, member_of, newest_message
from storage.sqlite.rooms import existing_session, insert_chunk, session_exists

_TIME = (
    f"iif(typeof(sessions.updated_at) = 'integer' AND sessions.updated_at BETWEEN 0 AND {LAST_MS},"
    " sessions.updated_at, 0)"
)
"""SQL for the time of the last change. As in `storage.mending`, an invalid time counts as 0.
Otherwise an invalid time would end the list."""
_LISTED = (
    "SELECT sessions.*, members.session_id, members.user_id, members.role, members.joined_at, "
    "members.is_removed,"
    " members.read_sequence, (SELECT coalesce(max(sequence), 0) FROM messages"
    "  WHERE messages.session_id = sessions.id) - members.read_sequence AS unread"
    " FROM members JOIN sessions ON sessions.id = members.session_id"
)


class SqliteSessionStore:
    """The SessionStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    async def add_session(self, session: Session, owner: Member, first: Chunk | None) -> None:
        def work(db: sqlite3.Connection) -> None:
            if session_exists(db, session.id):
                return
            if is_deleted(db, owner.user_id):
                raise NotFound("user")
            db.execute(
                "INSERT INTO sessions (id, title, language, owner_id, access, join_role, status, "
                "main_root, created_at, updated_at, runs, excerpt) VALUES (:id, :title, :language, "
                ":owner_id, :access, :join_role, :status, :main_root, :created_at, :updated_at, "
                ":runs, :excerpt)",
                asdict(session),
            )
            _insert_member(db, owner)
            if first:
                insert_chunk(db, first)

        await self._engine.write(work)

    async def session(self, session_id: str) -> Session | None:
        def work(db: sqlite3.Connection) -> Session | None:
            row = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
            return _session(row) if row else None

        return await self._engine.read(work)

    async def admission(self, login_id: str, session_id: str, now: int) -> Admission | None:
        def work(db: sqlite3.Connection) -> Admission | None:
            user = user_of_login(db, login_id, now)
            if user is None:
                return None
            row = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
            return Admission(
                user, _session(row) if row else None, member_of(db, session_id, user.id)
            )

        return await self._engine.read(work)

    async def sessions_of(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[SessionListing]:
        def work(db: sqlite3.Connection) -> list[SessionListing]:
            updated_at, session_id = seen = before or (1 << 62, "")
            rows = read_or_keys(
                db,
                f"{_LISTED} WHERE members.user_id = ? AND NOT members.is_removed"
                f" AND ({_TIME}, sessions.id) < (?, ?) ORDER BY {_TIME} DESC, sessions.id DESC "
                "LIMIT ?",
                (user_id, updated_at, session_id, limit),
                "SELECT session_id AS id, user_id, session_id, 0 AS unread FROM members WHERE "
                "user_id = ?",
                f"{_LISTED} WHERE sessions.id = :id AND members.user_id = :user_id AND NOT "
                "members.is_removed",
            )
            listed = [SessionListing(_session(row), as_member(row), row["unread"]) for row in rows]
            return sorted(
                (listing for listing in listed if _place(listing) < seen), key=_place, reverse=True
            )[:limit]

        return await self._engine.read(work)

    async def change_session(
        self, session_id: str, changes: SessionChanges, now: int, *, owner_id: str | None = None
    ) -> Session:
        def work(db: sqlite3.Connection) -> Session:
            check_owner(db, session_id, owner_id)
            db.execute(
                "UPDATE sessions SET title = coalesce(:title, title), language = "
                "coalesce(:language, language),"
                " access = coalesce(:access, access), join_role = coalesce(:join_role, join_role),"
                " status = coalesce(:status, status), runs = coalesce(:runs, runs),"
                " updated_at = max(updated_at, :now) WHERE id = :id",
                {**asdict(changes), "now": now, "id": session_id},
            )
            return _session(existing_session(db, session_id))

        return await self._engine.write(work)

    async def delete_session(self, session_id: str, *, owner_id: str | None = None) -> None:
        def work(db: sqlite3.Connection) -> None:
            check_owner(db, session_id, owner_id)
            db.execute("DELETE FROM sessions WHERE id = ?", (session_id,))

        await self._engine.write(work)
        await self._engine.scrub()

    async def member(self, session_id: str, user_id: str) -> Member | None:
        return await self._engine.read(lambda db: member_of(db, session_id, user_id))

    async def members(self, session_id: str) -> list[Member]:
        def work(db: sqlite3.Connection) -> list[Member]:
            return _members(db, session_id)

        return await self._engine.read(work)

    async def members_of(self, session_ids: Iterable[str]) -> Mapping[str, list[Member]]:
        ids = tuple(session_ids)
        return await self._engine.read(
            lambda db: {session_id: _members(db, session_id) for session_id in ids}
        )

    async def join(self, member: Member, limit: int) -> Member:
        def work(db: sqlite3.Connection) -> Member:
            existing_session(db, member.session_id)
            return member_of(db, member.session_id, member.user_id) or add_member(db, member, limit)

        return await self._engine.write(work)

    async def set_role(
        self, session_id: str, user_id: str, role: Role, *, owner_id: str | None = None
    ) -> Member:
        def work(db: sqlite3.Connection) -> Member:
            check_owner(db, session_id, owner_id)
            member = _not_owner(db, session_id, user_id)
            if role is Role.OWNER:
                raise OwnerStays("another owner")
            db.execute(
                "UPDATE members SET role = ?, is_removed = 0 WHERE session_id = ? AND user_id = ?",
                (role, session_id, user_id),
            )
            return replace(member, role=role, is_removed=False)

        return await self._engine.write(work)

    async def transfer_session(self, session_id: str, owner_id: str, successor_id: str) -> Member:
        def work(db: sqlite3.Connection) -> Member:
            successor = member_of(db, session_id, successor_id)
            if successor is None or successor.is_removed:
                raise NotFound("member")
            if existing_session(db, session_id)["owner_id"] != owner_id:
                raise OwnerStays("the session has another owner")
            if successor_id == owner_id:
                return successor
            if existing_user(db, successor_id).is_guest:
                raise NotFound("member")
            hand_over(db, session_id, successor_id)
            db.execute(
                "UPDATE members SET role = ? WHERE session_id = ? AND user_id = ?",
                (Role.EDITOR, session_id, owner_id),
            )
            return replace(successor, role=Role.OWNER)

        return await self._engine.write(work)

    async def remove_member(
        self, session_id: str, user_id: str, *, owner_id: str | None = None
    ) -> None:
        def work(db: sqlite3.Connection) -> None:
            check_owner(db, session_id, owner_id)
            if _not_owner(db, session_id, user_id).is_removed:
                raise NotFound("member")
            db.execute(
                "UPDATE members SET is_removed = 1 WHERE session_id = ? AND user_id = ?",
                (session_id, user_id),
            )

        await self._engine.write(work)

    async def leave(self, session_id: str, user_id: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            if _not_owner(db, session_id, user_id).is_removed:
                raise NotFound("member")
            db.execute(
                "DELETE FROM members WHERE session_id = ? AND user_id = ?", (session_id, user_id)
            )

        await self._engine.write(work)


def _session(row: sqlite3.Row) -> Session:
    return restored(Session, dict(row))


def check_owner(db: sqlite3.Connection, session_id: str, owner_id: str | None) -> None:
    """Raise NotOwner if `owner_id` is given and the session exists and belongs to another user."""
    row = db.execute("SELECT owner_id FROM sessions WHERE id = ?", (session_id,)).fetchone()
    if row and owner_id not in (None, row["owner_id"]):
        raise NotOwner("session")


def hand_over(db: sqlite3.Connection, session_id: str, successor_id: str) -> None:
    """Make a member the owner of their session."""
    db.execute("UPDATE sessions SET owner_id = ? WHERE id = ?", (successor_id, session_id))
    db.execute(
        "UPDATE members SET role = ? WHERE session_id = ? AND user_id = ?",
        (Role.OWNER, session_id, successor_id),
    )


def add_member(db: sqlite3.Connection, member: Member, limit: int) -> Member:
    """Add a member, and mark all earlier messages as read; raises LimitReached or NotFound."""
    if is_deleted(db, member.user_id):
        raise NotFound("user")
    count = db.execute(
        "SELECT count(*) FROM members WHERE session_id = ? AND NOT is_removed", (member.session_id,)
    ).fetchone()
    if count[0] >= limit:
        raise LimitReached(f"the session has {limit} members")
    added = replace(member, read_sequence=newest_message(db, member.session_id))
    _insert_member(db, added)
    return added


def _insert_member(db: sqlite3.Connection, member: Member) -> None:
    db.execute(
        "INSERT INTO members (session_id, user_id, role, joined_at, is_removed, read_sequence) "
        "VALUES"
        " (:session_id, :user_id, :role, :joined_at, :is_removed, :read_sequence)",
        asdict(member),
    )


def _members(db: sqlite3.Connection, session_id: str) -> list[Member]:
    rows = read_or_keys(
        db,
        "SELECT * FROM members WHERE session_id = ? AND NOT is_removed ORDER BY joined_at, user_id",
        (session_id,),
        "SELECT session_id, user_id, 0 AS is_removed FROM members INDEXED BY members_by_user WHERE "
        "session_id = ?",
        "SELECT * FROM members WHERE session_id = :session_id AND user_id = :user_id AND NOT "
        "is_removed",
    )
    return [as_member(row) for row in rows]


def _place(listing: SessionListing) -> tuple[int, str]:
    """Return the key by which the list of sessions is sorted."""
    return listing.session.updated_at, listing.session.id


def _not_owner(db: sqlite3.Connection, session_id: str, user_id: str) -> Member:
    """Return a member; raises NotFound, or OwnerStays if the member owns the session."""
    member = member_of(db, session_id, user_id)
    if member is None:
        raise NotFound("member")
    if member.role is Role.OWNER:
        raise OwnerStays("the owner")
    return member
