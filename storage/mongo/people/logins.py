"""Logins in MongoDB: made, found by their tokens, exchanged, listed and ended."""

from collections.abc import Iterable

from storage.errors import NotFound, Outdated, TokenReused
from storage.logins.records import Login
from storage.mongo import rows
from storage.mongo.accounts import (
    end_other_logins,
    existing_user,
    insert_login,
    is_deleted,
    user_of_login,
)
from storage.mongo.database.driver import translated
from storage.mongo.database.engine import Engine
from storage.people import Exchanged
from storage.records import User


class MongoLoginStore:
    """The part of the AccountStore for logins; `storage.people` documents its methods."""

    _engine: Engine

    @translated
    async def add_login(self, login: Login, *, known_hash: str | None = None) -> None:
        async with self._engine.locked(user=login.user_id):
            user = await existing_user(self._engine, login.user_id)
            if known_hash is not None and user.password_hash != known_hash:
                raise Outdated("password")
            await self._engine.db.refresh_tokens.delete_many(
                {"user_id": login.user_id, "expires_at": {"$lte": login.created_at}}
            )
            await insert_login(self._engine, login)

    @translated
    async def signed_in(self, login_id: str, now: int) -> User | None:
        return await user_of_login(self._engine, login_id, now)

    @translated
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
        tokens = self._engine.db.refresh_tokens
        while document := await tokens.find_one({"_id": login_id, "expires_at": {"$gt": now}}):
            stored = rows.as_login(document)
            if await is_deleted(self._engine, stored.user_id):
                break
            login = stored.caught_up(presented, generation)
            if presented != login.token_hash:
                return Exchanged(await self._repeated(login, presented, now - retry_ms))
            rotated = login.rotated(successor, now, expires_at, retry_ms)
            unchanged = {name: document.get(name) for name in ("_id", "token_hash", "generation")}
            if (await tokens.update_one(unchanged, {"$set": rows.rotation(rotated)})).matched_count:
                await self._engine.db.users.update_one(
                    {"_id": login.user_id}, {"$max": {"active_at": now}}
                )
                return Exchanged(rotated, was_behind=login is not stored)
        raise NotFound("login")

    async def _repeated(self, login: Login, presented: str, since: int) -> Login:
        """Return the login if its token `presented` was exchanged at `since` or later.

        Otherwise end the login and raise TokenReused, because the token may be stolen.
        """
        if login.was_used_since(presented, since):
            await self._engine.confirm()
            return login
        await self._engine.db.refresh_tokens.delete_one({"_id": login.id})
        raise TokenReused("refresh token")

    @translated
    async def end_login(self, login_id: str) -> None:
        await self._engine.db.refresh_tokens.delete_one({"_id": login_id})

    @translated
    async def logins(self, user_id: str, now: int) -> list[Login]:
        cursor = self._engine.db.refresh_tokens.find(
            {"user_id": user_id, "expires_at": {"$gt": now}}
        )
        return [
            rows.as_login(document)
            async for document in cursor.sort([("used_at", -1), ("_id", -1)])
        ]

    @translated
    async def end_other_logins(self, user_id: str, kept_login: str) -> tuple[str, ...]:
        return await end_other_logins(self._engine, user_id, kept_login)

    @translated
    async def touch_logins(self, login_ids: Iterable[str], now: int) -> set[str]:
        db, ids = self._engine.db, list(set(login_ids))
        await db.refresh_tokens.update_many({"_id": {"$in": ids}}, {"$max": {"used_at": now}})
        user_ids = await db.refresh_tokens.distinct("user_id", {"_id": {"$in": ids}})
        await db.users.update_many({"_id": {"$in": user_ids}}, {"$max": {"active_at": now}})
        alive = db.refresh_tokens.find(
            {"_id": {"$in": ids}, "expires_at": {"$gt": now}}, {"_id": 1}
        )
        return set(ids) - {document["_id"] async for document in alive}
