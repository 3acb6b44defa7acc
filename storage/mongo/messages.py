"""Chat messages in MongoDB."""

from dataclasses import replace

from pymongo.errors import DuplicateKeyError

from storage.errors import LimitReached, NotFound
from storage.mongo import rows
from storage.mongo.accounts import remembered_name
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.rooms import touch
from storage.mongo.usage import grow
from storage.records import Member, Message

_TRIES = 10


class MongoMessageStore:
    """The part of the SessionStore that keeps the chat; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def add_message(self, message: Message) -> Message:
        db = self._engine.db
        async with self._engine.locked(user=message.sender_id, session=message.session_id):
            await existing_session(self._engine, message.session_id)
            existing = await db.messages.find_one(
                {"_id": rows.message_id(message.session_id, message.id)}
            )
            stored = rows.as_message(existing) if existing else await self._append_message(message)
        await touch(self._engine, [stored.session_id], stored.created_at)
        await self._note_read(stored.session_id, stored.sender_id, stored.sequence)
        return stored

    async def _append_message(self, message: Message) -> Message:
        name = await remembered_name(self._engine, message.sender_id, message.sender_name)
        for _ in range(_TRIES):
            number = await newest_message(self._engine, message.session_id) + 1
            stored = replace(message, sequence=number, sender_name=name)
            try:
                await self._engine.db.messages.insert_one(rows.message_document(stored))
            except DuplicateKeyError:
                continue
            await grow(self._engine, {stored.session_id: len(stored.text.encode())})
            return stored
        raise LimitReached("too many messages at the same time")

    @translated
    async def read_messages(self, session_id: str, user_id: str, up_to: int | None) -> int:
        newest = await newest_message(self._engine, session_id)
        await self._note_read(session_id, user_id, newest if up_to is None else min(up_to, newest))
        member = await member_of(self._engine, session_id, user_id)
        if member is None or member.is_removed:
            raise NotFound("member")
        return newest - member.read_sequence

    async def _note_read(self, session_id: str, user_id: str, up_to: int) -> None:
        await self._engine.db.members.update_one(
            {"_id": rows.member_id(session_id, user_id)}, {"$max": {"read_sequence": up_to}}
        )

    @translated
    async def messages(self, session_id: str, before: int | None, limit: int) -> list[Message]:
        query: Document = {"session_id": session_id}
        if before is not None:
            query["sequence"] = {"$lt": before}
        cursor = self._engine.db.messages.find(query).sort("sequence", -1)
        return [rows.as_message(document) for document in await at_most(cursor, limit)][::-1]


async def existing_session(engine: Engine, session_id: str) -> Document:
    """Return a session's document; raises NotFound."""
    document = await engine.db.sessions.find_one({"_id": session_id})
    if document is None:
        raise NotFound("session")
    return document


async def member_of(engine: Engine, session_id: str, user_id: str) -> Member | None:
    """Return the membership of a user, None if there is none."""
    document = await engine.db.members.find_one({"_id": rows.member_id(session_id, user_id)})
    session = (
        await engine.db.sessions.find_one({"_id": session_id}, {"owner_id": 1})
        if document
        else None
    )
    return rows.as_member(document, session["owner_id"]) if document and session else None


async def newest_message(engine: Engine, session_id: str) -> int:
    """Return the number of the newest chat message, 0 if there is none."""
    # The filter leaves out damaged documents whose `sequence` is not a number.
    numbered = {"session_id": session_id, "sequence": {"$gte": 0}}
    newest = engine.db.messages.find(numbered, {"sequence": 1}).sort("sequence", -1).limit(1)
    return max([int(document["sequence"]) async for document in newest], default=0)
