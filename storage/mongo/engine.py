"""The connection to MongoDB, and what the parts of the store share: errors, locks, large values.

No multi-document transactions: a single node has none. Whatever takes several writes is ordered so
that a crash between two of them is harmless or is finished by the next start; within the process,
which is the only one that writes (see `lease`), locks keep two such sequences apart.
"""

import asyncio
import functools
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError
from pymongo.uri_parser import parse_uri

from storage.errors import StoreUnavailable

Document = dict[str, Any]
Database = AsyncDatabase[Document]

DEFAULT_DATABASE = "collab"
PART_BYTES = 8 << 20
"""What is larger is split: a document may have 16 MB."""

_MESSAGE_CHARACTERS = 300
_TIMEOUTS_MS = {"serverSelectionTimeoutMS": 5_000, "connectTimeoutMS": 5_000, "socketTimeoutMS": 10_000}
_INVITES_KEPT_S = 30 * 86_400


def _unique_text(field: str) -> dict[str, Any]:
    return {"unique": True, "partialFilterExpression": {field: {"$type": "string"}}}


_INDEXES: tuple[tuple[str, list[tuple[str, int]], dict[str, Any]], ...] = (
    ("users", [("email_key", ASCENDING)], _unique_text("email_key")),
    ("users", [("name_key", ASCENDING)], _unique_text("name_key")),
    ("users", [("is_guest", ASCENDING), ("active_at", ASCENDING)], {}),
    ("users", [("leaving", ASCENDING)], {"sparse": True}),
    ("refresh_tokens", [("user_id", ASCENDING)], {}),
    ("refresh_tokens", [("expires", ASCENDING)], {"expireAfterSeconds": 0}),
    ("sessions", [("owner_id", ASCENDING)], {}),
    ("members", [("session_id", ASCENDING), ("joined_at", ASCENDING)], {}),
    ("members", [("user_id", ASCENDING)], {}),
    ("invites", [("session_id", ASCENDING), ("_id", DESCENDING)], {}),
    ("invites", [("secret_hash", ASCENDING)], {"unique": True}),
    ("invites", [("expires", ASCENDING)], {"expireAfterSeconds": _INVITES_KEPT_S}),
    ("invite_uses", [("invite_id", ASCENDING), ("used_at", DESCENDING)], {}),
    ("invite_uses", [("session_id", ASCENDING)], {}),
    ("tickets", [("user_id", ASCENDING)], {}),
    ("tickets", [("expires", ASCENDING)], {"expireAfterSeconds": 0}),
    ("messages", [("session_id", ASCENDING), ("sequence", DESCENDING)], {"unique": True}),
    ("messages", [("sender_id", ASCENDING)], {}),
    ("log", [("session_id", ASCENDING), ("last", ASCENDING)], {"unique": True}),
    ("versions", [("session_id", ASCENDING), ("number", DESCENDING)], {"unique": True}),
    ("versions", [("author_id", ASCENDING)], {}),
    ("parts", [("session_id", ASCENDING)], {}),
)  # fmt: skip
"""(collection, keys, options); made at every start, which is cheap when they are there."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Engine:
    """One database. `db` is there between `open` and `close`."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._client: AsyncMongoClient[Document] | None = None
        self._database: Database | None = None
        self.appending = asyncio.Lock()
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    @property
    def db(self) -> Database:
        if self._database is None:
            raise StoreUnavailable("the store is closed")
        return self._database

    @property
    def is_open(self) -> bool:
        return self._database is not None

    async def open(self) -> None:
        """Connect and make the indexes; raises StoreUnavailable."""
        if self.is_open:
            raise StoreUnavailable("the store is open already")
        self._client = connect(self.uri)
        self._database = self._client.get_default_database(DEFAULT_DATABASE)
        try:
            await self._database.command("ping")
            await asyncio.gather(*(self.db[name].create_index(keys, **options) for name, keys, options in _INDEXES))
        except PyMongoError as error:
            await self.close()
            raise unavailable(error) from error

    async def close(self) -> None:
        """Let go of the connections; harmless when closed."""
        client, self._client, self._database = self._client, None, None
        if client:
            await client.close()

    @asynccontextmanager
    async def locked(self, *, user: str | None = None, session: str | None = None) -> AsyncIterator[None]:
        """Keep others of this process from changing a user's or a session's things; users come first."""
        async with AsyncExitStack() as stack:
            for key in (user and f"user {user}", session and f"session {session}"):
                if key:
                    await stack.enter_async_context(self._locks.setdefault(key, asyncio.Lock()))
            yield

    # -- large values -----------------------------------------------------------------------------

    async def put_large(self, session_id: str, key: str, data: bytes) -> tuple[bytes, list[str]]:
        """Return what of the data to keep inline, and the ids of the parts that were stored for the rest.

        Parts come first; the document that refers to them makes them count.
        """
        if len(data) <= PART_BYTES:
            return data, []
        parts = []
        for at in range(0, len(data), PART_BYTES):
            part = f"{key}/{at}"
            stored = {"session_id": session_id, "data": data[at : at + PART_BYTES]}
            await self.db.parts.replace_one({"_id": part}, stored, upsert=True)
            parts.append(part)
        return b"", parts

    async def large(self, inline: bytes, parts: list[str]) -> bytes:
        """Put together what `put_large` took apart."""
        if not parts:
            return bytes(inline)
        found = {one["_id"]: one["data"] async for one in self.db.parts.find({"_id": {"$in": parts}})}
        return b"".join(found.get(part, b"") for part in parts)


def connect(uri: str) -> "AsyncMongoClient[Document]":
    """Return a client whose writes are durable; raises StoreUnavailable for a URI that is none."""
    try:
        chosen = {name.lower() for name in parse_uri(uri, validate=True, warn=False)["options"]}
        options: dict[str, Any] = {name: ms for name, ms in _TIMEOUTS_MS.items() if name.lower() not in chosen}
        return AsyncMongoClient(uri, w="majority", journal=True, retryWrites=True, tz_aware=True, **options)
    except (InvalidURI, ConfigurationError, ValueError, PyMongoError) as error:
        raise StoreUnavailable(f"not a usable address: {error}") from error


async def at_most(cursor: AsyncCursor[Document], limit: int) -> list[Document]:
    """Return up to `limit` documents; to MongoDB a limit of 0 is none."""
    return await cursor.limit(limit).to_list() if limit > 0 else []


def translated(method: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Raise StoreUnavailable for whatever the driver raises that the method does not handle."""

    @functools.wraps(method)
    async def call(*arguments: _P.args, **options: _P.kwargs) -> _T:
        try:
            return await method(*arguments, **options)
        except PyMongoError as error:
            raise unavailable(error) from error

    return call


def unavailable(error: PyMongoError) -> StoreUnavailable:
    """Return what the driver said, without its description of the whole topology."""
    return StoreUnavailable(f"MongoDB: {str(error).partition(', Timeout:')[0][:_MESSAGE_CHARACTERS]}")


def date(milliseconds: int) -> datetime:
    """Return a time as MongoDB's TTL indexes want it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
