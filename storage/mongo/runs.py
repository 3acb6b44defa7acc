"""Runs of programs in MongoDB.

An unreadable run keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import asyncio
from dataclasses import replace

from pymongo.errors import DuplicateKeyError

from storage.errors import LimitReached
from storage.mongo import rows
from storage.mongo.accounts import remembered_name
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.rooms import require_session, touch
from storage.mongo.usage import grow, size_of
from storage.runs.contents import pack_report
from storage.runs.records import Run

_TRIES = 10
_SMALL = 4 << 10
"""Bytes of packed reports, all together. The event loop unpacks fewer bytes itself. A thread
unpacks more bytes, because their text may be a hundred times as long."""


class MongoRunStore:
    """The RunStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def add_run(self, run: Run, limit: int) -> Run:
        runs = self._engine.db.runs
        async with self._engine.locked(user=run.user_id, session=run.session_id):
            await require_session(self._engine, run.session_id)
            existing = await runs.find_one({"_id": rows.run_id(run.session_id, run.id)})
            stored = (
                rows.as_run(existing, with_report=True) if existing else await self._append(run)
            )
            # A repeated call does this, too: the first call may have failed before this line.
            await self._drop_up_to(run.session_id, stored.number - limit)
        await touch(self._engine, [run.session_id], run.created_at)
        return stored

    async def _append(self, run: Run) -> Run:
        name = await remembered_name(self._engine, run.user_id, run.user_name)
        for _ in range(_TRIES):
            number = await self._newest(run.session_id) + 1
            stored = replace(run, number=number, user_name=name)
            document = await asyncio.to_thread(rows.run_document, stored)
            try:
                await self._engine.db.runs.insert_one(document)
            except DuplicateKeyError:
                continue
            await grow(self._engine, {run.session_id: document["size"]})
            return stored
        raise LimitReached("too many runs at the same time")

    async def _newest(self, session_id: str) -> int:
        """Return the number of the newest run, 0 if there is none."""
        # The filter leaves out damaged documents whose `number` is not a number.
        numbered = {"session_id": session_id, "number": {"$gte": 0}}
        newest = self._engine.db.runs.find(numbered, {"number": 1}).sort("number", -1).limit(1)
        return max([int(document["number"]) async for document in newest], default=0)

    async def _drop_up_to(self, session_id: str, last: int) -> None:
        """Remove the runs up to this number, and count their bytes no more."""
        surplus: Document = {"session_id": session_id, "number": {"$lte": last}}
        size = await size_of(self._engine, "runs", surplus)
        if (await self._engine.db.runs.delete_many(surplus)).deleted_count:
            await grow(self._engine, {session_id: -size})

    @translated
    async def run(self, session_id: str, number: int) -> Run | None:
        document = await self._engine.db.runs.find_one({"session_id": session_id, "number": number})
        return (await _as_runs([document], with_reports=True))[0] if document else None

    @translated
    async def runs(
        self, session_id: str, before: int | None, limit: int, *, with_reports: bool
    ) -> list[Run]:
        query: Document = {"session_id": session_id}
        if before is not None:
            query["number"] = {"$lt": before}
        fields = None if with_reports else {"content": 0}
        documents = await at_most(
            self._engine.db.runs.find(query, fields).sort("number", -1), limit
        )
        return await _as_runs(documents, with_reports=with_reports)

    @translated
    async def redact_run(self, run: Run) -> None:
        key = {"session_id": run.session_id, "number": run.number}
        content = await asyncio.to_thread(pack_report, run.session_id, run.number, run.report)
        async with self._engine.locked(session=run.session_id):
            before = await self._engine.db.runs.find_one_and_update(
                key, {"$set": {"content": content, "size": len(content)}}, {"size": 1}
            )
            if before:
                growth = len(content) - before.get("size", 0)
                await grow(self._engine, {run.session_id: growth})


async def _as_runs(documents: list[Document], *, with_reports: bool) -> list[Run]:
    def unpacked() -> list[Run]:
        return [rows.as_run(document, with_report=with_reports) for document in documents]

    packed = [document.get("content") for document in documents]
    size = sum(len(content) for content in packed if isinstance(content, bytes))
    return unpacked() if size < _SMALL else await asyncio.to_thread(unpacked)
