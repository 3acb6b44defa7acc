"""Packs old parts of a log: thousands of updates in one small row.

Measured on recorded sessions (docs/storage.md): with LZMA a keystroke takes 4 to 12 bytes, and with
zlib or zstd 1.5 times as many. A row also has its updates merged into one, so that a moment long
ago is found without reading all keystrokes before it.

The invariant: rows follow each other without a gap and without an overlap, and each entry keeps its
log position, author, time and bytes. Packing changes only the form of the log, not its content. So
a row is read back once before it replaces the rows that it was made of.

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
"""Entries of a full row. To find a moment, half of a row's entries are read one by one on average,
which takes some hundredths of a second."""

_FEW_BYTES = 1 << 20
"""Updates of more bytes together are merged by `raw_merge`. pycrdt holds the interpreter while it
merges: 125 ms for the largest possible row of 33 MB, where `raw_merge` takes 84 ms in pieces."""

_V = rb"[\x80-\xff]*[\x00-\x7f]"
_is_text = re.compile(rb"\x00|\x01\x01" + _V + _V + rb"[\x04\x44\x84\xc4]", re.DOTALL).match
"""Recognizes updates that typing makes: only deletions, or one section of one struct of text (as in
`fast_path`).

pycrdt merges such updates in a quarter of the time that `raw_merge` takes.
pycrdt does not change the bytes of these updates, because they have no values.
"""


def due(spans: Iterable[tuple[int, int]], until: int, *, is_closing: bool) -> list[tuple[int, int]]:
    """Return (first, last) of each packed row to make from rows that end at `until` or before.

    is_closing  also pack rows that have too few entries for a full row

    Neighbouring small rows are gathered until they have `ENTRIES` together. A row that has as many
    alone is packed already: it stays, and gathering begins again after it.

    An example: a full row with entries 1 to 4096, and after it rows of 3,000, 2,000 and 10
    entries. The rows of 3,000 and 2,000 become one row, 4097 to 9096. The row of 10 waits. Even if
    the room is closing it stays unchanged, because packing a single row would gain little.
    """
    rows_to_make = []
    first, final, rows = 0, 0, 0
    for start, last in spans:
        # Rows after `until` are not in a checkpoint yet, so they are read whenever the room is
        # loaded, and small rows are read faster than packed ones.
        if last > until:
            break
        # A full row is never packed again, so the work for an entry does not grow with the length
        # of the log.
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
    """Put neighbouring chunks into one; raises RoomDamaged for a hole or an unreadable chunk."""
    entries: list[LogEntry] = []
    for chunk in chunks:
        # Rows are deleted after they are packed, so a hole must be found now.
        if chunk.first != chunks[0].first + len(entries):
            raise RoomDamaged("the log has a hole")
        entries += decode_chunk(chunk.data)
    if chunks[-1].last != chunks[0].first + len(entries) - 1:
        raise RoomDamaged("the log has a hole")
    return repack(chunks[0].session_id, chunks[0].first, entries, chunks[-1].created_at)


def repack(session_id: str, first: int, entries: list[LogEntry], created_at: int) -> Chunk:
    """Return a packed row of entries, read back once."""
    # The author, the update and the flags must be equal after reading. Times may differ: a time
    # that is earlier than the previous one is not stored.
    data = encode_segment(entries, summary(entries))
    if [entry[1:] for entry in decode_chunk(data)] != [entry[1:] for entry in entries]:
        raise RoomDamaged("packed entries differ")
    return Chunk(session_id, first, first + len(entries) - 1, data, created_at)


def summary(entries: Iterable[LogEntry]) -> bytes:
    """Return the updates merged into one; b"" if a reader could not use the merged update.

    A reader cannot use it if it lacks structs in between, which are in older rows.
    """
    try:
        updates = [entry.update for entry in entries]
        # The merged update must be readable alone, because `restore` takes it as a whole. Without a
        # summary, finding a moment takes longer, but no content is lost.
        are_small = sum(map(len, updates)) <= _FEW_BYTES and all(map(_is_text, updates))
        merged = squash(merging.merge(updates) if are_small else raw_merge.merge(updates))
        parse(merged, STORED_LIMITS)
    except ProtocolError:
        return b""
    return merged
