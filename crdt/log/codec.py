"""Packs a session's updates, with their authors and times, into the chunks and segments of its log.

A chunk has the updates of one room that were committed together:

    byte 1 | varUint base time (ms since 1970) | authors: count, strings
    entries: varUint ms since the previous entry | varUint author << 1 | has_foreign_structs
        | varByteArray update
    CRC-32 of all of that, 4 bytes, low end first

Old chunks are packed together into segments (`crdt.log.segments`), column by column, for LZMA:

    byte 2 | varUint time of the first entry | varUint ms from there to the last
    LZMA: varByteArray all updates merged, or nothing | authors: count, strings | varUint count
        of each: ms since the previous entry | author << 2 | redacted << 1 | has_foreign_structs
            | length of its update
        the updates
    CRC-32

See docs/design/storage.md.
"""

import lzma
import zlib
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import NamedTuple

from crdt.errors import ProtocolError, RoomDamaged
from crdt.wire.lib0 import read_var_bytes, read_var_uint, write_var_bytes, write_var_uint

_CHUNK = 1
_SEGMENT = 2
_CHECKSUM_BYTES = 4
_FILTERS: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
"""Bytes of the dictionary, and the effort. LZMA takes 11 bytes of memory for each byte of a
dictionary, and a segment is seldom larger than this one."""
_HEAD_BYTES = 10


class LogEntry(NamedTuple):
    """One update as it came in.

    at       milliseconds since 1970
    author   id of the user whose connection or request brought it
    update    raw bytes
    has_foreign_structs  it may have structs under client ids of other users
                         (see `admission.check_update`)
    redacted  some of its text was redacted later (see `crdt.history.redaction`)
    """

    at: int
    author: str
    update: bytes
    has_foreign_structs: bool = False
    redacted: bool = False


Fields = tuple[int, str, bytes, bool, bool]
"""The fields of a `LogEntry`. The entry of a keystroke is a plain tuple: Python makes and unpacks a
plain tuple in a fraction of the time that a NamedTuple takes."""


def encode_chunk(entries: Iterable[Fields]) -> bytes:
    """Pack entries, oldest first. An entry older than the previous one gets the previous time."""
    entries = list(entries)
    authors: dict[str, int] = {}
    now = base = entries[0][0]
    body: list[bytes] = []
    for at, author, update, has_foreign, _ in entries:
        index = authors.setdefault(author, len(authors))
        # A clock that was set back must not make a difference below zero, because a varUint has no
        # sign. The order of the log is that of its entries; times do not decide it.
        elapsed = 0
        if at > now:
            elapsed, now = at - now, at
        flags, size = index << 1 | has_foreign, len(update)
        # The three numbers of nearly every keystroke are below 128, so each is one byte. Together
        # they are made in less than half the time of three calls.
        if elapsed | flags | size < 128:
            body += (bytes((elapsed, flags, size)), update)
        else:
            body += (write_var_uint(elapsed), write_var_uint(flags), write_var_uint(size), update)
    parts = [bytes((_CHUNK,)), write_var_uint(base), write_var_uint(len(authors))]
    parts += [write_var_bytes(author.encode()) for author in authors]
    parts += body
    return with_checksum(b"".join(parts))


def encode_segment(entries: list[LogEntry], summary: bytes) -> bytes:
    """Pack old entries, oldest first; times as in `encode_chunk`.

    summary  their updates merged into one, or b""
    """
    authors = {
        author: index
        for index, author in enumerate(dict.fromkeys(entry.author for entry in entries))
    }
    times = list(accumulate((entries[0].at, *(entry.at for entry in entries)), max))
    # The entries are stored column by column: all times, all authors, all lengths. Neighbours in a
    # column are alike (0, 0, 0, or 20, 20, 21), and LZMA finds that. Entry by entry, the bytes of
    # updates would separate these repetitions.
    flags = (
        authors[entry.author] << 2 | entry.redacted << 1 | entry.has_foreign_structs
        for entry in entries
    )
    parts = [write_var_bytes(summary), write_var_uint(len(authors))]
    parts += (write_var_bytes(author.encode()) for author in authors)
    parts.append(write_var_uint(len(entries)))
    parts += (write_var_uint(now - before) for before, now in pairwise(times))
    parts += map(write_var_uint, flags)
    parts += (write_var_uint(len(entry.update)) for entry in entries)
    parts += (entry.update for entry in entries)
    # The times of the first and the last entry stay in front of the compressed part. A moment is
    # found by its time, and only the row with that moment is decompressed.
    head = bytes((_SEGMENT,)) + write_var_uint(times[0]) + write_var_uint(times[-1] - times[0])
    return with_checksum(head + lzma.compress(b"".join(parts), lzma.FORMAT_RAW, filters=_FILTERS))


def is_packed(data: bytes) -> bool:
    """Whether bytes are a segment, whose content may be many times larger."""
    return data[:1] == bytes((_SEGMENT,))


def latest_time(data: bytes) -> int:
    """Return the time of the last entry of a chunk or segment, in ms; raises RoomDamaged.

    In a chunk or segment, times never run backwards.
    A segment has its last time in front of the compressed part.
    """
    body = without_checksum(data)
    if body[:1] != bytes((_SEGMENT,)):
        return decode_chunk(data)[-1].at
    try:
        first, at = read_var_uint(body, 1)
        return first + read_var_uint(body, at)[0]
    except (IndexError, ProtocolError) as error:
        raise RoomDamaged("log segment that cannot be read") from error


def decode_summary(data: bytes) -> bytes | None:
    """Return the updates of a segment merged into one, or None if it has no merged update.

    Raises RoomDamaged.
    """
    body = without_checksum(data)
    if body[:1] != bytes((_SEGMENT,)):
        return None
    try:
        _, at = read_var_uint(body, 1)
        _, at = read_var_uint(body, at)
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS)
        # The summary is the first part of the stream, so only its own length is decompressed. That
        # length is in the first bytes: ten bytes hold any varUint.
        start = unpacker.decompress(body[at:], _HEAD_BYTES)
        size, at = read_var_uint(start, 0)
        rest = size + at - len(start)
        if rest > 0:
            start += unpacker.decompress(b"", rest)
        return start[at : at + size] or None
    except (IndexError, ProtocolError, lzma.LZMAError) as error:
        raise RoomDamaged("log segment that cannot be read") from error


def decode_chunk(data: bytes) -> list[LogEntry]:
    """Unpack a chunk or a segment; raises RoomDamaged if it differs from the bytes written."""
    data = without_checksum(data)
    try:
        if data[0] == _CHUNK:
            return _entries(data)
        if data[0] == _SEGMENT:
            return _segment(data)
    except (IndexError, ProtocolError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise RoomDamaged("log chunk that cannot be read") from error
    raise RoomDamaged("log chunk of an unknown format")


def _entries(data: bytes) -> list[LogEntry]:
    now, at = read_var_uint(data, 1)
    authors, at = _read_authors(data, at)
    entries = []
    while at < len(data):
        elapsed, at = read_var_uint(data, at)
        flags, at = read_var_uint(data, at)
        update, at = read_var_bytes(data, at)
        now += elapsed
        entries.append(LogEntry(now, authors[flags >> 1], update, bool(flags & 1)))
    return entries


def _segment(data: bytes) -> list[LogEntry]:
    now, at = read_var_uint(data, 1)
    _, at = read_var_uint(data, at)
    data = lzma.decompress(data[at:], lzma.FORMAT_RAW, filters=_FILTERS)
    size, at = read_var_uint(data, 0)
    authors, at = _read_authors(data, at + size)
    count, at = read_var_uint(data, at)
    columns: list[list[int]] = []
    for _ in range(3):
        column = []
        for _ in range(count):
            value, at = read_var_uint(data, at)
            column.append(value)
        columns.append(column)
    entries = []
    for elapsed, flags, length in zip(*columns, strict=True):
        now += elapsed
        update = data[at : at + length]
        at += length
        entries.append(LogEntry(now, authors[flags >> 2], update, bool(flags & 1), bool(flags & 2)))
    # The checksum shows that the bytes are those that were written. This check shows that they were
    # written correctly.
    if at != len(data):
        raise RoomDamaged("log segment of the wrong length")
    return entries


def _read_authors(data: bytes, at: int) -> tuple[list[str], int]:
    count, at = read_var_uint(data, at)
    authors = []
    for _ in range(count):
        author, at = read_var_bytes(data, at)
        authors.append(author.decode())
    return authors, at


def with_checksum(state: bytes) -> bytes:
    """Return a stored state with a checksum after it."""
    return state + zlib.crc32(state).to_bytes(_CHECKSUM_BYTES, "little")


def without_checksum(data: bytes) -> bytes:
    """Return the bytes before the checksum; raises RoomDamaged if the checksum is wrong."""
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
        raise RoomDamaged("checksum of a stored row does not fit")
    return body
