"""Logins in SQLite: made, found by their tokens, exchanged, listed and ended."""

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict

from storage.errors import NotFound, Outdated, TokenReused
from storage.logins.records import Login
from storage.mending import restored
from storage.people import Exchanged
from storage.records import User
from storage.sqlite.accounts import end_other_logins, existing_user, insert_login, user_of_login
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import read_or_keys


class SqliteLoginStore:
    """The part of the AccountStore for logins; `storage.people` documents its methods."""

    _engine: Engine

    async def add_login(self, login: Login, *, known_hash: str | None = None) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM refresh_tokens WHERE user_id = ? AND expires_at <= ?",
                (login.user_id, login.created_at),
            )
            user = existing_user(db, login.user_id)
            if known_hash is not None and user.password_hash != known_hash:
                raise Outdated("password")
            insert_login(db, login)

        await self._engine.write(work)

    async def signed_in(self, login_id: str, now: int) -> User | None:
        return await self._engine.read(lambda db: user_of_login(db, login_id, now))

    async def rotate_login(
        self,
        login_id: str,
        presented: str,
        successor: str,
        now: int,
        expires_at: int,
        retry_ms: int,
        generation: int = -1,
    ) -> Exchanged:
        def work(db: sqlite3.Connection) -> Exchanged | None:
            row = db.execute("SELECT * FROM refresh_tokens WHERE id = ?", (login_id,)).fetchone()
            stored = restored(Login, dict(row)) if row else None
            if stored is None or stored.expires_at <= now:
                raise NotFound("login")
            login = stored.caught_up(presented, generation)
            if presented == login.token_hash:
                rotated = login.rotated(successor, now, expires_at, retry_ms)
                db.execute(
                    "UPDATE refresh_tokens SET token_hash = :token_hash, previous_hash = "
                    ":previous_hash, earlier_hashes = :earlier_hashes, generation = :generation, "
                    "rotated_at = :rotated_at, used_at = :used_at, expires_at = :expires_at "
                    "WHERE id = :id",
                    asdict(rotated),
                )
                db.execute(
                    "UPDATE users SET active_at = max(active_at, ?) WHERE id = ?",
                    (now, login.user_id),
                )
                return Exchanged(rotated, was_behind=login is not stored)
            if login.was_used_since(presented, now - retry_ms):
                return Exchanged(login)
            db.execute("DELETE FROM refresh_tokens WHERE id = ?", (login_id,))
            return None

        exchanged = await self._engine.write(work)
        if exchanged is None:
            raise TokenReused("refresh token")
        return exchanged

    async def end_login(self, login_id: str) -> None:
        await self._engine.write(
            lambda db: db.execute("DELETE FROM refresh_tokens WHERE id = ?", (login_id,))
        )

    async def logins(self, user_id: str, now: int) -> list[Login]:
        def work(db: sqlite3.Connection) -> list[Login]:
            rows = read_or_keys(
                db,
                "SELECT * FROM refresh_tokens WHERE user_id = ? AND expires_at > ? ORDER BY "
                "used_at DESC, id DESC",
                (user_id, now),
                "SELECT id, user_id FROM refresh_tokens WHERE user_id = ?",
                "SELECT * FROM refresh_tokens WHERE id = :id",
            )
            return [restored(Login, dict(row)) for row in rows]

        return await self._engine.read(work)

    async def end_other_logins(self, user_id: str, kept_login: str) -> tuple[str, ...]:
        return await self._engine.write(lambda db: end_other_logins(db, user_id, kept_login))

    async def touch_logins(self, login_ids: Iterable[str], now: int) -> set[str]:
        ids = set(login_ids)
        seen = [(now, login_id) for login_id in ids]

        def work(db: sqlite3.Connection) -> set[str]:
            db.executemany("UPDATE refresh_tokens SET used_at = max(used_at, ?) WHERE id = ?", seen)
            db.executemany(
                "UPDATE users SET active_at = max(active_at, ?)"
                " WHERE id = (SELECT user_id FROM refresh_tokens WHERE id = ?)",
                seen,
            )
            alive = "SELECT 1 FROM refresh_tokens WHERE id = ? AND expires_at > ?"
            return {
                login_id
                for login_id in ids
                if db.execute(alive, (login_id, now)).fetchone() is None
            }

        return await self._engine.write(work)
