"""Connects the MongoDB driver, and turns its errors into the errors of a store."""

import functools
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from bson.errors import BSONError
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri

from storage.errors import StoreUnavailable

Document = dict[str, Any]
Database = AsyncDatabase[Document]
Client = AsyncMongoClient[Document]

DEFAULT_DATABASE = "collab"

_MESSAGE_CHARACTERS = 300
_TIMEOUTS_MS = {
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 10_000,
}

FAILURES = (PyMongoError, BSONError, OverflowError)
"""Errors that the driver raises. The last two are about documents that it cannot encode."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


def connect(uri: str) -> Client:
    """Return a client for a URI.

    Raises StoreUnavailable if the URI is invalid or names a file that does not exist.
    """
    try:
        chosen = {name.lower() for name in parse_uri(uri, validate=True, warn=False)["options"]}
        options: dict[str, Any] = {
            name: ms for name, ms in _TIMEOUTS_MS.items() if name.lower() not in chosen
        }
        return AsyncMongoClient(uri, retryWrites=True, tz_aware=True, **options)
    except (InvalidURI, ConfigurationError, ValueError, OSError, PyMongoError) as error:
        raise StoreUnavailable(f"not a usable address: {error}") from error


def database_of(client: Client) -> Database:
    """Return the database that the URI names.

    Writes wait until a majority has them on disk, and reads go to the primary.
    The URI cannot change this.
    """
    return client.get_default_database(
        DEFAULT_DATABASE,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("local"),
        write_concern=WriteConcern("majority", j=True),
    )


async def at_most(cursor: AsyncCursor[Document], limit: int) -> list[Document]:
    """Return up to `limit` documents.

    For MongoDB, a limit of 0 means no limit, so 0 is not passed on.
    """
    return await cursor.limit(limit).to_list() if limit > 0 else []


def translated(
    method: Callable[_P, Coroutine[Any, Any, _T]],
) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Wrap a method, so that errors of the driver become StoreUnavailable."""

    @functools.wraps(method)
    async def call(*arguments: _P.args, **options: _P.kwargs) -> _T:
        try:
            return await method(*arguments, **options)
        except FAILURES as error:
            raise unavailable(error) from error

    return call


def unavailable(error: Exception) -> StoreUnavailable:
    """Return an error's message as StoreUnavailable, without its description of the topology."""
    return StoreUnavailable(
        f"MongoDB: {str(error).partition(', Timeout:')[0][:_MESSAGE_CHARACTERS]}"
    )


def date(milliseconds: int) -> datetime:
    """Return a time as a date, because MongoDB's TTL indexes need dates."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
