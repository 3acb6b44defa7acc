"""Splits values that are too large for one MongoDB document, which may have 16 MB.

The parts are stored first, under new random ids. Then one write stores the document that lists
them. A crash between these writes leaves parts that no document lists. The next start drops them.
"""

import secrets

from storage.errors import RowDamaged
from storage.mongo.database.driver import Document
from storage.mongo.database.engine import Engine

PART_BYTES = 8 << 20


async def put(
    engine: Engine, session_id: str, collection: str, key: str, data: bytes
) -> tuple[bytes, list[str]]:
    """Store large data in parts; return (data to keep in the document, ids of the parts).

    collection, key  identify the document that is going to list the parts
    """
    if len(data) <= PART_BYTES:
        return data, []
    parts = []
    for at in range(0, len(data), PART_BYTES):
        part = secrets.token_hex(16)
        owner = {"session_id": session_id, "collection": collection, "key": key}
        await engine.db.parts.insert_one({"_id": part, **owner, "data": data[at : at + PART_BYTES]})
        parts.append(part)
    return b"", parts


async def join(engine: Engine, inline: bytes, parts: list[str]) -> bytes:
    """Return the data that was passed to `put`; raises RowDamaged if a part is missing."""
    if not parts:
        return bytes(inline)
    documents = {
        document["_id"]: document["data"]
        async for document in engine.db.parts.find({"_id": {"$in": parts}})
    }
    if missing := set(parts) - set(documents):
        raise RowDamaged(f"MongoDB: the database lacks {len(missing)} parts of a large value")
    return b"".join(documents[part] for part in parts)


async def drop(engine: Engine, parts: list[str]) -> None:
    """Delete parts by their ids."""
    if parts:
        await engine.db.parts.delete_many({"_id": {"$in": parts}})


async def drop_unused(engine: Engine) -> None:
    """Drop parts that no document lists.

    Call it only while nothing is being stored, because no document lists new parts yet.
    """
    cursor = engine.db.parts.find({}, {"data": 0})
    await drop(
        engine,
        [document["_id"] async for document in cursor if not await _is_listed(engine, document)],
    )


async def _is_listed(engine: Engine, part: Document) -> bool:
    owner = {"_id": part["key"], "parts": part["_id"]}
    return await engine.db[part["collection"]].find_one(owner, {"_id": 1}) is not None
