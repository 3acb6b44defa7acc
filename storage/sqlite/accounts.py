"""Users and their pictures in SQLite. Their logins are in `storage.sqlite.people.logins`."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from storage.errors import Conflict, NotFound, Outdated
from storage.logins.records import Login
from storage.mending import restored
from storage.names import are_confusable, name_key, name_skeleton
from storage.records import Avatar, User
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import read_or_keys


class SqliteAccountStore:
    """The AccountStore part of the store without logins; `storage.people` documents its methods."""

    _engine: Engine

    async def add_user(self, user: User, login: Login) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not is_stored(db, user):
                insert_user(db, user)
                insert_login(db, login)

        await self._engine.write(work)

    async def user(self, user_id: str) -> User | None:
        return (await self.users([user_id])).get(user_id)

    async def user_by_name(self, name: str) -> User | None:
        def work(db: sqlite3.Connection) -> User | None:
            row = db.execute(
                "SELECT * FROM users WHERE (email_key = ? OR username_key = ?) AND NOT is_guest "
                "AND NOT is_deleted",
                (name.casefold(), name_key(name)),
            ).fetchone()
            return as_user(row) if row else None

        return await self._engine.read(work)

    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        ids = tuple(user_ids)

        def work(db: sqlite3.Connection) -> dict[str, User]:
            answers = (
                read_or_keys(db, "SELECT * FROM users WHERE id = ?", (user_id,), "", "")
                for user_id in ids
            )
            return {row["id"]: as_user(row) for rows in answers for row in rows}

        return await self._engine.read(work)

    async def rename_user(self, user_id: str, username: str) -> User:
        def work(db: sqlite3.Connection) -> User:
            before = existing_user(db, user_id)
            renamed = replace(before, username=username)
            if name_key(before.username) != name_key(username):
                require_unlike(db, renamed)
            try:
                db.execute(
                    "UPDATE users SET username = ?, username_key = ?, username_skeleton = ? WHERE "
                    "id = ?",
                    (username, _name_key(renamed), skeleton_of(renamed), user_id),
                )
            except sqlite3.IntegrityError as error:
                raise in_use(error) from error
            return renamed

        return await self._engine.write(work)

    async def set_password(
        self, user_id: str, password_hash: str, kept_login: str, *, known_hash: str | None = None
    ) -> tuple[str, ...]:
        def work(db: sqlite3.Connection) -> tuple[str, ...]:
            user = existing_user(db, user_id)
            if known_hash is not None:
                login = db.execute(
                    "SELECT 1 FROM refresh_tokens WHERE id = ? AND user_id = ?",
                    (kept_login, user_id),
                )
                if user.password_hash != known_hash or login.fetchone() is None:
                    raise Outdated("password")
            db.execute("UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, user_id))
            db.execute("DELETE FROM password_resets WHERE user_id = ?", (user_id,))
            return end_other_logins(db, user_id, kept_login)

        return await self._engine.write(work)

    async def set_avatar(
        self, user_id: str, url: str | None, key: str | None, picture: Avatar | None
    ) -> str | None:
        def work(db: sqlite3.Connection) -> str | None:
            replaced = existing_user(db, user_id).avatar_key
            db.execute(
                "UPDATE users SET avatar = ?, avatar_key = ? WHERE id = ?", (url, key, user_id)
            )
            db.execute("DELETE FROM avatars WHERE user_id = ?", (user_id,))
            if picture:
                db.execute(
                    "INSERT INTO avatars (user_id, data, created_at) VALUES (:user_id, :data, "
                    ":created_at)",
                    asdict(picture),
                )
            return replaced if replaced != key else None

        return await self._engine.write(work)

    async def avatar(self, user_id: str) -> Avatar | None:
        def work(db: sqlite3.Connection) -> Avatar | None:
            row = db.execute("SELECT * FROM avatars WHERE user_id = ?", (user_id,)).fetchone()
            return restored(Avatar, dict(row)) if row else None

        return await self._engine.read(work)


def is_stored(db: sqlite3.Connection, user: User) -> bool:
    """Whether exactly this user is stored; raises Conflict if a different one has the id."""
    existing = db.execute("SELECT * FROM users WHERE id = ?", (user.id,)).fetchone()
    if existing and as_user(existing) != user:
        raise Conflict("id")
    return existing is not None


def is_deleted(db: sqlite3.Connection, user_id: str) -> bool:
    """Whether the user existed and was deleted."""
    return (
        db.execute("SELECT 1 FROM users WHERE id = ? AND is_deleted", (user_id,)).fetchone()
        is not None
    )


def remembered_name(db: sqlite3.Connection, user_id: str, name: str) -> str:
    """Return the name to show for an author: "" if they deleted their account."""
    row = db.execute(
        "SELECT 1 FROM users WHERE id = ? AND is_deleted AND username = ''", (user_id,)
    ).fetchone()
    return "" if row else name


def existing_user(db: sqlite3.Connection, user_id: str) -> User:
    """Return a user that was not deleted; raises NotFound."""
    row = db.execute("SELECT * FROM users WHERE id = ? AND NOT is_deleted", (user_id,)).fetchone()
    if row is None:
        raise NotFound("user")
    return as_user(row)


def insert_user(db: sqlite3.Connection, user: User) -> None:
    """Add a user; raises Conflict."""
    require_unlike(db, user)
    try:
        db.execute(
            "INSERT INTO users (id, username, username_key, username_skeleton, email, email_key, "
            "password_hash,"
            " full_name, avatar, is_guest, created_at, avatar_key, guest_of, is_deleted, active_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (user.id, user.username, _name_key(user), skeleton_of(user), user.email,
             user.email.casefold() if user.email else None, user.password_hash, user.full_name,
             user.avatar,
             user.is_guest, user.created_at, user.avatar_key, user.guest_of, user.is_deleted,
             user.created_at),
        )  # fmt: skip
    except sqlite3.IntegrityError as error:
        raise in_use(error) from error


def require_unlike(db: sqlite3.Connection, user: User) -> None:
    """Raise Conflict if a name looks like another user's. The table's key refuses equal names."""
    others = db.execute(
        "SELECT username FROM users WHERE username_skeleton = ? AND id != ? AND username_key != ?",
        (skeleton_of(user), user.id, _name_key(user)),
    )
    if any(are_confusable(user.username, row["username"]) for row in others.fetchall()):
        raise Conflict("username", is_alike=True)


def skeleton_of(user: User) -> str | None:
    """Return the skeleton of a user's name; None for guests and for deleted users."""
    return None if user.is_guest or user.is_deleted else name_skeleton(user.username)


def _name_key(user: User) -> str:
    """Return the unique key of a user's name; for guests and deleted users, NUL and their id."""
    return f"\0{user.id}" if user.is_guest or user.is_deleted else name_key(user.username)


def end_other_logins(db: sqlite3.Connection, user_id: str, kept_login: str = "") -> tuple[str, ...]:
    """End all logins of a user except one; return the ids of the ended logins."""
    rows = db.execute(
        "DELETE FROM refresh_tokens WHERE user_id = ? AND id != ? RETURNING id",
        (user_id, kept_login),
    ).fetchall()
    return tuple(row["id"] for row in rows)


def insert_login(db: sqlite3.Connection, login: Login) -> None:
    """Add a login, unless it is stored already."""
    db.execute(
        "INSERT INTO refresh_tokens (id, user_id, token_hash, previous_hash, generation, "
        "created_at, rotated_at,"
        " expires_at, ends_at, device, used_at, earlier_hashes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        (login.id, login.user_id, login.token_hash, login.previous_hash, login.generation,
         login.created_at,
         login.rotated_at, login.expires_at, login.ends_at, login.device, login.used_at,
         login.earlier_hashes),
    )  # fmt: skip


def as_user(row: sqlite3.Row) -> User:
    """Return the user of a row."""
    return restored(User, dict(row))


def in_use(error: sqlite3.IntegrityError) -> Conflict:
    """Return the Conflict for an IntegrityError: for the user name or for the e-mail address."""
    return Conflict("email" if "users.email_key" in str(error) else "username")


def user_of_login(db: sqlite3.Connection, login_id: str, now: int) -> User | None:
    """Return the user of a login that has neither ended nor expired."""
    row = db.execute(
        "SELECT users.* FROM refresh_tokens JOIN users ON users.id = refresh_tokens.user_id"
        " WHERE refresh_tokens.id = ? AND refresh_tokens.expires_at > ?",
        (login_id, now),
    ).fetchone()
    return as_user(row) if row else None
