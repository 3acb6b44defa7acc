"""Old parts of a log, packed small: thousands of updates in one row.

Measured on recorded sessions (docs/storage.md): LZMA makes 4 to 12 bytes of a keystroke, where zlib
and zstd need half as much again. A row also has its updates merged into one, so that a moment
long ago is found without reading what led to it keystroke by keystroke.

See docs/design/storage.md.
"""

import re
from collections.abc import Iterable, Sequence

from crdt.document import merging
from crdt.errors import ProtocolError, RoomDamaged
from crdt.log.codec import LogEntry, decode_chunk, encode_segment
from crdt.wire import raw_merge
from crdt.wire.compact import squash
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse
from storage.records import Chunk

ENTRIES = 4_096
"""A moment is found by going through half as many entries on average: some hundredths of a second."""

_V = rb"[\x80-\xff]*[\x00-\x7f]"
_is_text = re.compile(rb"\x00|\x01\x01" + _V + _V + rb"[\x04\x44\x84\xc4]", re.DOTALL).match
"""Recognizes what typing makes: only deletions, or one section of one struct of text (as in `fast_path`).

pycrdt merges that in a quarter of the time, and changes nothing in it, as there are no values.
"""


def due(spans: Iterable[tuple[int, int]], until: int, *, is_closing: bool) -> list[tuple[int, int]]:
    """Return (first, last) of each row to make, of rows that end at `until` or before.

    is_closing  also pack what is not enough for a full row

    Small rows that stand side by side are gathered until they have `ENTRIES` together. A row that has as many by
    itself is packed already: it stays, and gathering begins again behind it. An example, with a full row at 1 to 4096
    and rows of 3,000, 2,000 and 10 entries behind it: the first two become one row, 4097 to 9096. The last one waits,
    unless the room is closing; alone it stays as it is then, too, as packing one row would gain little.
    """
    rows_to_make = []
    first, final, rows = 0, 0, 0
    for start, last in spans:
        if last > until:
            break
        if last - start + 1 >= ENTRIES:
            first = rows = 0
            continue
        first, rows = first or start, rows + 1
        if last - first + 1 >= ENTRIES:
            rows_to_make.append((first, last))
            first = rows = 0
        final = last
    if is_closing and rows > 1:
        rows_to_make.append((first, final))
    return rows_to_make


def pack(chunks: Sequence[Chunk]) -> Chunk:
    """Put neighbouring chunks into one; raises RoomDamaged if they have a hole or cannot be read."""
    entries: list[LogEntry] = []
    for chunk in chunks:
        if chunk.first != chunks[0].first + len(entries):
            raise RoomDamaged("the log has a hole")
        entries += decode_chunk(chunk.data)
    if chunks[-1].last != chunks[0].first + len(entries) - 1:
        raise RoomDamaged("the log has a hole")
    return repack(chunks[0].session_id, chunks[0].first, entries, chunks[-1].created_at)


def repack(session_id: str, first: int, entries: list[LogEntry], created_at: int) -> Chunk:
    """Return a packed row of entries, read back once."""
    data = encode_segment(entries, summary(entries))
    if [entry[1:] for entry in decode_chunk(data)] != [entry[1:] for entry in entries]:
        raise RoomDamaged("packed entries differ")
    return Chunk(session_id, first, first + len(entries) - 1, data, created_at)


def summary(entries: Iterable[LogEntry]) -> bytes:
    """Return the updates merged into one; empty where that cannot stand for them.

    Where structs are missing in between, that are in older rows, readers would refuse it.
    """
    try:
        updates = [entry.update for entry in entries]
        merged = squash(merging.merge(updates) if all(map(_is_text, updates)) else raw_merge.merge(updates))
        parse(merged, STORED_LIMITS)
    except ProtocolError:
        return b""
    return merged
