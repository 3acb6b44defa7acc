"""Turns documents of MongoDB into rows for `storage.copying`, and back."""

from collections.abc import Iterable
from typing import Any

from pymongo import ReplaceOne

from storage.copying import (
    Row,
    message_of,
    message_row,
    program_test_of,
    program_test_row,
    run_of,
    run_row,
    version_of,
    version_row,
)
from storage.mongo import parts
from storage.mongo import rows as documents
from storage.mongo.database.driver import Document, at_most, date, translated
from storage.mongo.database.engine import Engine
from storage.mongo.programs.program_tests import as_program_test, program_test_document
from storage.mongo.versions import contents_of, packed
from storage.names import name_key, name_skeleton
from storage.records import Role
from storage.runs.records import Runners

_ID = {
    "users": "id",
    "refresh_tokens": "id",
    "sessions": "id",
    "invites": "id",
    "avatars": "user_id",
}
"""{table: field that is stored as `_id`}.
In other tables, `_id` is not one of the row's fields."""
_DERIVED = {
    "_id",
    "name_key",
    "name_skeleton",
    "email_key",
    "expires",
    "entering",
    "parts",
    "leaving",
    "bytes",
    "size",
}
_OF_INVITES = "invite_uses"
_LARGE = {"log": "data", "checkpoints": "state"}


class MongoTableIO:
    """The `TableIO` part of the store."""

    _engine: Engine

    @translated
    async def count(self, table: str) -> int:
        return await self._engine.db[table].count_documents({})

    @translated
    async def page(self, table: str, cursor: str, limit: int) -> tuple[list[Row], str]:
        behind = {"_id": {"$gt": cursor}} if cursor else {}
        documents = await at_most(self._engine.db[table].find(behind).sort("_id", 1), limit)
        owners = await self._owners(documents) if table == "members" else {}
        rows = [await self._as_row(table, document, owners) for document in documents]
        return rows, documents[-1]["_id"] if documents else cursor

    @translated
    async def put(self, table: str, rows: Iterable[Row]) -> None:
        given = list(rows)
        invites = await self._invites_of(given) if table == _OF_INVITES else {}
        writes = []
        for row in given:
            document = await self._as_document(table, row, invites)
            writes.append(ReplaceOne({"_id": document["_id"]}, document, upsert=True))
        if writes:
            await self._engine.db[table].bulk_write(writes, ordered=False)

    @translated
    async def note(self, name: str) -> str:
        document = await self._engine.db.meta.find_one({"_id": f"note {name}"})
        return document["value"] if document else ""

    @translated
    async def set_note(self, name: str, text: str) -> None:
        meta, key = self._engine.db.meta, {"_id": f"note {name}"}
        if text:
            await meta.replace_one(key, {"value": text}, upsert=True)
        else:
            await meta.delete_one(key)

    async def _owners(self, members: list[Document]) -> dict[str, str]:
        query = {"_id": {"$in": list({document["session_id"] for document in members})}}
        return {
            document["_id"]: document["owner_id"]
            async for document in self._engine.db.sessions.find(query, {"owner_id": 1})
        }

    async def _invites_of(self, uses: list[Row]) -> dict[str, Document]:
        query = {"_id": {"$in": list({document["invite_id"] for document in uses})}}
        return {
            document["_id"]: document
            async for document in self._engine.db.invites.find(
                query, {"session_id": 1, "expires": 1}
            )
        }

    async def _as_row(self, table: str, document: Document, owners: dict[str, str]) -> Row:
        match table:
            case "versions":
                return version_row(
                    documents.as_version(document, await contents_of(self._engine, document))
                )
            case "messages":
                return message_row(documents.as_message(document))
            case "runs":
                return run_row(documents.as_run(document, with_report=True))
            case "program_tests":
                return program_test_row(as_program_test(document))
        row = {name: value for name, value in document.items() if name not in _DERIVED}
        if table in _ID:
            row[_ID[table]] = document["_id"]
        if table == "sessions":  # documents of earlier releases do not have these fields
            row.setdefault("runs", str(Runners.EDITORS))
            row.setdefault("excerpt", "")
        if table == "members" and owners.get(row["session_id"]) == row["user_id"]:
            row["role"] = str(Role.OWNER)
        if table == _OF_INVITES:
            del row["session_id"]
        if name := _LARGE.get(table):
            row[name] = await parts.join(self._engine, row[name], document["parts"])
        return row

    async def _split(
        self, table: str, key: str, session_id: str, name: str, data: bytes
    ) -> Document:
        """Store a value that may be too large for one document.

        Returns fields for the row's document: the value or the ids of its parts, and its size.
        """
        inline, listed = await parts.put(self._engine, session_id, table, key, data)
        return {name: inline, "parts": listed, "size": len(data)}

    async def _as_document(self, table: str, row: Row, invites: dict[str, Document]) -> Document:
        match table:
            case "versions":
                version = version_of(row)
                document = documents.version_document(version)
                content = await packed(version)
                return document | await self._split(
                    table, document["_id"], version.session_id, "content", content
                )
            case "messages":
                return documents.message_document(message_of(row))
            case "runs":
                return documents.run_document(run_of(row))
            case "program_tests":
                return program_test_document(program_test_of(row))
        document = {"_id": _key(table, row), **row}
        if table in _ID:
            del document[_ID[table]]
        if "expires_at" in row:
            document["expires"] = date(row["expires_at"])
        if table == "users":
            has_name = not (row["is_guest"] or row["is_deleted"])
            document["name_key"] = name_key(row["username"]) if has_name else None
            document["name_skeleton"] = name_skeleton(row["username"]) if has_name else None
            document["email_key"] = row["email"].casefold() if row["email"] else None
        if table == "members" and row["role"] == Role.OWNER:
            document["role"] = str(Role.EDITOR)
        if table == _OF_INVITES:
            invite = invites[row["invite_id"]]
            document |= {"session_id": invite["session_id"], "expires": invite["expires"]}
        if name := _LARGE.get(table):
            document |= await self._split(
                table, document["_id"], row["session_id"], name, row[name]
            )
        return document


def _key(table: str, row: Row) -> Any:  # one case for each table of a store
    match table:
        case "members":
            return documents.member_id(row["session_id"], row["user_id"])
        case "invite_uses":
            return f"{row['invite_id']}/{row['user_id']}"
        case "log":
            return documents.chunk_id(row["session_id"], row["first"])
        case "checkpoints":
            return row["session_id"]
    return row[_ID[table]]
