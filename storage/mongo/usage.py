"""How many bytes sessions take in MongoDB:
each session has a counter, and each document that it counts has its size.

A counter changes in a write of its own, after the document that it counts. A crash between the two
writes leaves it too low, by one commit at most. After a run that did not end cleanly, sessions of
its last hour are counted again.
"""

from collections.abc import Mapping

from pymongo import UpdateOne

from storage.base import Usage
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.parts import PART_BYTES

_COUNTED = {"log": "data", "checkpoints": "state", "versions": "content"}
"""{collection: field whose bytes are counted}. The value may be stored in parts."""

_HOUR_MS = 3_600_000


class MongoUsage:
    """The part of the RoomStore that counts; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def usage(self, user_id: str) -> Usage:
        db = self._engine.db
        picture = await db.avatars.find_one({"_id": user_id})
        counters = [
            row.get("bytes", 0)
            async for row in db.sessions.find({"owner_id": user_id}, {"bytes": 1})
        ]
        return Usage(len(counters), sum(counters) + (len(picture["data"]) if picture else 0))

    @translated
    async def count_usage(self, limit: int) -> int:
        uncounted = await at_most(self._engine.db.sessions.find({"bytes": None}, {"_id": 1}), limit)
        for row in uncounted:
            async with self._engine.locked(session=row["_id"]), self._engine.appending:
                total = await _count(self._engine, row["_id"])
                await self._engine.db.sessions.update_one(
                    {"_id": row["_id"]}, {"$set": {"bytes": total}}
                )
        return len(uncounted)


async def grow(engine: Engine, changes: Mapping[str, int]) -> None:
    """Add to the counters of sessions. A session without a counter is left to `count_usage`."""
    writes = [
        UpdateOne({"_id": session_id, "bytes": {"$exists": True}}, {"$inc": {"bytes": change}})
        for session_id, change in changes.items()
        if change
    ]
    if writes:
        await engine.db.sessions.bulk_write(writes, ordered=False)


async def size_of(engine: Engine, collection: str, query: Document) -> int:
    """Return the sum of the sizes that documents of a query have,
    for documents that are about to be removed.
    """
    return sum([row.get("size", 0) async for row in engine.db[collection].find(query, {"size": 1})])


async def forget_counters(engine: Engine) -> None:
    """Have sessions of the last hour of a run counted again, because it did not end cleanly."""
    newest = await at_most(engine.db.sessions.find({}, {"updated_at": 1}).sort("updated_at", -1), 1)
    if newest:
        recent = {"updated_at": {"$gte": newest[0]["updated_at"] - _HOUR_MS}}
        await engine.db.sessions.update_many(recent, {"$unset": {"bytes": ""}})


async def _count(engine: Engine, session_id: str) -> int:
    """Return how many bytes a session takes, and store the size in each document that has none."""
    total = 0
    for collection, field in _COUNTED.items():
        query = {"_id": session_id} if collection == "checkpoints" else {"session_id": session_id}
        async for row in engine.db[collection].find(
            {**query, "size": None}, {field: 1, "files": 1, "parts": 1}
        ):
            value = row.get(field) or row.get("files", "").encode()
            size = len(value) + PART_BYTES * len(row["parts"])
            await engine.db[collection].update_one({"_id": row["_id"]}, {"$set": {"size": size}})
        total += await size_of(engine, collection, query)
    async for row in engine.db.messages.find({"session_id": session_id}, {"text": 1}):
        total += len(row["text"].encode())
    return total
