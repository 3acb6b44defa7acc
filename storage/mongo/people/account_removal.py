"""Deletes accounts and sessions in MongoDB.

Each deletion is noted first, so that the next start can finish an interrupted deletion.
"""

from storage.mongo import rows
from storage.mongo.accounts import end_other_logins, is_deleted
from storage.mongo.database.driver import Document, date, translated
from storage.mongo.database.engine import Engine
from storage.people import AccountDeletion
from storage.records import INVITES_KEPT_MS, Role, User

_GONE: Document = {"is_deleted": True, "avatar": None, "avatar_key": None, "guest_of": None}
_SWEPT: Document = {"leaving": {"deletes_sessions": False, "is_guest": True, "avatar_key": None}}
"""Changes to an idle guest that is removed.
The guest's messages, versions and runs keep their name."""
_NAMELESS: Document = {
    "username": "", "name_key": None, "name_skeleton": None, "email": None, "email_key": None,
    "password_hash": None, "full_name": "",
}  # fmt: skip
_OF_A_SESSION = (
    "members", "invites", "invite_uses", "messages", "log", "checkpoints", "versions", "runs",
    "program_tests", "parts",
)  # fmt: skip


class MongoAccountRemoval:
    """The part of the AccountStore that removes accounts; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def delete_user(
        self,
        user_id: str,
        now: int,
        *,
        deletes_sessions: bool,
        guests_before: int | None = None,
    ) -> AccountDeletion:
        users = self._engine.db.users
        async with self._engine.locked(user=user_id):
            document = await users.find_one({"_id": user_id})
            if document is None or (document["is_deleted"] and "leaving" not in document):
                return AccountDeletion()
            if guests_before is not None and not await _may_go(
                self._engine, document, guests_before
            ):
                return AccountDeletion()
            mark = document.get("leaving") or {
                "deletes_sessions": deletes_sessions,
                "is_guest": False,
                "avatar_key": document["avatar_key"],
            }
            await users.update_one(
                {"_id": user_id}, {"$set": {**_GONE, **_NAMELESS, "leaving": mark}}
            )
            return await _finish(self._engine, user_id, mark)

    @translated
    async def idle_owners(self, guests_before: int, limit: int) -> list[str]:
        owners: list[str] = []
        idle = self._engine.db.users.find(_idle(guests_before), {"_id": 1}).sort("active_at")
        async for row in idle:
            if len(owners) == limit:
                break
            session = await _session_of(self._engine, row["_id"])
            if session and not await _is_needed(self._engine, session, row["_id"], guests_before):
                owners.append(row["_id"])
        return owners

    @translated
    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        db = self._engine.db
        await db.refresh_tokens.delete_many({"expires": {"$lte": date(now)}})
        await db.tickets.delete_many({"expires": {"$lte": date(now)}})
        await db.password_resets.delete_many({"expires": {"$lte": date(now)}})
        old = {"expires": {"$lte": date(now - INVITES_KEPT_MS)}}
        await db.invite_uses.delete_many(old)
        await db.invites.delete_many(old)
        idle = _idle(guests_before)
        guests: list[str] = []
        async for row in db.users.find(idle, {"_id": 1}).sort("active_at"):
            if len(guests) == limit:
                break
            # Guests who own a session may stay for long, so they must not count.
            if await _session_of(self._engine, row["_id"]) is None:
                guests.append(row["_id"])
        swept = []
        for user_id in guests:
            async with self._engine.locked(user=user_id):
                if await _session_of(self._engine, user_id):
                    continue
                document = await db.users.find_one_and_update(
                    {"_id": user_id, **idle}, {"$set": {**_GONE, **_SWEPT}}
                )
                if document:  # the user is still idle, and still a guest
                    await _forget(self._engine, user_id)
                    await db.users.update_one({"_id": user_id}, {"$unset": {"leaving": ""}})
                    swept.append(rows.as_user(document))
        return swept


def _idle(guests_before: int) -> Document:
    """Return the query for guests who were not active since this time."""
    return {"is_guest": True, "is_deleted": False, "active_at": {"$lt": guests_before}}


async def _session_of(engine: Engine, guest_id: str) -> str | None:
    """Return the id of the session that a guest owns; None if they own none."""
    session = await engine.db.sessions.find_one({"owner_id": guest_id}, {"_id": 1})
    return session["_id"] if session else None


async def _may_go(engine: Engine, user: Document, guests_before: int) -> bool:
    """Whether a user is an idle guest, and nobody uses a session that would go with them."""
    if not (user["is_guest"] and user["active_at"] < guests_before):
        return False
    async for row in engine.db.sessions.find({"owner_id": user["_id"]}, {"_id": 1}):
        if await _is_needed(engine, row["_id"], user["_id"], guests_before):
            return False
    return True


async def _is_needed(engine: Engine, session_id: str, owner_id: str, since: int) -> bool:
    """Whether others use a session that would be deleted with its owner."""
    if await _successor(engine, session_id, owner_id):
        return False
    return await _is_used(engine, session_id, owner_id, since)


async def _is_used(engine: Engine, session_id: str, owner_id: str, since: int) -> bool:
    """Whether a member other than the owner was active since a time."""
    others = {"session_id": session_id, "user_id": {"$ne": owner_id}, "is_removed": False}
    ids = [row["user_id"] async for row in engine.db.members.find(others, {"user_id": 1})]
    active = {"_id": {"$in": ids}, "is_deleted": False, "active_at": {"$gte": since}}
    return await engine.db.users.find_one(active, {"_id": 1}) is not None


async def repair(engine: Engine) -> None:
    """Finish deletions that a crash interrupted."""
    for user_id in [
        row["_id"] async for row in engine.db.users.find({"leaving": {"$exists": True}}, {"_id": 1})
    ]:
        async with engine.locked(user=user_id):
            document = await engine.db.users.find_one(
                {"_id": user_id, "leaving": {"$exists": True}}
            )
            if document:
                await _finish(engine, user_id, document["leaving"])
    for session_id in [row["_id"] async for row in engine.db.deletions.find({}, {"_id": 1})]:
        async with engine.locked(session=session_id):
            await _repair_session(engine, session_id)


async def _repair_session(engine: Engine, session_id: str) -> None:
    note = await engine.db.deletions.find_one({"_id": session_id})
    if note is None:
        return
    if note["is_new"] and await engine.db.sessions.find_one({"_id": session_id}, {"_id": 1}):
        await note_added(engine, session_id)
    else:
        await delete_session(engine, session_id)


async def note_adding(engine: Engine, session_id: str) -> None:
    """Note that a session's documents are being stored.

    The document in `sessions` is stored last. If it is missing at the next start, the session's
    other documents are dropped.
    """
    await engine.db.deletions.update_one(
        {"_id": session_id}, {"$setOnInsert": {"is_new": True}}, upsert=True
    )


async def note_added(engine: Engine, session_id: str) -> None:
    """Note that all documents of a session are stored."""
    await engine.db.deletions.delete_one({"_id": session_id})


async def delete_session(engine: Engine, session_id: str) -> None:
    """Delete a session and everything in it.

    The document in `sessions` is deleted first, because without it nobody can open the session.
    """
    db = engine.db
    await db.deletions.update_one({"_id": session_id}, {"$set": {"is_new": False}}, upsert=True)
    # This lock waits for a running append, so its chunks are among the chunks deleted below.
    # A later append finds no session.
    async with engine.appending:
        await db.sessions.delete_one({"_id": session_id})
    for name in _OF_A_SESSION:
        await engine.delete_many(name, {"session_id": session_id})
    await db.deletions.delete_one({"_id": session_id})


async def _finish(engine: Engine, user_id: str, mark: Document) -> AccountDeletion:
    """Finish the deletion of a user: hand over or delete their sessions, and remove their rows.

    The caller holds the user's lock. Each step may be repeated, so a start after a crash runs all
    of them again.
    """
    db = engine.db
    inherited, deleted = {}, []
    for session_id in [
        document["_id"] async for document in db.sessions.find({"owner_id": user_id}, {"_id": 1})
    ]:
        async with engine.locked(session=session_id):
            successor = (
                None if mark["deletes_sessions"] else await _hand_over(engine, session_id, user_id)
            )
            if successor:
                inherited[session_id] = successor
            else:
                await delete_session(engine, session_id)
                deleted.append(session_id)
    logins, memberships = await _forget(engine, user_id)
    if not mark["is_guest"]:
        await engine.blank_many("messages", {"sender_id": user_id}, "sender_name")
        await engine.blank_many("versions", {"author_id": user_id}, "author_name")
        await engine.blank_many("runs", {"user_id": user_id}, "user_name")
    await db.users.update_one({"_id": user_id}, {"$unset": {"leaving": ""}})
    others = tuple(session_id for session_id in memberships if session_id not in inherited)
    return AccountDeletion(logins, others, inherited, tuple(deleted), mark["avatar_key"])


async def _hand_over(engine: Engine, session_id: str, owner_id: str) -> str | None:
    """Make the editor who joined first the owner and return their id; None if no editor is left."""
    # The lock is on the session, so the chosen editor may be deleting their own account now. That
    # deletion may have listed their sessions before they owned this session. So check again after
    # the write.
    successor = await _successor(engine, session_id, owner_id)
    while successor:
        await engine.db.sessions.update_one({"_id": session_id}, {"$set": {"owner_id": successor}})
        if not await is_deleted(engine, successor):
            return successor
        successor = await _successor(engine, session_id, successor)
    return None


async def _successor(engine: Engine, session_id: str, owner_id: str) -> str | None:
    """Return the id of the editor who joined first, without guests; None if there is none."""
    editors = engine.db.members.find(
        {
            "session_id": session_id,
            "user_id": {"$ne": owner_id},
            "role": str(Role.EDITOR),
            "is_removed": False,
        }
    )
    ids = [
        document["user_id"] async for document in editors.sort([("joined_at", 1), ("user_id", 1)])
    ]
    known = {"_id": {"$in": ids}, "is_guest": False, "is_deleted": False}
    users = {document["_id"] async for document in engine.db.users.find(known, {"_id": 1})}
    return next((user_id for user_id in ids if user_id in users), None)


async def _forget(engine: Engine, user_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete everything of a user except the document in `users`.

    Returns the ids of their logins, and of the sessions that they were members of.
    """
    db = engine.db
    logins = await end_other_logins(engine, user_id)
    await db.tickets.delete_many({"user_id": user_id})
    await db.password_resets.delete_many({"user_id": user_id})
    await db.avatars.delete_one({"_id": user_id})
    memberships = [document async for document in db.members.find({"user_id": user_id})]
    await db.members.delete_many({"user_id": user_id})
    return logins, tuple(
        document["session_id"] for document in memberships if not document["is_removed"]
    )
