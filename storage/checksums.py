"""Checksums of rows that hold text, so that an error of the disk is never shown as a user's text.

The log and checkpoints have their own checksums (`crdt.log.codec`). A version has two: one of its
description, and one inside the value that has its texts, so that lists need not read the texts.
A run has two in the same way.
Neither covers names of people, because these names are removed when an account is deleted. A row
with a wrong checksum is marked as damaged. It keeps its place in lists, but its content is not
shown.

See docs/design/storage.md.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from storage.mending import is_sound, readable
from storage.records import Message, Version, VersionKind
from storage.runs.contents import unpack_report
from storage.runs.records import Outcome, Run

DAMAGED = -1
"""A checksum that fits no row. A row that is damaged when it is copied or packed gets this value,
so that it stays damaged."""

_AS_JSON = 1
"""The form in which earlier releases packed a version's texts: all of it is JSON."""
_AS_BYTES = 2
_HEADER_BYTES = 4
_CHECKSUM_BYTES = 4
_LEVEL = 6
"""Compression level of zlib. Level 9 takes twice as long, and makes source code 1 % smaller."""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, zlib.error)
"""Errors that reading a stored value raises if the value is malformed."""


def version_checksum(version: Version) -> int:
    """Return the checksum of a version's description, or DAMAGED if it cannot be read.

    A version without an author has no readable description.
    """
    if version.is_damaged and not version.author_id:
        return DAMAGED
    described = (version.session_id, version.number, version.sequence, version.main_root,
                 version.label,
                 str(version.kind), version.author_id, version.contributors,
                 version.created_at)  # fmt: skip
    return _checksum(described)


def message_checksum(message: Message) -> int:
    """Return the checksum of a chat message."""
    if message.is_damaged:
        return DAMAGED
    return _checksum((message.session_id, message.sequence, message.id, message.sender_id,
                      message.text,
                      message.created_at))  # fmt: skip


def pack_contents(version: Version) -> bytes:
    """Return a version's texts and documents as one value.

    For a damaged version, returns a value that `unpack_contents` refuses.
    """
    if version.files is None:
        return b""
    # Texts are not put into JSON: a thread that reads or writes a megabyte of JSON holds the
    # interpreter's lock all the time, for some 10 ms, in which the event loop does nothing.
    texts = [text.encode("utf-8", "surrogatepass") for text in version.files.values()]
    sizes = dict(zip(version.files, map(len, texts), strict=True))
    header = json.dumps([sizes, dict(version.documents)], ensure_ascii=False)
    head = header.encode("utf-8", "surrogatepass")
    contents = b"".join((len(head).to_bytes(_HEADER_BYTES, "little"), head, *texts))
    body = bytes((_AS_BYTES,)) + zlib.compress(contents, _LEVEL)
    return body + _crc(version.session_id, version.number, body).to_bytes(_CHECKSUM_BYTES, "little")


def unpack_contents(
    session_id: str, number: int, data: bytes
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return (texts, documents); raises ValueError if `data` was not packed for this version.

    Earlier releases wrote JSON without a checksum: {root: text}, or
    [{root: text}, {root: document}].
    """
    if data[:1] in (b"{", b"["):
        contents = json.loads(data)
        files, documents = contents if isinstance(contents, list) else (contents, {})
        return dict(files), dict(documents)
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not body or _crc(session_id, number, body).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
        raise ValueError("the checksum of a version's texts does not fit")
    contents = zlib.decompress(body[1:])
    if body[0] == _AS_JSON:
        files, documents = json.loads(contents.decode("utf-8", "surrogatepass"))
        return files, documents
    at = _HEADER_BYTES + int.from_bytes(contents[:_HEADER_BYTES], "little")
    head = contents[_HEADER_BYTES:at].decode("utf-8", "surrogatepass")
    sizes, documents = json.loads(head)
    files = {}
    for root, size in sizes.items():
        files[root] = contents[at : at + size].decode("utf-8", "surrogatepass")
        at += size
    if at != len(contents):
        raise ValueError("the lengths of a version's texts do not fit")
    return files, documents


def checked_version(
    session_id: str,
    number: int,
    checksum: int | None,
    describe: Callable[[], Version],
    contents: bytes | None,
) -> Version:
    """Return a version as it was stored, or marked as damaged.

    describe  a function that makes the version from the row, without texts;
              it may raise the errors that malformed values cause
    contents  the packed texts; None if the caller does not need them
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
    """Return a damaged version: of its row, only the key can be read."""
    return Version(
        session_id, number, 0, None, "", "", VersionKind.AUTO, "", "", (), 0, is_damaged=True
    )


def checked_message(
    session_id: str, sequence: int, row: Mapping[str, Any], checksum: int | None
) -> Message:
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
    """Return a damaged chat message: of its row, only the key can be read."""
    return Message(session_id, sequence, f"damaged-{sequence}", "", "", "", 0, is_damaged=True)


def run_checksum(run: Run) -> int:
    """Return the checksum of a run's description, or DAMAGED if it cannot be read.

    A run without a user has no readable description.
    """
    if run.is_damaged and not run.user_id:
        return DAMAGED
    return _checksum((run.session_id, run.number, run.id, run.user_id, run.sequence,
                      str(run.outcome), run.created_at))  # fmt: skip


def checked_run(session_id: str, number: int, row: Mapping[str, Any], *, with_report: bool) -> Run:
    """Return a run as it was stored, or marked as damaged.

    row          the columns of the run; `content` is not needed without the report
    with_report  whether the caller needs the report
    """
    try:
        names = ("id", "user_id", "user_name", "sequence", "created_at")
        values = {name: row[name] for name in names}
        outcome = Outcome(row["outcome"])
        run = Run(session_id=session_id, number=number, outcome=outcome, report=None, **values)
        if row["checksum"] != run_checksum(run):
            return damaged_run(session_id, number)
        run = replace(run, user_name=readable(run.user_name))
    except _UNREADABLE:
        return damaged_run(session_id, number)
    if not with_report:
        return run
    try:
        return replace(run, report=unpack_report(session_id, number, row["content"]))
    except _UNREADABLE:
        return replace(run, is_damaged=True)


def damaged_run(session_id: str, number: int) -> Run:
    """Return a damaged run: of its row, only the key can be read."""
    return Run(session_id, number, f"damaged-{number}", "", "", 0, Outcome.FAILED, 0, None,
               is_damaged=True)  # fmt: skip


def _checksum(values: tuple[Any, ...]) -> int:
    return zlib.crc32(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _crc(session_id: str, number: int, body: bytes) -> int:
    """Return the CRC of a row's content together with the row's key.

    The key detects a page that the disk wrote to the wrong place. The content of such a page
    is intact, so a checksum of only the content would fit.
    """
    return zlib.crc32(body, zlib.crc32(f"{session_id}/{number}".encode()))
