"""The log of a session: how updates, their authors and their times are packed into chunks.

A chunk is what one flush of one room wrote:

    byte 1 | varUint base time (ms since 1970) | authors: count, strings
    entries: varUint ms since the entry before | varUint author << 1 | carried | varByteArray update
    CRC-32 of all that, 4 bytes, low end first

Also here: the table of client id owners that a checkpoint keeps.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from crdt.errors import ProtocolError, RoomDamaged
from crdt.lib0 import read_var_bytes, read_var_uint, write_var_bytes, write_var_uint

_FORMAT = 1
_CHECKSUM_BYTES = 4


class Entry(NamedTuple):
    """One update as it came in.

    at       milliseconds since 1970
    author   id of the user whose connection or request it was
    update   raw bytes
    carried  it may hold structs of client ids that are somebody else's (see `Known.admit`)
    """

    at: int
    author: str
    update: bytes
    carried: bool = False


def encode_chunk(entries: Iterable[Entry]) -> bytes:
    """Pack entries, oldest first; times that run backwards are stored as standing still."""
    entries = list(entries)
    authors = {author: index for index, author in enumerate(dict.fromkeys(entry.author for entry in entries))}
    now = entries[0].at
    parts = [bytes((_FORMAT,)), write_var_uint(now), write_var_uint(len(authors))]
    parts += (write_var_bytes(author.encode()) for author in authors)
    for entry in entries:
        elapsed = max(0, entry.at - now)
        now += elapsed
        parts.append(write_var_uint(elapsed))
        parts.append(write_var_uint(authors[entry.author] << 1 | entry.carried))
        parts.append(write_var_bytes(entry.update))
    return with_checksum(b"".join(parts))


def decode_chunk(data: bytes) -> list[Entry]:
    """Unpack a chunk; raises RoomDamaged if it is not exactly what was written."""
    data = without_checksum(data)
    try:
        if data[0] != _FORMAT:
            raise RoomDamaged("log chunk of an unknown format")
        now, at = read_var_uint(data, 1)
        count, at = read_var_uint(data, at)
        authors = []
        for _ in range(count):
            author, at = read_var_bytes(data, at)
            authors.append(author.decode())
        entries = []
        while at < len(data):
            elapsed, at = read_var_uint(data, at)
            flags, at = read_var_uint(data, at)
            update, at = read_var_bytes(data, at)
            now += elapsed
            entries.append(Entry(now, authors[flags >> 1], update, bool(flags & 1)))
        return entries
    except (IndexError, ProtocolError, UnicodeDecodeError) as error:
        raise RoomDamaged("log chunk that cannot be read") from error


def encode_owners(owners: Mapping[int, str]) -> bytes:
    """Pack {client id: user id}."""
    users = {user: index for index, user in enumerate(dict.fromkeys(owners.values()))}
    parts = [write_var_uint(len(users))]
    parts += (write_var_bytes(user.encode()) for user in users)
    parts += (write_var_uint(client) + write_var_uint(users[user]) for client, user in owners.items())
    return with_checksum(b"".join(parts))


def decode_owners(data: bytes) -> dict[int, str]:
    """Unpack the owners; raises RoomDamaged if they are not exactly what was written."""
    data = without_checksum(data)
    try:
        count, at = read_var_uint(data, 0)
        users = []
        for _ in range(count):
            user, at = read_var_bytes(data, at)
            users.append(user.decode())
        owners = {}
        while at < len(data):
            client, at = read_var_uint(data, at)
            index, at = read_var_uint(data, at)
            owners[client] = users[index]
        return owners
    except (IndexError, ProtocolError, UnicodeDecodeError) as error:
        raise RoomDamaged("table of owners that cannot be read") from error


def with_checksum(state: bytes) -> bytes:
    """Put a checksum behind a stored state."""
    return state + zlib.crc32(state).to_bytes(_CHECKSUM_BYTES, "little")


def without_checksum(data: bytes) -> bytes:
    """Return what the checksum is for; raises RoomDamaged if it does not fit."""
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
        raise RoomDamaged("checksum of a stored row does not fit")
    return body
