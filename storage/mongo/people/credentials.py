"""Forgotten passwords and changed e-mail addresses in MongoDB."""

from dataclasses import replace

from pymongo.errors import DuplicateKeyError

from storage.errors import NotFound, Outdated
from storage.mongo import rows
from storage.mongo.accounts import end_other_logins, existing_user, in_use
from storage.mongo.database.driver import date, translated
from storage.mongo.database.engine import Engine
from storage.records import User


class MongoCredentialStore:
    """The CredentialStore part of the store; `storage.people` documents its methods."""

    _engine: Engine

    @translated
    async def add_reset(self, token_hash: str, user_id: str, expires_at: int) -> None:
        async with self._engine.locked(user=user_id):
            await existing_user(self._engine, user_id)
            reset = {"user_id": user_id, "expires_at": expires_at, "expires": date(expires_at)}
            await self._engine.db.password_resets.update_one(
                {"_id": token_hash}, {"$setOnInsert": reset}, upsert=True
            )

    @translated
    async def user_of_reset(self, token_hash: str, now: int) -> User | None:
        db = self._engine.db
        reset = await db.password_resets.find_one({"_id": token_hash, "expires_at": {"$gt": now}})
        query = {"_id": reset["user_id"], "is_deleted": False} if reset else {}
        document = await db.users.find_one(query) if reset else None
        return rows.as_user(document) if document else None

    @translated
    async def use_reset(self, token_hash: str, password_hash: str, now: int) -> tuple[str, ...]:
        """Change the password, and remove the token last.

        After a crash the token is still valid, so a repeated call finishes the change.
        """
        db = self._engine.db
        usable = {"_id": token_hash, "expires_at": {"$gt": now}}
        reset = await db.password_resets.find_one(usable)
        if reset is None:
            raise NotFound("token")
        user_id = reset["user_id"]
        async with self._engine.locked(user=user_id):
            await existing_user(self._engine, user_id)
            # Check again: another call may have used the token before this call got the lock.
            if await db.password_resets.find_one(usable) is None:
                raise NotFound("token")
            ended = await end_other_logins(self._engine, user_id)
            await db.users.update_one({"_id": user_id}, {"$set": {"password_hash": password_hash}})
            # As in `set_password`: a login by the old password may have arrived meanwhile.
            ended += await end_other_logins(self._engine, user_id)
            await db.password_resets.delete_many({"user_id": user_id})
            return ended

    @translated
    async def set_email(self, user_id: str, email: str, *, known_hash: str) -> User:
        db = self._engine.db
        async with self._engine.locked(user=user_id):
            user = await existing_user(self._engine, user_id)
            if user.password_hash != known_hash:
                raise Outdated("password")
            try:
                await db.users.update_one(
                    {"_id": user_id}, {"$set": {"email": email, "email_key": email.casefold()}}
                )
            except DuplicateKeyError as error:
                raise in_use(error) from error
            await db.password_resets.delete_many({"user_id": user_id})
            return replace(user, email=email)
