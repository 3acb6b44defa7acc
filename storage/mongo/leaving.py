"""The end of accounts and sessions in MongoDB: each is noted first, so that the next start finishes it."""

from dataclasses import replace

from storage.mongo import rows
from storage.mongo.accounts import end_other_logins, is_deleted
from storage.mongo.engine import Document, Engine, at_most, translated
from storage.records import Farewell, Role, User

_INVITES_KEPT_MS = 30 * 86_400_000
_GONE: Document = {"is_deleted": True, "avatar": None, "avatar_key": None, "guest_of": None}
_NAMELESS: Document = {
    "username": "", "name_key": None, "email": None, "email_key": None, "password_hash": None, "full_name": "",
}  # fmt: skip
_OF_A_SESSION = (
    "members", "invites", "invite_uses", "messages", "log", "checkpoints", "versions", "parts",
)  # fmt: skip


class Leaving:
    """The part of the AccountStore that forgets."""

    _engine: Engine

    @translated
    async def delete_user(self, user_id: str, now: int, *, deletes_sessions: bool) -> Farewell:
        async with self._engine.locked(user=user_id):
            found = await self._engine.db.users.find_one_and_update(
                {"_id": user_id, "is_deleted": False},
                {"$set": {**_GONE, **_NAMELESS, "leaving": {"deletes_sessions": deletes_sessions}}},
            )
            if found is None:
                found = await self._engine.db.users.find_one({"_id": user_id, "leaving": {"$exists": True}})
            if found is None:
                return Farewell()
            farewell = await _finish(self._engine, user_id, deletes_sessions=deletes_sessions)
            return replace(farewell, avatar_key=found["avatar_key"])

    @translated
    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        db = self._engine.db
        await db.refresh_tokens.delete_many({"expires_at": {"$lte": now}})
        await db.tickets.delete_many({"expires_at": {"$lte": now}})
        old = [
            one["_id"] async for one in db.invites.find({"expires_at": {"$lte": now - _INVITES_KEPT_MS}}, {"_id": 1})
        ]
        await db.invite_uses.delete_many({"invite_id": {"$in": old}})
        await db.invites.delete_many({"_id": {"$in": old}})
        idle = db.users.find({"is_guest": True, "is_deleted": False, "active_at": {"$lt": guests_before}})
        guests = [rows.as_user(one) for one in await at_most(idle.sort("active_at"), limit)]
        for guest in guests:
            async with self._engine.locked(user=guest.id):
                await _forget(self._engine, guest.id)
                await db.users.update_one({"_id": guest.id}, {"$set": _GONE})
        return guests


async def repair(engine: Engine) -> None:
    """Finish what a crash cut short."""
    async for one in engine.db.users.find({"leaving": {"$exists": True}}):
        await _finish(engine, one["_id"], deletes_sessions=one["leaving"]["deletes_sessions"])
    async for one in engine.db.deletions.find({}):
        await delete_session(engine, one["_id"])


async def delete_session(engine: Engine, session_id: str) -> None:
    """Delete a session and everything in it, beginning with what makes it visible."""
    db = engine.db
    await db.deletions.update_one({"_id": session_id}, {"$set": {}}, upsert=True)
    async with engine.appending:  # what is being appended to its log is there to be deleted below
        await db.sessions.delete_one({"_id": session_id})
    for name in _OF_A_SESSION:
        await db[name].delete_many({"session_id": session_id})
    await db.deletions.delete_one({"_id": session_id})


async def _finish(engine: Engine, user_id: str, *, deletes_sessions: bool) -> Farewell:
    """Do what follows from a user's being deleted; the caller holds his lock."""
    db = engine.db
    inherited, deleted = {}, []
    for session_id in [one["_id"] async for one in db.sessions.find({"owner_id": user_id}, {"_id": 1})]:
        async with engine.locked(session=session_id):
            heir = None if deletes_sessions else await _hand_over(engine, session_id, user_id)
            if heir:
                inherited[session_id] = heir
            else:
                await delete_session(engine, session_id)
                deleted.append(session_id)
    logins, memberships = await _forget(engine, user_id)
    await db.messages.update_many({"sender_id": user_id}, {"$set": {"sender_name": ""}})
    await db.versions.update_many({"author_id": user_id}, {"$set": {"author_name": ""}})
    await db.users.update_one({"_id": user_id}, {"$unset": {"leaving": ""}})
    others = tuple(session_id for session_id in memberships if session_id not in inherited)
    return Farewell(logins, others, inherited, tuple(deleted))


async def _hand_over(engine: Engine, session_id: str, owner_id: str) -> str | None:
    """Make the eldest editor the owner, if there is one; look again whether he is going as well."""
    heir = await _heir(engine, session_id, owner_id)
    while heir:
        await engine.db.sessions.update_one({"_id": session_id}, {"$set": {"owner_id": heir}})
        if not await is_deleted(engine, heir):
            return heir
        heir = await _heir(engine, session_id, heir)
    return None


async def _heir(engine: Engine, session_id: str, owner_id: str) -> str | None:
    """Return the eldest editor who is no guest."""
    editors = engine.db.members.find(
        {"session_id": session_id, "user_id": {"$ne": owner_id}, "role": str(Role.EDITOR), "is_removed": False}
    )
    ids = [one["user_id"] async for one in editors.sort([("joined_at", 1), ("user_id", 1)])]
    known = {"_id": {"$in": ids}, "is_guest": False, "is_deleted": False}
    users = {one["_id"] async for one in engine.db.users.find(known, {"_id": 1})}
    return next((user_id for user_id in ids if user_id in users), None)


async def _forget(engine: Engine, user_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take everything from a user but his row; return his logins and the sessions he was in."""
    db = engine.db
    logins = await end_other_logins(engine, user_id)
    await db.tickets.delete_many({"user_id": user_id})
    await db.avatars.delete_one({"_id": user_id})
    memberships = [one async for one in db.members.find({"user_id": user_id})]
    await db.members.delete_many({"user_id": user_id})
    return logins, tuple(one["session_id"] for one in memberships if not one["is_removed"])
