"""Counts how many bytes each session takes in MongoDB.

Each session has a counter, and each counted document has its size. The counter changes in a
separate write after the document's write. After a crash between these two writes, the counter is
too low by at most one commit. So after a run that did not end cleanly, the sessions of its last
hour are counted again.
"""

from collections.abc import Mapping

from pymongo import UpdateOne

from storage.base import Usage
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.parts import PART_BYTES

_COUNTED = {
    "log": "data",
    "checkpoints": "state",
    "versions": "content",
    "runs": "content",
    "program_tests": "content",
}
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
    """Add to the counters of sessions. For a session without a counter, `count_usage` makes one."""
    writes = [
        UpdateOne({"_id": session_id, "bytes": {"$exists": True}}, {"$inc": {"bytes": change}})
        for session_id, change in changes.items()
        if change
    ]
    if writes:
        await engine.db.sessions.bulk_write(writes, ordered=False)


async def size_of(engine: Engine, collection: str, query: Document) -> int:
    """Return the sum of the sizes of a query's documents, before the caller removes them."""
    return sum([row.get("size", 0) async for row in engine.db[collection].find(query, {"size": 1})])


async def forget_counters(engine: Engine) -> None:
    """Remove the counters of sessions that changed in the last run's last hour.

    Call it if that run did not end cleanly. `count_usage` then counts these sessions again.
    """
    newest = await at_most(engine.db.sessions.find({}, {"updated_at": 1}).sort("updated_at", -1), 1)
    if newest:
        recent = {"updated_at": {"$gte": newest[0]["updated_at"] - _HOUR_MS}}
        await engine.db.sessions.update_many(recent, {"$unset": {"bytes": ""}})


async def _count(engine: Engine, session_id: str) -> int:
    """Return how many bytes a session takes; adds the size to each document that lacks it."""
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
