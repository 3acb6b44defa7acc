"""Removes accounts in SQLite: accounts that users delete, and guests that are idle for too long."""

import sqlite3
from functools import partial
from itertools import islice

from storage.people import AccountDeletion
from storage.records import INVITES_KEPT_MS, Role, User
from storage.sqlite.accounts import as_user, end_other_logins
from storage.sqlite.engine import Engine
from storage.sqlite.sessions import hand_over

_MESSAGES_PER_WRITE = 500
_VERSIONS_PER_WRITE = 20
"""Versions, and runs, from which one transaction removes the author's name.
Each row holds a whole text, and other writes wait meanwhile."""


class SqliteAccountRemoval:
    """The part of the AccountStore that removes accounts; `storage.base` documents its methods."""

    _engine: Engine

    async def delete_user(
        self,
        user_id: str,
        now: int,
        *,
        deletes_sessions: bool,
        guests_before: int | None = None,
    ) -> AccountDeletion:
        def work(db: sqlite3.Connection) -> AccountDeletion:
            user = db.execute(
                "SELECT * FROM users WHERE id = :id AND NOT is_deleted"
                " AND (:before IS NULL OR (is_guest AND active_at < :before))",
                {"id": user_id, "before": guests_before},
            ).fetchone()
            if user is None:
                return AccountDeletion()
            if guests_before is not None and not _is_idle(db, user_id, guests_before):
                return AccountDeletion()
            inherited, deleted = _leave_own(db, user_id, deletes_sessions=deletes_sessions)
            logins, memberships = _forget(db, user_id)
            db.execute(
                "UPDATE users SET username = '', username_key = char(0) || id,"
                " username_skeleton = NULL, email = NULL, email_key = NULL,"
                " password_hash = NULL, full_name = '' WHERE id = ?",
                (user_id,),
            )
            others = tuple(session_id for session_id in memberships if session_id not in inherited)
            return AccountDeletion(logins, others, inherited, deleted, user["avatar_key"])

        deletion = await self._engine.write(work)
        while await self._engine.write(partial(_blank_names, user_id=user_id)):
            pass
        await self._engine.scrub()
        return deletion

    async def idle_owners(self, guests_before: int, limit: int) -> list[str]:
        def work(db: sqlite3.Connection) -> list[str]:
            rows = db.execute(
                "SELECT users.id, sessions.id AS session_id FROM users"
                " JOIN sessions ON sessions.owner_id = users.id"
                " WHERE is_guest AND NOT is_deleted AND active_at < ? ORDER BY active_at",
                (guests_before,),
            )
            owners = (
                str(row["id"])
                for row in rows
                if _successor(db, row["session_id"], row["id"])
                or not _is_used(db, row["session_id"], row["id"], guests_before)
            )
            return list(islice(owners, limit))

        return await self._engine.read(work)

    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        def work(db: sqlite3.Connection) -> list[User]:
            db.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (now,))
            db.execute("DELETE FROM tickets WHERE expires_at <= ?", (now,))
            db.execute("DELETE FROM password_resets WHERE expires_at <= ?", (now,))
            db.execute("DELETE FROM invites WHERE expires_at <= ?", (now - INVITES_KEPT_MS,))
            idle = db.execute(
                "SELECT * FROM users WHERE is_guest AND NOT is_deleted AND active_at < ?"
                " AND NOT EXISTS (SELECT 1 FROM sessions WHERE owner_id = users.id)"
                " ORDER BY active_at LIMIT ?",
                (guests_before, limit),
            ).fetchall()
            for row in idle:
                _forget(db, row["id"])
            return [as_user(row) for row in idle]

        guests = await self._engine.write(work)
        await self._engine.scrub()
        return guests


def _blank_names(db: sqlite3.Connection, user_id: str) -> bool:
    """Remove a user's name from some of their messages, runs and versions.

    Returns whether there may be more. One transaction for all rows would take too long: rows of
    versions hold whole texts, and other writes wait meanwhile. The removal is not urgent, because
    the name of a deleted user is not shown.
    """
    changed = db.execute(
        "UPDATE messages SET sender_name = '' WHERE (session_id, sequence) IN (SELECT session_id, "
        "sequence"
        " FROM messages WHERE sender_id = ? AND sender_name != '' LIMIT ?)",
        (user_id, _MESSAGES_PER_WRITE),
    ).rowcount
    changed += db.execute(
        "UPDATE runs SET user_name = '' WHERE (session_id, number) IN (SELECT session_id, number"
        " FROM runs WHERE user_id = ? AND user_name != '' LIMIT ?)",
        (user_id, _VERSIONS_PER_WRITE),
    ).rowcount
    changed += db.execute(
        "UPDATE versions SET author_name = '' WHERE (session_id, number) IN (SELECT session_id, "
        "number"
        " FROM versions WHERE author_id = ? AND author_name != '' LIMIT ?)",
        (user_id, _VERSIONS_PER_WRITE),
    ).rowcount
    return changed > 0


def _leave_own(
    db: sqlite3.Connection, user_id: str, *, deletes_sessions: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Give away or delete the sessions that a user owns.

    Returns ({session id: id of its new owner}, ids of the deleted sessions).
    """
    inherited, deleted = dict[str, str](), list[str]()
    for row in db.execute("SELECT id FROM sessions WHERE owner_id = ?", (user_id,)).fetchall():
        successor = None if deletes_sessions else _successor(db, row["id"], user_id)
        if successor:
            hand_over(db, row["id"], successor)
            inherited[row["id"]] = successor
        else:
            db.execute("DELETE FROM sessions WHERE id = ?", (row["id"],))
            deleted.append(row["id"])
    return inherited, tuple(deleted)


def _successor(db: sqlite3.Connection, session_id: str, owner_id: str) -> str | None:
    """Return the id of the editor who joined first, without guests; None if there is none."""
    row = db.execute(
        "SELECT user_id FROM members JOIN users ON users.id = members.user_id WHERE session_id = ? "
        "AND user_id != ?"
        " AND role = ? AND NOT is_removed AND NOT is_guest AND NOT is_deleted ORDER BY joined_at, "
        "user_id LIMIT 1",
        (session_id, owner_id, Role.EDITOR),
    ).fetchone()
    return str(row["user_id"]) if row else None


def _is_idle(db: sqlite3.Connection, owner_id: str, since: int) -> bool:
    """Whether nobody uses a session that would be deleted with its owner."""
    owned = db.execute("SELECT id FROM sessions WHERE owner_id = ?", (owner_id,)).fetchall()
    return all(
        _successor(db, row["id"], owner_id) or not _is_used(db, row["id"], owner_id, since)
        for row in owned
    )


def _is_used(db: sqlite3.Connection, session_id: str, owner_id: str, since: int) -> bool:
    """Whether a member other than the owner was active since a time."""
    row = db.execute(
        "SELECT 1 FROM members JOIN users ON users.id = members.user_id WHERE session_id = ?"
        " AND user_id != ? AND NOT is_removed AND NOT is_deleted AND active_at >= ?",
        (session_id, owner_id, since),
    ).fetchone()
    return row is not None


def _forget(db: sqlite3.Connection, user_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove everything of a user except their name.

    Returns the ids of their logins, and of the sessions that they were members of.
    """
    logins = end_other_logins(db, user_id)
    db.execute("DELETE FROM tickets WHERE user_id = ?", (user_id,))
    db.execute("DELETE FROM password_resets WHERE user_id = ?", (user_id,))
    db.execute("DELETE FROM avatars WHERE user_id = ?", (user_id,))
    rows = db.execute(
        "DELETE FROM members WHERE user_id = ? RETURNING session_id, is_removed", (user_id,)
    ).fetchall()
    db.execute(
        "UPDATE users SET is_deleted = 1, avatar = NULL, avatar_key = NULL, guest_of = NULL WHERE "
        "id = ?",
        (user_id,),
    )
    return logins, tuple(row["session_id"] for row in rows if not row["is_removed"])
