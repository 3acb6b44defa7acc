"""Sessions, members and chat in SQLite."""

import sqlite3
from dataclasses import asdict, replace

from storage.base import SessionChanges
from storage.errors import LimitReached, NotFound
from storage.records import Access, Chunk, Member, Message, Role, Session, Status
from storage.sqlite.engine import Engine
from storage.sqlite.rooms import insert_chunk, session_exists, touch


class Sessions:
    """The SessionStore part of the store."""

    _engine: Engine

    async def add_session(self, session: Session, owner: Member, first: Chunk | None) -> None:
        def work(db: sqlite3.Connection) -> None:
            if session_exists(db, session.id):
                return
            db.execute(
                "INSERT INTO sessions (id, title, language, owner_id, access, join_role, status, main_root,"
                " created_at, updated_at) VALUES (:id, :title, :language, :owner_id, :access, :join_role, :status,"
                " :main_root, :created_at, :updated_at)",
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

    async def sessions_of(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[tuple[Session, Member]]:
        def work(db: sqlite3.Connection) -> list[tuple[Session, Member]]:
            updated_at, session_id = before or (1 << 62, "")
            rows = db.execute(
                "SELECT sessions.*, members.user_id, members.role, members.joined_at FROM members"
                " JOIN sessions ON sessions.id = members.session_id"
                " WHERE members.user_id = ? AND NOT members.is_removed"
                " AND (sessions.updated_at, sessions.id) < (?, ?)"
                " ORDER BY sessions.updated_at DESC, sessions.id DESC LIMIT ?",
                (user_id, updated_at, session_id, limit),
            )
            return [
                (_session(row), Member(row["id"], row["user_id"], Role(row["role"]), row["joined_at"])) for row in rows
            ]

        return await self._engine.read(work)

    async def change_session(self, session_id: str, changes: SessionChanges, now: int) -> Session:
        def work(db: sqlite3.Connection) -> Session:
            db.execute(
                "UPDATE sessions SET title = coalesce(:title, title), language = coalesce(:language, language),"
                " access = coalesce(:access, access), join_role = coalesce(:join_role, join_role),"
                " status = coalesce(:status, status), updated_at = max(updated_at, :now) WHERE id = :id",
                {**asdict(changes), "now": now, "id": session_id},
            )
            return _session(_existing(db, session_id))

        return await self._engine.write(work)

    async def delete_session(self, session_id: str) -> None:
        await self._engine.write(lambda db: db.execute("DELETE FROM sessions WHERE id = ?", (session_id,)))

    async def member(self, session_id: str, user_id: str) -> Member | None:
        return await self._engine.read(lambda db: _member(db, session_id, user_id))

    async def members(self, session_id: str) -> list[Member]:
        def work(db: sqlite3.Connection) -> list[Member]:
            rows = db.execute(
                "SELECT * FROM members WHERE session_id = ? AND NOT is_removed ORDER BY joined_at, user_id",
                (session_id,),
            )
            return [_as_member(row) for row in rows]

        return await self._engine.read(work)

    async def join(self, member: Member, limit: int) -> Member:
        def work(db: sqlite3.Connection) -> Member:
            _existing(db, member.session_id)
            there = _member(db, member.session_id, member.user_id)
            if there:
                return there
            count = db.execute(
                "SELECT count(*) FROM members WHERE session_id = ? AND NOT is_removed", (member.session_id,)
            ).fetchone()
            if count[0] >= limit:
                raise LimitReached(f"the session has {limit} members")
            _insert_member(db, member)
            return member

        return await self._engine.write(work)

    async def set_role(self, session_id: str, user_id: str, role: Role) -> Member:
        def work(db: sqlite3.Connection) -> Member:
            there = _member(db, session_id, user_id)
            if there is None:
                raise NotFound("member")
            db.execute(
                "UPDATE members SET role = ?, is_removed = 0 WHERE session_id = ? AND user_id = ?",
                (role, session_id, user_id),
            )
            return replace(there, role=role, is_removed=False)

        return await self._engine.write(work)

    async def remove_member(self, session_id: str, user_id: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            changed = db.execute(
                "UPDATE members SET is_removed = 1 WHERE session_id = ? AND user_id = ? AND NOT is_removed",
                (session_id, user_id),
            )
            if not changed.rowcount:
                raise NotFound("member")

        await self._engine.write(work)

    async def leave(self, session_id: str, user_id: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            gone = db.execute(
                "DELETE FROM members WHERE session_id = ? AND user_id = ? AND NOT is_removed", (session_id, user_id)
            )
            if not gone.rowcount:
                raise NotFound("member")

        await self._engine.write(work)

    async def add_message(self, message: Message) -> Message:
        def work(db: sqlite3.Connection) -> Message:
            _existing(db, message.session_id)
            there = db.execute(
                "SELECT * FROM messages WHERE session_id = ? AND id = ?", (message.session_id, message.id)
            ).fetchone()
            if there:
                return Message(**there)
            newest = db.execute(
                "SELECT coalesce(max(sequence), 0) FROM messages WHERE session_id = ?", (message.session_id,)
            ).fetchone()
            stored = replace(message, sequence=newest[0] + 1)
            db.execute(
                "INSERT INTO messages (session_id, sequence, id, sender_id, sender_name, text, created_at) VALUES"
                " (:session_id, :sequence, :id, :sender_id, :sender_name, :text, :created_at)",
                asdict(stored),
            )
            touch(db, message.session_id, message.created_at)
            return stored

        return await self._engine.write(work)

    async def messages(self, session_id: str, before: int | None, limit: int) -> list[Message]:
        def work(db: sqlite3.Connection) -> list[Message]:
            rows = db.execute(
                "SELECT * FROM messages WHERE session_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?",
                (session_id, 1 << 62 if before is None else before, limit),
            )
            return [Message(**row) for row in rows][::-1]

        return await self._engine.read(work)


def _existing(db: sqlite3.Connection, session_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    if row is None:
        raise NotFound("session")
    return row


def _session(row: sqlite3.Row) -> Session:
    return Session(
        id=row["id"],
        title=row["title"],
        language=row["language"],
        owner_id=row["owner_id"],
        access=Access(row["access"]),
        join_role=Role(row["join_role"]),
        status=Status(row["status"]),
        main_root=row["main_root"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _insert_member(db: sqlite3.Connection, member: Member) -> None:
    db.execute(
        "INSERT INTO members (session_id, user_id, role, joined_at, is_removed) VALUES"
        " (:session_id, :user_id, :role, :joined_at, :is_removed)",
        asdict(member),
    )


def _member(db: sqlite3.Connection, session_id: str, user_id: str) -> Member | None:
    row = db.execute("SELECT * FROM members WHERE session_id = ? AND user_id = ?", (session_id, user_id)).fetchone()
    return _as_member(row) if row else None


def _as_member(row: sqlite3.Row) -> Member:
    return Member(
        session_id=row["session_id"],
        user_id=row["user_id"],
        role=Role(row["role"]),
        joined_at=row["joined_at"],
        is_removed=bool(row["is_removed"]),
    )
