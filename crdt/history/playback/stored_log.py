"""The stored log of one session, as plain data that a worker process can read.

The log is read as a document, or entry by entry. This module needs no store and no event loop, and
loads nothing into pycrdt.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.log import segments
from crdt.log.codec import (
    LogEntry,
    decode_chunk,
    decode_summary,
    is_packed,
    latest_time,
    without_checksum,
)
from crdt.reading.item_order import ItemOrder
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse
from storage.records import Checkpoint, Chunk

_FEW = 200
"""Fewer entries than this are taken one by one: merging them would take about as long."""
_MOST = 4_096
"""The most entries that are merged together."""


@dataclass(frozen=True, slots=True)
class StoredLog:
    """Rows of a session: its checkpoint, if it helps, and chunks in order.

    chunks  at least up to the requested log position;
            they continue the checkpoint or begin before it
    """

    checkpoint: Checkpoint | None
    chunks: Sequence[Chunk]

    def is_short(self, most_bytes: int) -> bool:
        """Whether the rows have at most `most_bytes` bytes, and none of them is packed.

        A packed row may hold much more than its size.
        """
        sizes = [len(chunk.data) for chunk in self.chunks]
        if self.checkpoint:
            sizes.append(len(self.checkpoint.state))
        return sum(sizes) <= most_bytes and not any(is_packed(chunk.data) for chunk in self.chunks)

    def load(self, order: ItemOrder, until: int) -> None:
        """Fill an empty `ItemOrder` with the document at a log position; raises RoomDamaged."""
        sequence, entries = 0, list[LogEntry]()
        with stored():
            if self.checkpoint and self.checkpoint.sequence <= until:
                sequence = self.checkpoint.sequence
                _take(order, without_checksum(self.checkpoint.state))
            for chunk in self.chunks:
                if chunk.first > until or chunk.last <= sequence:
                    continue
                # A packed row that ends before the moment is taken as one merged update, which has
                # half a byte for each edit. Only the last row before the moment is read entry by
                # entry.
                is_whole = chunk.first == sequence + 1 and chunk.last <= until
                summary = decode_summary(chunk.data) if is_whole else None
                if summary:
                    _take_entries(order, entries)
                    entries.clear()
                    _take(order, summary)
                else:
                    entries += (entry for _, entry in _entries(chunk, sequence, until))
                sequence = min(chunk.last, until)
                if len(entries) >= _MOST:
                    _take_entries(order, entries)
                    entries.clear()
            _take_entries(order, entries)

    def entries(self, after: int, until: int) -> Iterator[tuple[int, LogEntry]]:
        """Yield (log position, entry) of each entry after `after`, up to and including `until`.

        Raises RoomDamaged.
        """
        for chunk in self.chunks:
            if chunk.last > after and chunk.first <= until:
                yield from _entries(chunk, after, until)
                after = chunk.last

    def latest_time(self, until: int) -> int:
        """Return the latest time of the entries up to a log position, in ms; 0 if there is none."""
        times = [latest_time(chunk.data) for chunk in self.chunks if chunk.last <= until]
        for chunk in self.chunks:
            if chunk.first <= until < chunk.last:
                times += [entry.at for entry in decode_chunk(chunk.data)[: until - chunk.first + 1]]
        return max(times, default=0)


@contextmanager
def stored() -> Iterator[None]:
    """Turn errors in stored bytes into RoomDamaged."""
    try:
        yield
    except (ProtocolError, Gap) as error:
        raise RoomDamaged(f"a stored update does not pass the scan: {error}") from error


def _entries(chunk: Chunk, after: int, until: int) -> Iterator[tuple[int, LogEntry]]:
    entries = decode_chunk(chunk.data)
    if chunk.last - chunk.first + 1 != len(entries) or chunk.first > after + 1:
        raise RoomDamaged("the log has a hole")
    return ((at, entry) for at, entry in enumerate(entries, chunk.first) if after < at <= until)


def _take(order: ItemOrder, update: bytes) -> None:
    parse(update, STORED_LIMITS)
    order.apply(update)


def _take_entries(order: ItemOrder, entries: Sequence[LogEntry]) -> None:
    """Take entries, merged if they are many and merging is possible."""
    # Merged keystrokes become a few runs of text. For thousands of keystrokes, merging them and
    # integrating the result once is faster than thousands of integrations.
    merged = segments.summary(entries) if len(entries) >= _FEW else b""
    if merged:
        order.apply(merged)
        return
    for entry in entries:
        _take(order, entry.update)
