"""Tests of reading the stored log: as a document, and entry by entry."""

import itertools
from collections.abc import Sequence

import pytest

from crdt.errors import RoomDamaged
from crdt.history.playback import stored_log
from crdt.history.playback.stored_log import StoredLog
from crdt.log import segments
from crdt.log.codec import LogEntry, encode_chunk, with_checksum
from crdt.reading.text_order import TextOrder
from storage.records import Checkpoint, Chunk
from tests.crdt.harness import NOW, Typist

_TEXT = "a few words that are typed, letter by letter"


@pytest.fixture
def entries() -> list[LogEntry]:
    typist = Typist(5)
    return [LogEntry(NOW + at, "ada", typist.insert(at, letter)) for at, letter in enumerate(_TEXT)]


def chunks_of(entries: Sequence[LogEntry], size: int, *, packed: int = 0) -> list[Chunk]:
    """Return chunks of `size` entries; the first `packed` chunks become one row."""
    starts = range(0, len(entries), size)
    chunks = [
        Chunk(
            "one",
            at + 1,
            at + len(entries[at : at + size]),
            encode_chunk(entries[at : at + size]),
            NOW,
        )
        for at in starts
    ]
    return [segments.pack(chunks[:packed]), *chunks[packed:]] if packed else chunks


def text_at(log: StoredLog, sequence: int) -> str:
    order = TextOrder()
    log.load(order, sequence)
    return order.text("codemirror")


@pytest.mark.parametrize("few", [0, 7, 1_000])
@pytest.mark.parametrize("packed", [0, 3])
@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_load_makes_the_document_of_any_moment(
    entries: list[LogEntry],
    few: int,
    packed: int,
    size: int,
    has_checkpoint: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A document of any moment can be loaded from single entries, merged entries and packed rows.

    The checkpoint may be newer than the moment, or lie inside a row.
    """
    monkeypatch.setattr(stored_log, "_FEW", few)
    monkeypatch.setattr(stored_log, "_MOST", 9)
    state = with_checksum(segments.summary(entries[:10]))
    checkpoint = Checkpoint("one", 10, state, b"", NOW) if has_checkpoint else None
    log = StoredLog(checkpoint, chunks_of(entries, size, packed=packed))

    texts = [text_at(log, sequence) for sequence in range(len(_TEXT) + 1)]

    assert texts == [_TEXT[:sequence] for sequence in range(len(_TEXT) + 1)]


def test_entries_are_those_between_two_positions(entries: list[LogEntry]) -> None:
    log = StoredLog(None, chunks_of(entries, 4, packed=2))

    for start, end in itertools.product(range(0, 12, 3), range(4, 16, 3)):
        assert list(log.entries(start, end)) == [(at + 1, entries[at]) for at in range(start, end)]


def test_latest_time_never_goes_back_with_the_clock(entries: list[LogEntry]) -> None:
    times = [NOW + 5, NOW, NOW + 1, NOW + 9, NOW + 2, NOW + 3]
    entries = [entry._replace(at=at) for entry, at in zip(entries, times, strict=False)]
    log = StoredLog(None, chunks_of(entries, 2))

    assert [log.latest_time(until) - NOW for until in (1, 2, 3, 4, 5, 6)] == [5, 5, 5, 9, 9, 9]
    assert log.latest_time(0) == 0


def test_log_with_a_hole_or_a_gap_is_damaged(entries: list[LogEntry]) -> None:
    """A log is damaged by a missing row, by a row with too few entries, and by a gap.

    A gap is an update that builds on an update that is missing.
    """
    chunks = chunks_of(entries, 4)
    short = Chunk("one", 1, 5, chunks[0].data, NOW)
    gap = Chunk("one", 1, 1, encode_chunk(entries[1:2]), NOW)

    for rows in ([chunks[0], chunks[2]], [short], [gap]):
        with pytest.raises(RoomDamaged):
            text_at(StoredLog(None, rows), rows[-1].last)
    with pytest.raises(RoomDamaged):
        list(StoredLog(None, [chunks[0], chunks[2]]).entries(0, 12))


def test_log_is_short_if_it_has_few_bytes_and_nothing_packed(entries: list[LogEntry]) -> None:
    """A packed row makes a log long, because its unpacked data may be many times as large."""
    chunks = chunks_of(entries, 4)
    size = sum(len(chunk.data) for chunk in chunks)
    checkpoint = Checkpoint("one", 1, bytes(10), b"", NOW)

    assert StoredLog(None, chunks).is_short(size)
    assert not StoredLog(None, chunks).is_short(size - 1)
    assert not StoredLog(checkpoint, chunks).is_short(size)
    assert not StoredLog(None, chunks_of(entries, 4, packed=2)).is_short(1 << 20)
