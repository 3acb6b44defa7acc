"""Tests of documents that a unique index forbids.

Both `look`, which runs before a start, and `open` report them in the same words.
"""

import pytest
from pymongo import AsyncMongoClient

from storage.errors import StoreUnavailable
from storage.mongo.database.driver import Document
from storage.mongo.store import MongoStore
from tests import mongod


@pytest.mark.parametrize(
    ("collection", "fields", "named"),
    [
        (
            "users",
            {"email_key": "ada@example.org"},
            "users has several documents with the same email_key",
        ),
        ("users", {"name_key": "ada"}, "users has several documents with the same name_key"),
        (
            "invites",
            {"secret_hash": "x"},
            "invites has several documents with the same secret_hash",
        ),
        ("messages", {"session_id": "s", "sequence": 1}, "with the same session_id and sequence"),
        ("versions", {"session_id": "s", "number": 1}, "with the same session_id and number"),
        ("invites", {}, "invites has several documents with the same secret_hash"),
    ],
)
async def test_duplicate_documents_are_named_without_their_content(
    mongo_uri: str, collection: str, fields: Document, named: str
) -> None:
    """`look` and `open` raise one message with the collection and the fields, but no values."""
    async with mongod.database(mongo_uri) as name, AsyncMongoClient[Document](mongo_uri) as client:
        await client[name][collection].insert_many([{"_id": "1", **fields}, {"_id": "2", **fields}])
        said = []
        for call in (MongoStore(mongo_uri + name).look, MongoStore(mongo_uri + name).open):
            with pytest.raises(StoreUnavailable) as caught:
                await call()
            said.append(str(caught.value))

    assert said[0] == said[1]
    assert named in said[0]
    assert "ada" not in said[0]


@pytest.mark.parametrize("documents", [[{"_id": "lease", "until": 5}], [{"_id": "lease"}]])
async def test_collection_meta_of_another_program_is_refused(
    mongo_uri: str, documents: list[Document]
) -> None:
    """A collection `meta` that this server did not make is refused."""
    async with mongod.database(mongo_uri) as name, AsyncMongoClient[Document](mongo_uri) as client:
        await client[name].meta.insert_many(documents)
        for call in (MongoStore(mongo_uri + name).look, MongoStore(mongo_uri + name).open):
            with pytest.raises(StoreUnavailable, match="`meta` belongs to another program"):
                await call()


async def test_look_finds_no_fault_and_makes_nothing_in_a_usable_database(mongo_uri: str) -> None:
    """`look` finds an empty or a used database usable, and an empty database stays empty."""
    async with mongod.database(mongo_uri) as name, AsyncMongoClient[Document](mongo_uri) as client:
        store = MongoStore(mongo_uri + name)
        assert await store.look() == ""
        assert await client[name].list_collection_names() == []
        await store.open()
        await store.close(is_clean=True)

        assert await store.look() == ""
