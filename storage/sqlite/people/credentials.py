"""Forgotten passwords and changed e-mail addresses in SQLite."""

import sqlite3
from dataclasses import replace

from storage.errors import NotFound, Outdated
from storage.records import User
from storage.sqlite.accounts import as_user, end_other_logins, existing_user, in_use
from storage.sqlite.engine import Engine


class SqliteCredentialStore:
    """The CredentialStore part of the store; `storage.people` documents its methods."""

    _engine: Engine

    async def add_reset(self, token_hash: str, user_id: str, expires_at: int) -> None:
        def work(db: sqlite3.Connection) -> None:
            existing_user(db, user_id)
            db.execute(
                "INSERT INTO password_resets (hash, user_id, expires_at) VALUES (?, ?, ?)"
                " ON CONFLICT (hash) DO NOTHING",
                (token_hash, user_id, expires_at),
            )

        await self._engine.write(work)

    async def user_of_reset(self, token_hash: str, now: int) -> User | None:
        return await self._engine.read(lambda db: _user_of(db, token_hash, now))

    async def use_reset(self, token_hash: str, password_hash: str, now: int) -> tuple[str, ...]:
        def work(db: sqlite3.Connection) -> tuple[str, ...]:
            user = _user_of(db, token_hash, now)
            if user is None:
                raise NotFound("token")
            db.execute("UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, user.id))
            db.execute("DELETE FROM password_resets WHERE user_id = ?", (user.id,))
            return end_other_logins(db, user.id)

        return await self._engine.write(work)

    async def set_email(self, user_id: str, email: str, *, known_hash: str) -> User:
        def work(db: sqlite3.Connection) -> User:
            user = existing_user(db, user_id)
            if user.password_hash != known_hash:
                raise Outdated("password")
            try:
                db.execute(
                    "UPDATE users SET email = ?, email_key = ? WHERE id = ?",
                    (email, email.casefold(), user_id),
                )
            except sqlite3.IntegrityError as error:
                raise in_use(error) from error
            db.execute("DELETE FROM password_resets WHERE user_id = ?", (user_id,))
            return replace(user, email=email)

        return await self._engine.write(work)


def _user_of(db: sqlite3.Connection, token_hash: str, now: int) -> User | None:
    """Return the user of a token that has not expired."""
    row = db.execute(
        "SELECT users.* FROM password_resets JOIN users ON users.id = password_resets.user_id"
        " WHERE hash = ? AND expires_at > ? AND NOT is_deleted",
        (token_hash, now),
    ).fetchone()
    return as_user(row) if row else None
