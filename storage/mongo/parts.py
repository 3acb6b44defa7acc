"""Values that a document cannot hold: it may have 16 MB.

Parts are stored first, under names that nobody else uses; the document that lists them makes them
count. What a crash leaves without such a document is dropped by the next start.
"""

import secrets

from storage.errors import RowDamaged
from storage.mongo.database.driver import Document
from storage.mongo.database.engine import Engine

PART_BYTES = 8 << 20


async def put(engine: Engine, session_id: str, collection: str, key: str, data: bytes) -> tuple[bytes, list[str]]:
    """Return what of the data to keep inline, and the ids of the parts that were stored for the rest.

    collection, key  of the document that is going to list them
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
    """Put together what `put` took apart; raises RowDamaged if a part is missing."""
    if not parts:
        return bytes(inline)
    documents = {document["_id"]: document["data"] async for document in engine.db.parts.find({"_id": {"$in": parts}})}
    if missing := set(parts) - set(documents):
        raise RowDamaged(f"MongoDB: the database lacks {len(missing)} parts of a large value")
    return b"".join(documents[part] for part in parts)


async def drop(engine: Engine, parts: list[str]) -> None:
    """Delete parts by their ids."""
    if parts:
        await engine.db.parts.delete_many({"_id": {"$in": parts}})


async def drop_unused(engine: Engine) -> None:
    """Drop parts that no document lists; only while nothing is being stored."""
    cursor = engine.db.parts.find({}, {"data": 0})
    await drop(engine, [document["_id"] async for document in cursor if not await _is_listed(engine, document)])


async def _is_listed(engine: Engine, part: Document) -> bool:
    owner = {"_id": part["key"], "parts": part["_id"]}
    return await engine.db[part["collection"]].find_one(owner, {"_id": 1}) is not None
