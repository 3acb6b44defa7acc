"""Tests of programs in MongoDB.

An unreadable test keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import asyncio
from collections.abc import Mapping

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from storage.errors import NotFound
from storage.mongo.database.driver import Document, translated
from storage.mongo.database.engine import Engine
from storage.mongo.rooms import require_session
from storage.mongo.usage import grow
from storage.program_tests.contents import as_test, pack_test
from storage.program_tests.records import ProgramTest


class MongoProgramTestStore:
    """The ProgramTestStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def add_program_test(self, test: ProgramTest) -> None:
        tests = self._engine.db.program_tests
        document = await asyncio.to_thread(program_test_document, test)
        async with self._engine.locked(session=test.session_id):
            await require_session(self._engine, test.session_id)
            in_session = {"session_id": test.session_id}
            last = await tests.find_one(in_session, {"position": 1}, sort=[("position", -1)])
            position = int(last["position"]) + 1 if last else 1
            try:
                await tests.insert_one({**document, "position": position})
            except DuplicateKeyError:
                return
            await grow(self._engine, {test.session_id: document["size"]})

    @translated
    async def program_tests(
        self, session_id: str, *, with_hidden: bool = True
    ) -> list[ProgramTest]:
        order = [("position", 1), ("_id", 1)]
        flags = {} if with_hidden else {"is_hidden": False}
        wanted = {"session_id": session_id, **flags}
        cursor = self._engine.db.program_tests.find(wanted).sort(order)
        documents = [document async for document in cursor]
        return await asyncio.to_thread(lambda: [as_program_test(row) for row in documents])

    @translated
    async def change_program_test(self, test: ProgramTest) -> None:
        document = await asyncio.to_thread(program_test_document, test)
        changes = {name: document[name] for name in ("is_hidden", "content", "size")}
        async with self._engine.locked(session=test.session_id):
            before = await self._engine.db.program_tests.find_one_and_update(
                {"_id": document["_id"]}, {"$set": changes}, {"size": 1}
            )
            if before is None:
                raise NotFound("test")
            await grow(
                self._engine, {test.session_id: document["size"] - int(before.get("size", 0))}
            )

    @translated
    async def delete_program_test(self, session_id: str, test_id: str) -> None:
        async with self._engine.locked(session=session_id):
            before = await self._engine.db.program_tests.find_one_and_delete(
                {"_id": program_test_id(session_id, test_id)}, {"size": 1}
            )
            if before:
                await grow(self._engine, {session_id: -int(before.get("size", 0))})

    @translated
    async def order_program_tests(self, session_id: str, positions: Mapping[str, int]) -> None:
        writes = [
            UpdateOne(
                {"_id": program_test_id(session_id, test_id)}, {"$set": {"position": position}}
            )
            for test_id, position in positions.items()
        ]
        if writes:
            await self._engine.db.program_tests.bulk_write(writes, ordered=False)


def program_test_id(session_id: str, test_id: str) -> str:
    """Return the `_id` of a test."""
    return f"{session_id}/{test_id}"


def program_test_document(test: ProgramTest) -> Document:
    """Return the document of a test."""
    content = pack_test(test)
    return {
        "_id": program_test_id(test.session_id, test.id),
        "session_id": test.session_id,
        "id": test.id,
        "position": test.position,
        "is_hidden": test.is_hidden,
        "created_at": test.created_at,
        "content": content,
        "size": len(content),
    }


def as_program_test(document: Document) -> ProgramTest:
    """Return the test of a document."""
    return as_test(document, str(document["_id"]).rpartition("/")[2])
