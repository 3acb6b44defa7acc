"""Chat messages in SQLite.

An unreadable message keeps its place in lists and is marked as damaged (`storage.checksums`).
"""

import sqlite3
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from storage.checksums import checked_message, damaged_message, message_checksum
from storage.errors import NotFound
from storage.mending import restored
from storage.records import Member, Message
from storage.sqlite.accounts import remembered_name
from storage.sqlite.engine import Engine
from storage.sqlite.files.damage import is_malformed
from storage.sqlite.rooms import existing_session, touch

_NUMBERS = "messages INDEXED BY messages_by_id"
"""SQL that forces the use of an index, which has the numbers even of unreadable messages."""

_MESSAGES_A_VERSION = 100
"""How many messages can get a checksum in the time that the checksum of one version takes."""


class SqliteMessageStore:
    """The part of the SessionStore that keeps the chat; `storage.base` documents its methods."""

    _engine: Engine

    async def add_message(self, message: Message) -> Message:
        def work(db: sqlite3.Connection) -> Message:
            existing_session(db, message.session_id)
            existing = db.execute(
                "SELECT * FROM messages WHERE session_id = ? AND id = ?",
                (message.session_id, message.id),
            ).fetchone()
            if existing:
                return as_message(existing)
            stored = replace(
                message,
                sequence=newest_message(db, message.session_id) + 1,
                sender_name=remembered_name(db, message.sender_id, message.sender_name),
            )
            db.execute(
                "INSERT INTO messages (session_id, sequence, id, sender_id, sender_name, text, "
                "created_at, checksum)"
                " VALUES (:session_id, :sequence, :id, :sender_id, :sender_name, :text, "
                ":created_at, :checksum)",
                message_columns(stored),
            )
            touch(db, message.session_id, message.created_at)
            _note_read(db, message.session_id, message.sender_id, stored.sequence)
            return stored

        return await self._engine.write(work)

    async def read_messages(self, session_id: str, user_id: str, up_to: int | None) -> int:
        def work(db: sqlite3.Connection) -> int:
            newest = newest_message(db, session_id)
            _note_read(db, session_id, user_id, newest if up_to is None else min(up_to, newest))
            member = member_of(db, session_id, user_id)
            if member is None or member.is_removed:
                raise NotFound("member")
            return newest - member.read_sequence

        return await self._engine.write(work)

    async def messages(self, session_id: str, before: int | None, limit: int) -> list[Message]:
        def work(db: sqlite3.Connection) -> list[Message]:
            page = (session_id, 1 << 62 if before is None else before, limit)
            where = (
                "FROM messages WHERE session_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"
            )
            with suppress(sqlite3.DatabaseError):
                return [
                    as_message(row) for row in db.execute(f"SELECT * {where}", page).fetchall()
                ][::-1]
            numbers = db.execute(
                f"SELECT sequence {where.replace('messages', _NUMBERS)}", page
            ).fetchall()
            return [_message(db, session_id, row["sequence"]) for row in numbers][::-1]

        return await self._engine.read(work)


def newest_message(db: sqlite3.Connection, session_id: str) -> int:
    """Return the number of the newest chat message, 0 if there is none."""
    row = db.execute(
        "SELECT coalesce(max(sequence), 0) FROM messages WHERE session_id = ?", (session_id,)
    ).fetchone()
    return int(row[0])


def as_message(row: sqlite3.Row) -> Message:
    """Return the chat message of a row."""
    return checked_message(row["session_id"], row["sequence"], dict(row), row["checksum"])


def _message(db: sqlite3.Connection, session_id: str, sequence: int) -> Message:
    """Return the chat message with this number, marked as damaged if its row cannot be read."""
    try:
        row = db.execute(
            "SELECT * FROM messages WHERE session_id = ? AND sequence = ?", (session_id, sequence)
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if is_malformed(error):
            return damaged_message(session_id, sequence)
        raise
    return as_message(row) if row else damaged_message(session_id, sequence)


def message_columns(message: Message) -> dict[str, Any]:
    """Return the columns of a chat message's row."""
    columns = asdict(message)
    del columns["is_damaged"]
    return {**columns, "checksum": message_checksum(message)}


def unsealed_messages(db: sqlite3.Connection, limit: int) -> list[Message]:
    """Return chat messages that an earlier release stored without a checksum.

    limit  returns at most 100 * limit messages, which take as long to seal as `limit` versions

    Returns no message if one of them is on a malformed page.
    """
    query = "SELECT * FROM messages WHERE checksum IS NULL LIMIT ?"
    try:
        return [
            as_message(row) for row in db.execute(query, (limit * _MESSAGES_A_VERSION,)).fetchall()
        ]
    except sqlite3.DatabaseError as error:
        if is_malformed(error):
            return []
        raise


def seal_messages(db: sqlite3.Connection, messages: list[Message]) -> int:
    """Add checksums to chat messages of earlier releases; return how many."""
    for message in messages:
        db.execute(
            "UPDATE messages SET checksum = ? WHERE session_id = ? AND sequence = ?",
            (message_checksum(message), message.session_id, message.sequence),
        )
    return len(messages)


def _note_read(db: sqlite3.Connection, session_id: str, user_id: str, up_to: int) -> None:
    db.execute(
        "UPDATE members SET read_sequence = max(read_sequence, ?) WHERE session_id = ? AND user_id "
        "= ?",
        (up_to, session_id, user_id),
    )


def member_of(db: sqlite3.Connection, session_id: str, user_id: str) -> Member | None:
    """Return the membership of a user, None if there is none."""
    row = db.execute(
        "SELECT * FROM members WHERE session_id = ? AND user_id = ?", (session_id, user_id)
    ).fetchone()
    return as_member(row) if row else None


def as_member(row: sqlite3.Row) -> Member:
    """Return the member of a row."""
    return restored(Member, dict(row))
