"""Users and their pictures in MongoDB. Their logins are in `storage.mongo.people.logins`."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.errors import Conflict, NotFound, Outdated
from storage.logins.records import Login
from storage.mongo import rows
from storage.mongo.database.driver import Document, translated
from storage.mongo.database.engine import Engine
from storage.names import are_confusable, name_key, name_skeleton
from storage.records import Avatar, User

_ALIVE = {"is_deleted": False}


class MongoAccountStore:
    """The AccountStore part of the store without logins; `storage.people` documents its methods."""

    _engine: Engine

    @translated
    async def add_user(self, user: User, login: Login) -> None:
        if not await is_stored(self._engine, user):
            await insert_user(self._engine, user)
        await insert_login(self._engine, login)

    @translated
    async def user(self, user_id: str) -> User | None:
        document = await self._engine.db.users.find_one({"_id": user_id})
        return rows.as_user(document) if document else None

    @translated
    async def user_by_name(self, name: str) -> User | None:
        document = await self._engine.db.users.find_one(
            {
                "$or": [
                    {"email_key": _indexed(name.casefold())},
                    {"name_key": _indexed(name_key(name))},
                ]
            }
        )
        return rows.as_user(document) if document else None

    @translated
    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        ids = list(dict.fromkeys(user_ids))
        documents = {
            document["_id"]: document
            async for document in self._engine.db.users.find({"_id": {"$in": ids}})
        }
        return {
            user_id: rows.as_user(documents[user_id]) for user_id in ids if user_id in documents
        }

    @translated
    async def rename_user(self, user_id: str, username: str) -> User:
        users = self._engine.db.users
        async with self._engine.locked(user=user_id):
            before = await existing_user(self._engine, user_id)
            async with named(
                self._engine, replace(before, username=username), before.username
            ) as keys:
                changes = {"username": username, **keys}
                document = await users.find_one_and_update(
                    {"_id": user_id, "is_deleted": False},
                    {"$set": changes},
                    return_document=ReturnDocument.AFTER,
                )
        if document is None:
            raise NotFound("user")
        return rows.as_user(document)

    @translated
    async def set_password(
        self, user_id: str, password_hash: str, kept_login: str, *, known_hash: str | None = None
    ) -> tuple[str, ...]:
        """End the other logins, change the password, and end the other logins again.

        This is not one transaction.
        """
        # They end before the change, so that after a crash no unwanted login remains. They end
        # again after it, because a login with the old password may arrive late: its write timed
        # out and released the lock.
        async with self._engine.locked(user=user_id):
            user = await existing_user(self._engine, user_id)
            if known_hash is not None:
                login = await self._engine.db.refresh_tokens.find_one(
                    {"_id": kept_login, "user_id": user_id}
                )
                if user.password_hash != known_hash or login is None:
                    raise Outdated("password")
            ended = await end_other_logins(self._engine, user_id, kept_login)
            await self._engine.db.password_resets.delete_many({"user_id": user_id})
            await self._engine.db.users.update_one(
                {"_id": user_id}, {"$set": {"password_hash": password_hash}}
            )
            return ended + await end_other_logins(self._engine, user_id, kept_login)

    @translated
    async def set_avatar(
        self, user_id: str, url: str | None, key: str | None, picture: Avatar | None
    ) -> str | None:
        db = self._engine.db
        async with self._engine.locked(user=user_id):
            replaced = (await existing_user(self._engine, user_id)).avatar_key
            if picture:
                await db.avatars.replace_one(
                    {"_id": user_id}, rows.avatar_document(picture), upsert=True
                )
            await db.users.update_one(
                {"_id": user_id}, {"$set": {"avatar": url, "avatar_key": key}}
            )
            if picture is None:
                await db.avatars.delete_one({"_id": user_id})
            return replaced if replaced != key else None

    @translated
    async def avatar(self, user_id: str) -> Avatar | None:
        document = await self._engine.db.avatars.find_one({"_id": user_id})
        return rows.as_avatar(document) if document else None


def _indexed(key: str) -> Document:
    """Return the condition for a key.

    The condition names the type, because only then MongoDB uses the partial index of texts.
    """
    return {"$eq": key, "$type": "string"}


async def is_stored(engine: Engine, user: User) -> bool:
    """Whether exactly this user is stored; raises Conflict if a different one has the id."""
    existing = await engine.db.users.find_one({"_id": user.id})
    if existing and rows.as_user(existing) != user:
        raise Conflict("id")
    return existing is not None


async def existing_user(engine: Engine, user_id: str) -> User:
    """Return a user that was not deleted; raises NotFound."""
    document = await engine.db.users.find_one({"_id": user_id, "is_deleted": False})
    if document is None:
        raise NotFound("user")
    return rows.as_user(document)


async def is_deleted(engine: Engine, user_id: str) -> bool:
    """Whether the user existed and was deleted."""
    return await engine.db.users.find_one({"_id": user_id, "is_deleted": True}) is not None


async def remembered_name(engine: Engine, user_id: str, name: str) -> str:
    """Return the name to show for an author: "" if they deleted their account."""
    gone = await engine.db.users.find_one({"_id": user_id, "is_deleted": True, "username": ""})
    return "" if gone else name


async def insert_user(engine: Engine, user: User) -> None:
    """Add a user; raises Conflict."""
    async with named(engine, user):
        await engine.db.users.insert_one(rows.user_document(user, user.created_at))


@asynccontextmanager
async def named(engine: Engine, user: User, before: str = "") -> AsyncIterator[Document]:
    """Lock a user's name, so that it can be written in the block; yields the keys of the name.

    before  the user's present name, which they may keep even if it looks like another name

    Raises Conflict if another user has this name, or a name that looks like it.
    """
    # A unique index of skeletons would refuse too much: two ASCII names may have the same skeleton
    # (`are_confusable`). So names are compared here. The lock is on the skeleton. If two users ask
    # for similar names together, the second request finds the first user's name.
    keys = rows.name_keys(user)
    skeleton = keys["name_skeleton"]
    async with engine.locked(user=f"named {skeleton}" if skeleton else None):
        if skeleton and keys["name_key"] != name_key(before):
            others = {
                "name_skeleton": skeleton,
                "_id": {"$ne": user.id},
                "name_key": {"$ne": keys["name_key"]},
            }
            async for other in engine.db.users.find(others, {"username": 1}):
                if are_confusable(user.username, other["username"]):
                    raise Conflict("username", is_alike=True)
        try:
            yield keys
        except DuplicateKeyError as error:
            raise in_use(error) from error


async def insert_login(engine: Engine, login: Login) -> None:
    """Add a login, unless it is stored already."""
    document: Document = rows.login_document(login)
    await engine.db.refresh_tokens.update_one(
        {"_id": login.id}, {"$setOnInsert": document}, upsert=True
    )


async def end_other_logins(engine: Engine, user_id: str, kept_login: str = "") -> tuple[str, ...]:
    """End all logins of a user except one; return the ids of the ended logins."""
    others = {"user_id": user_id, "_id": {"$ne": kept_login}}
    ended = [
        document["_id"] async for document in engine.db.refresh_tokens.find(others, {"_id": 1})
    ]
    await engine.db.refresh_tokens.delete_many({"_id": {"$in": ended}})
    return tuple(ended)


def in_use(error: DuplicateKeyError) -> Conflict:
    """Return the Conflict for a duplicate key: for the user name or for the e-mail address."""
    return Conflict(
        "email"
        if "email_key" in str((error.details or {}).get("keyPattern", error))
        else "username"
    )


async def user_of_login(engine: Engine, login_id: str, now: int) -> User | None:
    """Return the user of a login that has neither ended nor expired."""
    login = await engine.db.refresh_tokens.find_one({"_id": login_id, "expires_at": {"$gt": now}})
    document = (
        await engine.db.users.find_one({"_id": login["user_id"], **_ALIVE}) if login else None
    )
    return rows.as_user(document) if document else None


async def note_skeletons(engine: Engine) -> None:
    """Add a skeleton to each user name that an earlier release stored without one."""
    older = {"name_skeleton": None, "name_key": {"$type": "string"}}
    async for document in engine.db.users.find(older, {"username": 1}):
        changes = {"name_skeleton": name_skeleton(document["username"])}
        await engine.db.users.update_one(
            {"_id": document["_id"], "username": document["username"]}, {"$set": changes}
        )
