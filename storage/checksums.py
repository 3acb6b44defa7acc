"""Checksums of rows that hold text, so that a disk's mistake is never shown as what somebody wrote.

The log and checkpoints have their own (`crdt.log.codec`). A version has two: one of its description, and one in the
value that has its texts, so that lists need not read those. Names of people are in neither, for they are taken out when
an account ends. A row that fails is marked as damaged and keeps its place in lists; nothing of it is shown.

See docs/design/storage.md.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from storage.mending import is_sound, readable
from storage.records import Message, Version, VersionKind

DAMAGED = -1
"""A checksum that no row has: given to rows that were damaged before they were copied or packed."""

_PACKED = 1
_CHECKSUM_BYTES = 4
_LEVEL = 6
"""Of zlib: 9 takes twice as long for 1 % less of source code."""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, zlib.error)
"""What is raised where a value does not have the form in which it was written."""


def version_checksum(version: Version) -> int:
    """Return the checksum of a version's description; each has an author, but for one that is damaged itself."""
    if version.is_damaged and not version.author_id:
        return DAMAGED
    described = (version.session_id, version.number, version.sequence, version.main_root, version.label,
                 str(version.kind), version.author_id, version.contributors, version.created_at)  # fmt: skip
    return _checksum(described)


def message_checksum(message: Message) -> int:
    """Return the checksum of a chat message."""
    if message.is_damaged:
        return DAMAGED
    return _checksum((message.session_id, message.sequence, message.id, message.sender_id, message.text,
                      message.created_at))  # fmt: skip


def pack_contents(version: Version) -> bytes:
    """Return a version's texts and documents as one value; of a damaged one what stays damaged."""
    if version.files is None:
        return b""
    contents = json.dumps([dict(version.files), dict(version.documents)], ensure_ascii=False)
    body = bytes((_PACKED,)) + zlib.compress(contents.encode("utf-8", "surrogatepass"), _LEVEL)
    return body + _crc(version.session_id, version.number, body).to_bytes(_CHECKSUM_BYTES, "little")


def unpack_contents(session_id: str, number: int, data: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """Return (texts, documents); raises ValueError if they are not what was packed for this version.

    Earlier releases wrote JSON without a checksum: {root: text}, or [{root: text}, {root: document}].
    """
    if data[:1] in (b"{", b"["):
        contents = json.loads(data)
        files, documents = contents if isinstance(contents, list) else (contents, {})
        return dict(files), dict(documents)
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not body or _crc(session_id, number, body).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
        raise ValueError("the checksum of a version's texts does not fit")
    files, documents = json.loads(zlib.decompress(body[1:]).decode("utf-8", "surrogatepass"))
    return files, documents


def checked_version(
    session_id: str, number: int, checksum: int | None, describe: Callable[[], Version], contents: bytes | None
) -> Version:
    """Return a version as it was stored, or marked as damaged.

    describe  makes it of the row, without texts; may raise whatever a malformed value causes
    contents  None where they were not asked for
    """
    try:
        version = describe()
        if not (is_sound(version) if checksum is None else checksum == version_checksum(version)):
            return damaged_version(session_id, number)
        version = replace(version, author_name=readable(version.author_name))
    except _UNREADABLE:
        return damaged_version(session_id, number)
    if contents is None:
        return version
    try:
        files, documents = unpack_contents(session_id, number, contents)
    except _UNREADABLE:
        return replace(version, files=None, documents={}, is_damaged=True)
    return replace(version, files=files, documents=documents)


def damaged_version(session_id: str, number: int) -> Version:
    """Return what is known of a version whose row cannot be read."""
    return Version(session_id, number, 0, None, "", "", VersionKind.AUTO, "", "", (), 0, is_damaged=True)


def checked_message(session_id: str, sequence: int, row: Mapping[str, Any], checksum: int | None) -> Message:
    """Return a chat message as it was stored, or marked as damaged."""
    try:
        names = ("id", "sender_id", "sender_name", "text", "created_at")
        message = Message(session_id, sequence, **{name: row[name] for name in names})
        is_same = is_sound(message) if checksum is None else checksum == message_checksum(message)
        if not is_same:
            return damaged_message(session_id, sequence)
        return replace(message, sender_name=readable(message.sender_name))
    except _UNREADABLE:
        return damaged_message(session_id, sequence)


def damaged_message(session_id: str, sequence: int) -> Message:
    """Return what is known of a chat message whose row cannot be read."""
    return Message(session_id, sequence, f"damaged-{sequence}", "", "", "", 0, is_damaged=True)


def _checksum(values: tuple[Any, ...]) -> int:
    return zlib.crc32(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _crc(session_id: str, number: int, body: bytes) -> int:
    """Which row it is counts too: a page that was written to another place has a checksum that fits."""
    return zlib.crc32(body, zlib.crc32(f"{session_id}/{number}".encode()))
