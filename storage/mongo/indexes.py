"""The indexes of the database, made at every start, which is cheap when they are there."""

import asyncio
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import OperationFailure

from storage.mongo.driver import Database
from storage.records import INVITES_KEPT_MS

_CLOCKS_DIFFER_S = 3_600
"""What has expired is not used any more; it is dropped when it has by any clock."""
_OPTIONS_DIFFER = (85, 86)
"""IndexOptionsConflict and IndexKeySpecsConflict: there is one of these keys, made by another release."""


def _unique_text(field: str) -> dict[str, Any]:
    return {"unique": True, "partialFilterExpression": {field: {"$type": "string"}}}


_LONG = {"expireAfterSeconds": INVITES_KEPT_MS // 1000}
_SOON = {"expireAfterSeconds": _CLOCKS_DIFFER_S}

_INDEXES: tuple[tuple[str, list[tuple[str, int]], dict[str, Any]], ...] = (
    ("users", [("email_key", ASCENDING)], _unique_text("email_key")),
    ("users", [("name_key", ASCENDING)], _unique_text("name_key")),
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
    ("messages", [("session_id", ASCENDING), ("sequence", DESCENDING)], {"unique": True}),
    ("messages", [("sender_id", ASCENDING)], {}),
    ("log", [("session_id", ASCENDING), ("last", ASCENDING)], {}),
    ("log", [("session_id", ASCENDING), ("first", ASCENDING), ("last", ASCENDING)], {}),
    ("versions", [("session_id", ASCENDING), ("number", DESCENDING)], {"unique": True}),
    ("versions", [("author_id", ASCENDING)], {}),
    ("parts", [("session_id", ASCENDING)], {}),
)  # fmt: skip
"""(collection, keys, options)."""


async def make(db: Database) -> None:
    """Make those that are not there, and anew those that have other options."""
    await asyncio.gather(*(_make_all(db, name) for name in dict.fromkeys(name for name, _, _ in _INDEXES)))


async def _make_all(db: Database, collection: str) -> None:
    wanted = [(keys, options) for name, keys, options in _INDEXES if name == collection]
    try:
        await db[collection].create_indexes([IndexModel(keys, **options) for keys, options in wanted])
    except OperationFailure as error:
        if error.code not in _OPTIONS_DIFFER:
            raise
        for keys, options in wanted:
            await _make(db, collection, keys, options)


async def _make(db: Database, name: str, keys: list[tuple[str, int]], options: dict[str, Any]) -> None:
    try:
        await db[name].create_index(keys, **options)
    except OperationFailure as error:
        if error.code not in _OPTIONS_DIFFER:
            raise
        await db[name].drop_index(keys)
        await db[name].create_index(keys, **options)
