"""Invites, guests and tickets in SQLite."""

import sqlite3
from dataclasses import asdict, astuple, replace

from storage.errors import LimitReached, NotFound
from storage.logins.records import Login, Ticket
from storage.mending import restored
from storage.names import name_key
from storage.records import Invite, InviteUse, Member, Role, User
from storage.sqlite.accounts import (
    as_user,
    end_other_logins,
    existing_user,
    in_use,
    insert_login,
    insert_user,
    is_stored,
    require_unlike,
    skeleton_of,
)
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import read_or_keys
from storage.sqlite.messages import member_of
from storage.sqlite.rooms import session_exists
from storage.sqlite.sessions import add_member, check_owner


class SqliteInviteStore:
    """The InviteStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    async def add_invite(self, invite: Invite, limit: int, *, owner_id: str | None = None) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not session_exists(db, invite.session_id):
                raise NotFound("session")
            if db.execute("SELECT 1 FROM invites WHERE id = ?", (invite.id,)).fetchone():
                return
            check_owner(db, invite.session_id, owner_id)
            usable = db.execute(
                "SELECT count(*) FROM invites WHERE session_id = ? AND NOT is_revoked AND "
                "expires_at > ?"
                " AND (max_uses IS NULL OR uses < max_uses)",
                (invite.session_id, invite.created_at),
            ).fetchone()
            if usable[0] >= limit:
                raise LimitReached(f"the session has {limit} open invites")
            db.execute(
                "INSERT INTO invites (id, session_id, secret_hash, role, created_by, created_at, "
                "expires_at,"
                " max_uses, uses, is_revoked) VALUES (:id, :session_id, :secret_hash, :role, "
                ":created_by,"
                " :created_at, :expires_at, :max_uses, :uses, :is_revoked)",
                asdict(invite),
            )

        await self._engine.write(work)

    async def invite(self, secret_hash: str, now: int) -> Invite | None:
        return await self._engine.read(lambda db: _usable(db, secret_hash, now))

    async def invites(
        self, session_id: str, before: str | None, limit: int, uses: int
    ) -> list[tuple[Invite, list[InviteUse]]]:
        def work(db: sqlite3.Connection) -> list[tuple[Invite, list[InviteUse]]]:
            rows = read_or_keys(
                db,
                "SELECT * FROM invites WHERE session_id = ? AND (? IS NULL OR id < ?) ORDER BY id "
                "DESC LIMIT ?",
                (session_id, before, before, limit),
                "SELECT id, session_id FROM invites WHERE session_id = ? ORDER BY id DESC",
                "SELECT * FROM invites WHERE id = :id",
            )
            page = [row for row in rows if before is None or row["id"] < before][:limit]
            return [(_invite(row), _uses(db, row["id"], uses)) for row in page]

        return await self._engine.read(work)

    async def revoke_invite(self, session_id: str, invite_id: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            result = db.execute(
                "UPDATE invites SET is_revoked = 1 WHERE session_id = ? AND id = ?",
                (session_id, invite_id),
            )
            if not result.rowcount:
                raise NotFound("invite")

        await self._engine.write(work)

    async def use_invite(self, secret_hash: str, member: Member, limit: int) -> Member:
        return await self._engine.write(lambda db: _use(db, secret_hash, member, limit))

    async def add_guest(self, user: User, login: Login, secret_hash: str, limit: int) -> Member:
        def work(db: sqlite3.Connection) -> Member:
            session_id = user.guest_of or ""
            if not is_stored(db, user):
                insert_user(db, user)
                insert_login(db, login)
            return _use(
                db, secret_hash, Member(session_id, user.id, Role.VIEWER, user.created_at), limit
            )

        return await self._engine.write(work)

    async def claim_guest(self, user: User, login: Login) -> tuple[str, ...]:
        def work(db: sqlite3.Connection) -> tuple[str, ...]:
            row = db.execute(
                "SELECT * FROM users WHERE id = ? AND NOT is_deleted", (user.id,)
            ).fetchone()
            existing = db.execute(
                "SELECT 1 FROM refresh_tokens WHERE id = ? AND user_id = ?", (login.id, user.id)
            )
            if (
                row is None
                or existing.fetchone() is None
                or not (row["is_guest"] or as_user(row) == user)
            ):
                raise NotFound("guest")
            require_unlike(db, user)
            try:
                db.execute(
                    "UPDATE users SET username = ?, username_key = ?, username_skeleton = ?, email "
                    "= ?,"
                    " email_key = ?, password_hash = ?, full_name = ?, is_guest = 0, guest_of = "
                    "NULL WHERE id = ?",
                    (user.username, name_key(user.username), skeleton_of(user), user.email,
                     (user.email or "").casefold(), user.password_hash, user.full_name, user.id),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise in_use(error) from error
            ended = end_other_logins(db, user.id)
            insert_login(db, login)
            return tuple(login_id for login_id in ended if login_id != login.id)

        return await self._engine.write(work)

    async def add_ticket(self, ticket: Ticket) -> None:
        def work(db: sqlite3.Connection) -> None:
            existing_user(db, ticket.user_id)
            db.execute(
                "INSERT INTO tickets (hash, user_id, login_id, session_id, expires_at) VALUES (?, "
                "?, ?, ?, ?)"
                " ON CONFLICT (hash) DO NOTHING",
                astuple(ticket),
            )

        await self._engine.write(work)

    async def take_ticket(self, ticket_hash: str, now: int) -> Ticket | None:
        def work(db: sqlite3.Connection) -> Ticket | None:
            row = db.execute(
                "DELETE FROM tickets WHERE hash = ? RETURNING *", (ticket_hash,)
            ).fetchone()
            ticket = restored(Ticket, dict(row)) if row else None
            return ticket if ticket and ticket.expires_at > now else None

        return await self._engine.write(work)


def _use(db: sqlite3.Connection, secret_hash: str, member: Member, limit: int) -> Member:
    """Make a user a member and count the use, unless the user is a member or was removed."""
    present = member_of(db, member.session_id, member.user_id)
    if present:
        return present
    invite = _usable(db, secret_hash, member.joined_at)
    if invite is None or invite.session_id != member.session_id:
        raise NotFound("invite")
    added = add_member(db, replace(member, role=invite.role), limit)
    db.execute("UPDATE invites SET uses = uses + 1 WHERE id = ?", (invite.id,))
    db.execute(
        "INSERT INTO invite_uses (invite_id, user_id, used_at) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET used_at = excluded.used_at",
        (invite.id, member.user_id, member.joined_at),
    )
    return added


def _usable(db: sqlite3.Connection, secret_hash: str, now: int) -> Invite | None:
    row = db.execute("SELECT * FROM invites WHERE secret_hash = ?", (secret_hash,)).fetchone()
    invite = _invite(row) if row else None
    return invite if invite and invite.is_usable(now) else None


def _invite(row: sqlite3.Row) -> Invite:
    return restored(Invite, dict(row))


def _uses(db: sqlite3.Connection, invite_id: str, limit: int) -> list[InviteUse]:
    rows = db.execute(
        "SELECT user_id, used_at FROM invite_uses WHERE invite_id = ? ORDER BY used_at DESC, "
        "user_id LIMIT ?",
        (invite_id, limit),
    )
    return [restored(InviteUse, dict(row)) for row in rows]
