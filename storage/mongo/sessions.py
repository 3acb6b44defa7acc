"""Sessions and their members in MongoDB."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pymongo import ReturnDocument

from storage.errors import LimitReached, NotFound, NotOwner, OwnerStays
from storage.mending import LAST_MS, is_time
from storage.mongo import rows
from storage.mongo.accounts import existing_user, is_deleted, user_of_login
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.messages import existing_session, member_of, newest_message
from storage.mongo.people import account_removal
from storage.mongo.rooms import insert_chunk
from storage.records import Admission, Chunk, Member, Role, Session, SessionChanges, SessionListing


class MongoSessionStore:
    """The SessionStore part of the store, without chat; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def add_session(self, session: Session, owner: Member, first: Chunk | None) -> None:
        """Store a session; the document in `sessions` comes last.

        Until that document is stored, nobody sees the session's other documents. After a crash,
        the next start drops them.
        """
        db = self._engine.db
        async with self._engine.locked(user=owner.user_id, session=session.id):
            if await db.sessions.find_one({"_id": session.id}, {"_id": 1}):
                await account_removal.note_added(self._engine, session.id)
                return
            if await is_deleted(self._engine, owner.user_id):
                raise NotFound("user")
            await account_removal.note_adding(self._engine, session.id)
            if first:
                await insert_chunk(self._engine, first)
            await _insert_member(self._engine, owner)
            first_bytes = len(first.data) if first else 0
            await db.sessions.insert_one({**rows.session_document(session), "bytes": first_bytes})
            await account_removal.note_added(self._engine, session.id)

    @translated
    async def session(self, session_id: str) -> Session | None:
        document = await self._engine.db.sessions.find_one({"_id": session_id})
        return rows.as_session(document) if document else None

    @translated
    async def admission(self, login_id: str, session_id: str, now: int) -> Admission | None:
        user = await user_of_login(self._engine, login_id, now)
        if user is None:
            return None
        document = await self._engine.db.sessions.find_one({"_id": session_id})
        member = await member_of(self._engine, session_id, user.id)
        return Admission(user, rows.as_session(document) if document else None, member)

    @translated
    async def sessions_of(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[SessionListing]:
        db = self._engine.db
        memberships = {
            document["session_id"]: document
            async for document in db.members.find({"user_id": user_id, "is_removed": False})
        }
        listed: Document = {"_id": {"$in": list(memberships)}}
        query: Document = {**listed, "updated_at": {"$gte": 0, "$lte": LAST_MS}}
        if before:
            query = {"$and": [query, _earlier(*before)]}
        cursor = db.sessions.find(query).sort([("updated_at", -1), ("_id", -1)])
        sessions = [rows.as_session(document) for document in await at_most(cursor, limit)]
        if len(sessions) < (limit if before else min(limit, len(memberships))):
            rest = await self._without_time(listed, before or (1, ""))
            sessions += rest[: limit - len(sessions)]
        newest = await asyncio.gather(
            *(newest_message(self._engine, session.id) for session in sessions)
        )
        members = [
            rows.as_member(memberships[session.id], session.owner_id) for session in sessions
        ]
        return [
            SessionListing(session, member, last - member.read_sequence)
            for session, member, last in zip(sessions, members, newest, strict=True)
        ]

    async def _without_time(self, listed: Document, before: tuple[int, str]) -> list[Session]:
        """Return the listed sessions before (time, id) whose damaged document has no valid time.

        An invalid time counts as 0, so these sessions come last, the highest id first.
        """
        untimed = [
            rows.as_session(document)
            async for document in self._engine.db.sessions.find(listed)
            if not _has_time(document)
        ]
        untimed = [session for session in untimed if (0, session.id) < before]
        return sorted(untimed, key=lambda session: session.id, reverse=True)

    @translated
    async def change_session(
        self, session_id: str, changes: SessionChanges, now: int, *, owner_id: str | None = None
    ) -> Session:
        async with self._engine.locked(session=session_id):
            await check_owner(self._engine, session_id, owner_id)
            return await self._change(session_id, changes, now)

    async def _change(self, session_id: str, changes: SessionChanges, now: int) -> Session:
        values = {name: value for name, value in _changed(changes).items() if value is not None}
        update: Document = {"$max": {"updated_at": now}, **({"$set": values} if values else {})}
        document = await self._engine.db.sessions.find_one_and_update(
            {"_id": session_id}, update, return_document=ReturnDocument.AFTER
        )
        if document is None:
            raise NotFound("session")
        return rows.as_session(document)

    @translated
    async def delete_session(self, session_id: str, *, owner_id: str | None = None) -> None:
        async with self._engine.locked(session=session_id):
            await check_owner(self._engine, session_id, owner_id)
            await account_removal.delete_session(self._engine, session_id)

    @translated
    async def member(self, session_id: str, user_id: str) -> Member | None:
        return await member_of(self._engine, session_id, user_id)

    @translated
    async def members(self, session_id: str) -> list[Member]:
        return (await members_of(self._engine, [session_id]))[session_id]

    @translated
    async def members_of(self, session_ids: Iterable[str]) -> Mapping[str, list[Member]]:
        return await members_of(self._engine, list(session_ids))

    @translated
    async def join(self, member: Member, limit: int) -> Member:
        async with self._engine.locked(user=member.user_id, session=member.session_id):
            await existing_session(self._engine, member.session_id)
            present = await member_of(self._engine, member.session_id, member.user_id)
            if present is None:
                return await add_member(self._engine, member, limit)
            await self._engine.confirm()
            return present

    @translated
    async def set_role(
        self, session_id: str, user_id: str, role: Role, *, owner_id: str | None = None
    ) -> Member:
        async with self._engine.locked(session=session_id):
            await check_owner(self._engine, session_id, owner_id)
            member = await self._not_owner(session_id, user_id)
            if role is Role.OWNER:
                raise OwnerStays("another owner")
            await self._engine.db.members.update_one(
                {"_id": rows.member_id(session_id, user_id)},
                {"$set": {"role": str(role), "is_removed": False}},
            )
            return replace(member, role=role, is_removed=False)

    @translated
    async def transfer_session(self, session_id: str, owner_id: str, successor_id: str) -> Member:
        async with self._engine.locked(user=successor_id, session=session_id):
            successor = await member_of(self._engine, session_id, successor_id)
            if successor is None or successor.is_removed:
                raise NotFound("member")
            if (await existing_session(self._engine, session_id))["owner_id"] != owner_id:
                raise OwnerStays("the session has another owner")
            if successor_id == owner_id:
                return successor
            if (await existing_user(self._engine, successor_id)).is_guest:
                raise NotFound("member")
            await self._engine.db.members.update_one(
                {"_id": rows.member_id(session_id, owner_id)}, {"$set": {"role": str(Role.EDITOR)}}
            )
            await self._engine.db.sessions.update_one(
                {"_id": session_id}, {"$set": {"owner_id": successor_id}}
            )
            return replace(successor, role=Role.OWNER)

    @translated
    async def remove_member(
        self, session_id: str, user_id: str, *, owner_id: str | None = None
    ) -> None:
        async with self._engine.locked(session=session_id):
            await check_owner(self._engine, session_id, owner_id)
            if (await self._not_owner(session_id, user_id)).is_removed:
                raise NotFound("member")
            await self._engine.db.members.update_one(
                {"_id": rows.member_id(session_id, user_id)}, {"$set": {"is_removed": True}}
            )

    @translated
    async def leave(self, session_id: str, user_id: str) -> None:
        async with self._engine.locked(session=session_id):
            if (await self._not_owner(session_id, user_id)).is_removed:
                raise NotFound("member")
            await self._engine.db.members.delete_one({"_id": rows.member_id(session_id, user_id)})

    async def _not_owner(self, session_id: str, user_id: str) -> Member:
        """Return a member; raises NotFound, or OwnerStays if the member owns the session."""
        member = await member_of(self._engine, session_id, user_id)
        if member is None:
            raise NotFound("member")
        if member.role is Role.OWNER:
            raise OwnerStays("the owner")
        return member


def _earlier(at: int, session_id: str) -> Document:
    """Return the query for sessions that come after a given session in a list, newest first."""
    same_time = {"updated_at": at, "_id": {"$lt": session_id}}
    return {"$or": [{"updated_at": {"$lt": at}}, same_time]}


def _has_time(document: Document) -> bool:
    return is_time(document.get("updated_at"))


async def check_owner(engine: Engine, session_id: str, owner_id: str | None) -> None:
    """Raise NotOwner if `owner_id` is given and the session exists and belongs to another user."""
    if owner_id is not None:
        document = await engine.db.sessions.find_one({"_id": session_id}, {"owner_id": 1})
        if document and document["owner_id"] != owner_id:
            raise NotOwner("session")


async def members_of(engine: Engine, session_ids: list[str]) -> dict[str, list[Member]]:
    """Return the members of each session, in the order in which they joined."""
    chosen = {"$in": session_ids}
    owners = {
        document["_id"]: document["owner_id"]
        async for document in engine.db.sessions.find({"_id": chosen}, {"owner_id": 1})
    }
    members: dict[str, list[Member]] = {session_id: [] for session_id in session_ids}
    documents = engine.db.members.find({"session_id": chosen, "is_removed": False})
    async for document in documents.sort([("joined_at", 1), ("user_id", 1)]):
        if document["session_id"] in owners:
            members[document["session_id"]].append(
                rows.as_member(document, owners[document["session_id"]])
            )
    return members


async def add_member(engine: Engine, member: Member, limit: int) -> Member:
    """Add a member, and mark all earlier messages as read; raises LimitReached or NotFound."""
    await check_capacity(engine, member, limit)
    added = replace(member, read_sequence=await newest_message(engine, member.session_id))
    await _insert_member(engine, added)
    return added


async def check_capacity(engine: Engine, member: Member, limit: int) -> None:
    """Raise NotFound if the user was deleted, LimitReached if the session has `limit` members."""
    if await is_deleted(engine, member.user_id):
        raise NotFound("user")
    count = await engine.db.members.count_documents(
        {"session_id": member.session_id, "is_removed": False}
    )
    if count >= limit:
        raise LimitReached(f"the session has {limit} members")


async def _insert_member(engine: Engine, member: Member) -> None:
    document = rows.member_document(member)
    await engine.db.members.update_one(
        {"_id": document["_id"]}, {"$setOnInsert": document}, upsert=True
    )


def _changed(changes: SessionChanges) -> dict[str, Any]:
    values = {
        "title": changes.title,
        "language": changes.language,
        "access": changes.access,
        "join_role": changes.join_role,
        "status": changes.status,
        "runs": changes.runs,
    }
    return {name: None if value is None else str(value) for name, value in values.items()}
