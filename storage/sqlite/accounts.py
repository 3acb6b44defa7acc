"""Users and logins in SQLite."""

import sqlite3
from collections.abc import Iterable, Mapping

from storage.errors import Conflict, NotFound, TokenReused
from storage.records import Login, User
from storage.sqlite.engine import Engine


class Accounts:
    """The AccountStore part of the store."""

    _engine: Engine

    async def add_user(self, user: User, login: Login) -> None:
        def work(db: sqlite3.Connection) -> None:
            there = db.execute("SELECT * FROM users WHERE id = ?", (user.id,)).fetchone()
            if there:
                if _user(there) != user:
                    raise Conflict("id")
                return
            try:
                db.execute(
                    "INSERT INTO users (id, username, username_key, email, email_key, password_hash, full_name,"
                    " avatar, is_guest, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (user.id, user.username, user.username.casefold(), user.email,
                     user.email.casefold() if user.email else None, user.password_hash,
                     user.full_name, user.avatar, user.is_guest, user.created_at),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise _taken(error) from error
            _insert_login(db, login)

        await self._engine.write(work)

    async def user(self, user_id: str) -> User | None:
        return (await self.users([user_id])).get(user_id)

    async def user_by_name(self, name: str) -> User | None:
        def work(db: sqlite3.Connection) -> User | None:
            key = name.casefold()
            row = db.execute("SELECT * FROM users WHERE email_key = ? OR username_key = ?", (key, key)).fetchone()
            return _user(row) if row else None

        return await self._engine.read(work)

    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        ids = tuple(user_ids)

        def work(db: sqlite3.Connection) -> dict[str, User]:
            rows = (db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone() for user_id in ids)
            return {row["id"]: _user(row) for row in rows if row}

        return await self._engine.read(work)

    async def rename_user(self, user_id: str, username: str) -> User:
        def work(db: sqlite3.Connection) -> User:
            try:
                db.execute(
                    "UPDATE users SET username = ?, username_key = ? WHERE id = ?",
                    (username, username.casefold(), user_id),
                )
            except sqlite3.IntegrityError as error:
                raise _taken(error) from error
            row = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
            if row is None:
                raise NotFound("user")
            return _user(row)

        return await self._engine.write(work)

    async def add_login(self, login: Login) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM refresh_tokens WHERE user_id = ? AND expires_at <= ?",
                (login.user_id, login.created_at),
            )
            try:
                _insert_login(db, login)
            except sqlite3.IntegrityError as error:
                raise NotFound("user") from error

        await self._engine.write(work)

    async def signed_in(self, login_id: str, now: int) -> User | None:
        def work(db: sqlite3.Connection) -> User | None:
            row = db.execute(
                "SELECT users.* FROM refresh_tokens JOIN users ON users.id = refresh_tokens.user_id"
                " WHERE refresh_tokens.id = ? AND refresh_tokens.expires_at > ?",
                (login_id, now),
            ).fetchone()
            return _user(row) if row else None

        return await self._engine.read(work)

    async def rotate_login(
        self, login_id: str, presented: str, successor: str, now: int, expires_at: int, retry_ms: int
    ) -> Login:
        def work(db: sqlite3.Connection) -> Login | None:
            row = db.execute("SELECT * FROM refresh_tokens WHERE id = ?", (login_id,)).fetchone()
            if row is None or row["expires_at"] <= now:
                raise NotFound("login")
            login = Login(**row)
            if presented == login.token_hash:
                db.execute(
                    "UPDATE refresh_tokens SET token_hash = ?, previous_hash = ?, generation = generation + 1,"
                    " rotated_at = ?, expires_at = min(?, ends_at) WHERE id = ?",
                    (successor, presented, now, expires_at, login_id),
                )
                return Login(**db.execute("SELECT * FROM refresh_tokens WHERE id = ?", (login_id,)).fetchone())
            is_retry = presented == login.previous_hash and successor == login.token_hash
            if is_retry and now - login.rotated_at <= retry_ms:
                return login
            db.execute("DELETE FROM refresh_tokens WHERE id = ?", (login_id,))
            return None

        login = await self._engine.write(work)
        if login is None:
            raise TokenReused("refresh token")
        return login

    async def end_login(self, login_id: str) -> None:
        await self._engine.write(lambda db: db.execute("DELETE FROM refresh_tokens WHERE id = ?", (login_id,)))


def _insert_login(db: sqlite3.Connection, login: Login) -> None:
    db.execute(
        "INSERT INTO refresh_tokens (id, user_id, token_hash, previous_hash, generation, created_at, rotated_at,"
        " expires_at, ends_at, device) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (login.id, login.user_id, login.token_hash, login.previous_hash, login.generation, login.created_at,
         login.rotated_at, login.expires_at, login.ends_at, login.device),
    )  # fmt: skip


def _user(row: sqlite3.Row) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        email=row["email"],
        password_hash=row["password_hash"],
        full_name=row["full_name"],
        avatar=row["avatar"],
        is_guest=bool(row["is_guest"]),
        created_at=row["created_at"],
    )


def _taken(error: sqlite3.IntegrityError) -> Conflict:
    return Conflict("email" if "users.email_key" in str(error) else "username")
