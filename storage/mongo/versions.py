"""Versions in MongoDB.

An unreadable version keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import asyncio
from dataclasses import replace

from pymongo.errors import DuplicateKeyError

from storage.checksums import DAMAGED, message_checksum, pack_contents, version_checksum
from storage.errors import LimitReached, RowDamaged
from storage.mongo import parts, rows
from storage.mongo.accounts import remembered_name
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.rooms import require_session, touch
from storage.mongo.usage import grow
from storage.records import Version, VersionKind
from storage.version_retention import surplus

_TRIES = 10
_SMALL = 64 << 10
"""Largest value in bytes that is packed or unpacked on the event loop. It takes 1 to 2 ms."""

_MESSAGES_A_VERSION = 100
"""How many messages get their checksums in the time that one version needs."""

_SEALED = "versions and messages have checksums"
"""Name of a note. It is stored when all documents of earlier releases have checksums."""


class MongoVersionStore:
    """The part of the RoomStore that keeps versions; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def add_version(
        self, version: Version, limit: int, auto_limit: int | None = None
    ) -> tuple[Version, bool]:
        async with self._engine.locked(user=version.author_id, session=version.session_id):
            await require_session(self._engine, version.session_id)
            name = await remembered_name(self._engine, version.author_id, version.author_name)
            for _ in range(_TRIES):
                newest = await _newest(self._engine, version.session_id)
                if newest and newest.covers(version):
                    # A crash may have come before this. A write also confirms what was found.
                    await _set_excerpt(self._engine, newest)
                    return newest, False
                number = newest.number + 1 if newest else 1
                counts = await self._counts(version.session_id)
                too_many = surplus(*counts, version.kind, limit, auto_limit)
                stored = replace(version, number=number, author_name=name)
                try:
                    await insert_version(self._engine, stored)
                except DuplicateKeyError:
                    continue
                dropped = await self._drop_versions(version.session_id, too_many)
                await grow(self._engine, {version.session_id: len(await packed(stored)) - dropped})
                await _set_excerpt(self._engine, stored)
                await touch(self._engine, [version.session_id], version.created_at)
                return stored, True
        raise LimitReached("too many versions at the same time")

    @translated
    async def redact_version(self, version: Version) -> None:
        key = rows.version_id(version.session_id, version.number)
        async with self._engine.locked(session=version.session_id):
            before = await self._engine.db.versions.find_one({"_id": key}, {"parts": 1, "size": 1})
            if before:
                # The excerpt is first: after a crash, the redaction is repeated.
                await _keep_excerpt(self._engine, version)
                await self._replace_contents(version, before, {"content": await packed(version)})

    async def _replace_contents(
        self, version: Version, before: Document, changed: Document
    ) -> None:
        """Replace the contents of a version's document.

        before  the present document, whose parts are dropped
        """
        # The new parts are stored first, then the document that lists them. Only then the old
        # parts are dropped. So after a crash at any point, the document has all its parts.
        key = before["_id"]
        content, listed = await parts.put(
            self._engine, version.session_id, "versions", key, changed["content"]
        )
        size = len(changed["content"])
        changes = {**changed, "content": content, "parts": listed, "size": size}
        await self._engine.db.versions.update_one(
            {"_id": key}, {"$set": changes, "$unset": {"files": ""}}
        )
        await parts.drop(self._engine, before["parts"])
        await grow(self._engine, {version.session_id: size - before.get("size", 0)})

    @translated
    async def count_versions(self, session_id: str) -> tuple[int, int]:
        return await self._counts(session_id)

    @translated
    async def seal_rows(self, limit: int) -> int:
        db = self._engine.db
        if await db.meta.find_one({"_id": _SEALED}):
            return 0
        older = {"checksum": None}
        sealed = 0
        for version in await at_most(db.versions.find(older, {"session_id": 1}), limit):
            sealed += await self._seal_version(version["_id"], version["session_id"])
        for document in await at_most(
            db.messages.find(older), 0 if sealed else limit * _MESSAGES_A_VERSION
        ):
            checksum = message_checksum(rows.as_message(document))
            sealed += (
                await db.messages.update_one(
                    {"_id": document["_id"]}, {"$set": {"checksum": checksum}}
                )
            ).matched_count
        if not sealed:
            await db.meta.replace_one({"_id": _SEALED}, {"value": ""}, upsert=True)
        return sealed

    async def _seal_version(self, key: str, session_id: str) -> int:
        async with self._engine.locked(session=session_id):
            document = await self._engine.db.versions.find_one({"_id": key, "checksum": None})
            if document is None:
                return 1
            version = await _as_version(self._engine, document)
            if version.is_damaged:
                await self._engine.db.versions.update_one(
                    {"_id": key}, {"$set": {"checksum": DAMAGED}}
                )
                return 1
            changed = {"checksum": version_checksum(version), "content": await packed(version)}
            await self._replace_contents(version, document, changed)
        return 1

    async def _counts(self, session_id: str) -> tuple[int, int]:
        versions = self._engine.db.versions
        automatic = {"session_id": session_id, "kind": str(VersionKind.AUTO)}
        return await versions.count_documents(
            {"session_id": session_id}
        ), await versions.count_documents(automatic)

    async def _drop_versions(self, session_id: str, count: int) -> int:
        """Remove the oldest automatic versions; return how many bytes they took.

        The caller has stored the new version before.
        """
        if not count:
            return 0
        automatic = {"session_id": session_id, "kind": str(VersionKind.AUTO)}
        versions = self._engine.db.versions
        oldest = [
            document
            async for document in versions.find(automatic, {"parts": 1, "size": 1})
            .sort("number", 1)
            .limit(count)
        ]
        await versions.delete_many({"_id": {"$in": [document["_id"] for document in oldest]}})
        await parts.drop(self._engine, [part for document in oldest for part in document["parts"]])
        return sum(document.get("size", 0) for document in oldest)

    @translated
    async def newest_version(self, session_id: str) -> Version | None:
        return await _newest(self._engine, session_id)

    @translated
    async def version(self, session_id: str, number: int) -> Version | None:
        document = await self._engine.db.versions.find_one(
            {"_id": rows.version_id(session_id, number)}
        )
        return await _as_version(self._engine, document) if document else None

    @translated
    async def versions(
        self, session_id: str, before: int | None, limit: int, *, with_files: bool
    ) -> list[Version]:
        query: Document = {"session_id": session_id}
        if before is not None:
            query["number"] = {"$lt": before}
        fields = None if with_files else {"content": 0, "files": 0, "parts": 0}
        documents = await at_most(
            self._engine.db.versions.find(query, fields).sort("number", -1), limit
        )
        if not with_files:
            return [rows.as_version(document, None) for document in documents]
        return [await _as_version(self._engine, document) for document in documents]


async def insert_version(engine: Engine, version: Version) -> None:
    """Store a version under its own number; raises DuplicateKeyError if the number is in use."""
    document = rows.version_document(version)
    key, data = document["_id"], await packed(version)
    content, listed = await parts.put(engine, version.session_id, "versions", key, data)
    try:
        await engine.db.versions.insert_one(
            {**document, "content": content, "parts": listed, "size": len(data)}
        )
    except DuplicateKeyError:
        await parts.drop(engine, listed)
        raise


async def _set_excerpt(engine: Engine, version: Version) -> None:
    await engine.db.sessions.update_one(
        {"_id": version.session_id},
        {"$set": {"excerpt": version.excerpt()}},
    )


async def _keep_excerpt(engine: Engine, version: Version) -> None:
    """Keep the last lines of the newest version, which may be this one. The session is locked.

    A crash after a version was stored leaves the lines of the version before. So a redaction of any
    version sets them again.
    """
    newest = await _newest(engine, version.session_id)
    if newest is None or newest.number <= version.number:
        newest = version
    await _set_excerpt(engine, newest)


async def packed(version: Version) -> bytes:
    """Return a version's contents as one value; large contents are packed in a thread."""
    if sum(map(len, (version.files or {}).values())) < _SMALL and not version.documents:
        return pack_contents(version)
    return await asyncio.to_thread(pack_contents, version)


async def _as_version(engine: Engine, document: Document) -> Version:
    contents = await contents_of(engine, document)
    if len(contents) < _SMALL:
        return rows.as_version(document, contents)
    return await asyncio.to_thread(rows.as_version, document, contents)


async def contents_of(engine: Engine, document: Document) -> bytes:
    """Return the packed contents of a version's document, b"" if parts are missing.

    The document may come from an earlier release.
    """
    try:
        inline = document["content"] if "content" in document else document["files"].encode()
        return await parts.join(engine, inline, document["parts"])
    except (RowDamaged, KeyError, TypeError, AttributeError):
        return b""


async def _newest(engine: Engine, session_id: str) -> Version | None:
    newest = engine.db.versions.find({"session_id": session_id}).sort("number", -1).limit(1)
    documents = [await _as_version(engine, document) async for document in newest]
    return documents[0] if documents else None
