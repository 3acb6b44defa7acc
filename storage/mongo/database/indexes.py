"""Makes the indexes of the MongoDB store, and explains why an index cannot be made."""

import asyncio
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import OperationFailure

from storage.errors import StoreUnavailable
from storage.mongo.database.driver import Database
from storage.records import INVITES_KEPT_MS

_CLOCKS_DIFFER_S = 3_600
"""Seconds from a document's expiry until a TTL index drops it.
The clocks of two machines differ by less."""
_DUPLICATE_KEY = 11_000
_OPTIONS_DIFFER = (85, 86)
"""Codes of IndexOptionsConflict and IndexKeySpecsConflict.
They mean that another release has made an index of the same keys with other options."""


def _unique_text(field: str) -> dict[str, Any]:
    return {"unique": True, "partialFilterExpression": {field: {"$type": "string"}}}


_LONG = {"expireAfterSeconds": INVITES_KEPT_MS // 1000}
_SOON = {"expireAfterSeconds": _CLOCKS_DIFFER_S}

_INDEXES: tuple[tuple[str, list[tuple[str, int]], dict[str, Any]], ...] = (
    ("users", [("email_key", ASCENDING)], _unique_text("email_key")),
    ("users", [("name_key", ASCENDING)], _unique_text("name_key")),
    ("users", [("name_skeleton", ASCENDING)], {}),
    ("users", [("is_guest", ASCENDING), ("active_at", ASCENDING)], {}),
    ("users", [("leaving", ASCENDING)], {"sparse": True}),
    ("refresh_tokens", [("user_id", ASCENDING)], {}),
    ("refresh_tokens", [("expires", ASCENDING)], _SOON),
    ("sessions", [("owner_id", ASCENDING)], {}),
    ("members", [("session_id", ASCENDING), ("joined_at", ASCENDING)], {}),
    ("members", [("user_id", ASCENDING)], {}),
    ("invites", [("session_id", ASCENDING), ("_id", DESCENDING)], {}),
    ("invites", [("secret_hash", ASCENDING)], {"unique": True}),
    ("invites", [("expires", ASCENDING)], _LONG),
    ("invite_uses", [("invite_id", ASCENDING), ("used_at", DESCENDING)], {}),
    ("invite_uses", [("session_id", ASCENDING)], {}),
    ("invite_uses", [("expires", ASCENDING)], _LONG),
    ("tickets", [("user_id", ASCENDING)], {}),
    ("tickets", [("expires", ASCENDING)], _SOON),
    ("password_resets", [("user_id", ASCENDING)], {}),
    ("password_resets", [("expires", ASCENDING)], _SOON),
    ("messages", [("session_id", ASCENDING), ("sequence", DESCENDING)], {"unique": True}),
    ("messages", [("sender_id", ASCENDING)], {}),
    ("log", [("session_id", ASCENDING), ("last", ASCENDING)], {}),
    ("log", [("session_id", ASCENDING), ("first", ASCENDING), ("last", ASCENDING)], {}),
    ("versions", [("session_id", ASCENDING), ("number", DESCENDING)], {"unique": True}),
    ("versions", [("author_id", ASCENDING)], {}),
    ("runs", [("session_id", ASCENDING), ("number", DESCENDING)], {"unique": True}),
    ("runs", [("user_id", ASCENDING)], {}),
    ("program_tests", [("session_id", ASCENDING), ("position", ASCENDING)], {}),
    ("parts", [("session_id", ASCENDING)], {}),
)  # fmt: skip
"""(collection, keys, options). Each start asks for all indexes.
For an index that exists, the request costs little."""


async def make_indexes(db: Database) -> None:
    """Make the missing indexes, and replace indexes that have other options.

    Raises StoreUnavailable if existing documents violate a unique index,
    and OperationFailure for other failures.
    """
    names = dict.fromkeys(name for name, _, _ in _INDEXES)
    # All end before an error is raised. Otherwise the rest would make indexes after the store is
    # closed, in a database that may have been dropped meanwhile.
    ended = await asyncio.gather(
        *(_make_indexes_of(db, name) for name in names), return_exceptions=True
    )
    for error in ended:
        if error:
            raise error


async def _make_indexes_of(db: Database, collection: str) -> None:
    indexes = [(keys, options) for name, keys, options in _INDEXES if name == collection]
    try:
        await db[collection].create_indexes(
            [IndexModel(keys, **options) for keys, options in indexes]
        )
    except OperationFailure as error:
        if error.code == _DUPLICATE_KEY:
            await look_for_duplicates(db)
        if error.code not in _OPTIONS_DIFFER:
            raise
        for keys, options in indexes:
            await _make_index(db, collection, keys, options)


async def _make_index(
    db: Database, name: str, keys: list[tuple[str, int]], options: dict[str, Any]
) -> None:
    try:
        await db[name].create_index(keys, **options)
    except OperationFailure as error:
        if error.code not in _OPTIONS_DIFFER:
            raise
        await db[name].drop_index(keys)
        await db[name].create_index(keys, **options)


async def look_for_duplicates(db: Database) -> None:
    """Raise StoreUnavailable if documents with equal keys prevent a missing unique index."""
    for collection, keys, options in _INDEXES:
        if not options.get("unique"):
            continue
        existing = [index async for index in await db[collection].list_indexes()]
        if any(index.get("unique") and list(index["key"].items()) == keys for index in existing):
            continue
        fields = [field for field, _ in keys]
        groups = await db[collection].aggregate(
            [
                {"$match": options.get("partialFilterExpression", {})},
                {"$group": {"_id": {field: f"${field}" for field in fields}, "count": {"$sum": 1}}},
                {"$match": {"count": {"$gt": 1}}},
                {"$limit": 1},
            ]
        )
        if await groups.to_list():
            raise StoreUnavailable(
                f"MongoDB: {collection} has several documents with the same {' and '.join(fields)},"
                " of which there may be one only: remove the others"
            )
