"""Tests of segments, the packed old parts of a log."""

from dataclasses import replace

import pytest

from crdt.document import merging
from crdt.document.document import Document
from crdt.errors import RoomDamaged
from crdt.log import codec, restore, segments
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist
from tests.crdt.typed_log import text, typed


@pytest.mark.parametrize(
    ("spans", "until", "is_closing", "expected"),
    [
        ([], 0, True, []),
        ([(1, 1)], 9, True, []),
        ([(1, 3), (4, 5)], 9, False, []),
        ([(1, 3), (4, 5)], 9, True, [(1, 5)]),
        ([(1, 3), (4, 5)], 4, True, []),
        ([(1, 6), (7, 12), (13, 13), (14, 14)], 99, False, [(1, 12)]),
        ([(1, 6), (7, 12), (13, 13), (14, 14)], 99, True, [(1, 12), (13, 14)]),
        ([(1, 12), (13, 13), (14, 30), (31, 31)], 99, True, []),
        ([(1, 2), (3, 20), (21, 22), (23, 24)], 99, True, [(21, 24)]),
        ([(1, 12), (13, 14), (15, 24), (25, 30)], 24, True, []),
    ],
)  # fmt: skip
def test_due_returns_rows_with_enough_entries_for_a_segment(
    monkeypatch: pytest.MonkeyPatch, spans, until, is_closing, expected
) -> None:
    """In this test, a segment has ten entries or more.

    A full row stays unchanged, and so does a single row next to it.
    """
    monkeypatch.setattr(segments, "ENTRIES", 10)

    assert segments.due(spans, until, is_closing=is_closing) == expected


def test_packed_log_equals_original_log() -> None:
    chunks, typist = typed()

    segment = segments.pack(chunks)

    assert (segment.first, segment.last, segment.created_at) == (1, 30, NOW + 29)
    assert codec.decode_chunk(segment.data) == [
        entry for chunk in chunks for entry in codec.decode_chunk(chunk.data)
    ]
    for rows in ([segment], [segments.pack(chunks[:11]), *chunks[11:]], [segments.pack([segment])]):
        restored = restore.restore(None, rows, since=10)
        assert (text(restored), restored.index.owners, restored.contributors) == (
            typist.text,
            {5: "ada"},
            {"ada": 30},
        )


@pytest.mark.parametrize("until", [0, 1, 9, 10, 11, 19, 20, 29, 30])
def test_moments_from_summaries_equal_moments_from_entries(
    monkeypatch: pytest.MonkeyPatch, until: int
) -> None:
    """A moment read from summaries equals the moment read from entries.

    Only entries after the last whole segment are read one by one.
    """
    chunks, _ = typed()
    rows = [segments.pack(chunks[:10]), segments.pack(chunks[10:20]), *chunks[20:]]
    expected = restore.restore(None, chunks, until=until)
    decoded: list[int] = []
    decode = codec.decode_chunk

    def counting(data: bytes) -> list[codec.LogEntry]:
        decoded.append(1)
        return decode(data)

    monkeypatch.setattr(codec, "decode_chunk", counting)

    restored = restore.restore(None, rows, until=until, reads_summaries=True)

    assert (text(restored), restored.sequence, restored.index.clocks) == (
        text(expected),
        until,
        expected.index.clocks,
    )
    assert len(decoded) == {0: 0, 1: 1, 9: 1, 10: 0, 11: 1, 19: 1, 20: 0, 29: 9, 30: 10}[until]


def test_summary_is_left_out_for_updates_that_leave_a_gap() -> None:
    """Repeated old structs leave a gap before the new structs, so there is no summary."""
    typist = Typist(5)
    first = typist.insert(0, "a")
    made = [typist.insert(0, "b"), typist.insert(0, "c")]
    entries = [codec.LogEntry(NOW, "ada", made[1]), codec.LogEntry(NOW, "ada", first)]

    assert segments.summary(entries) == b""
    chunk = segments.repack(
        "s",
        1,
        [codec.LogEntry(NOW, "ada", first), codec.LogEntry(NOW, "ada", made[0]), *entries],
        NOW,
    )
    assert text(restore.restore(None, [chunk], reads_summaries=True)) == "cba"
    late = segments.repack("s", 3, entries, NOW)
    early = segments.pack(
        [
            Chunk(
                "s",
                1,
                2,
                codec.encode_chunk(
                    [codec.LogEntry(NOW, "ada", update) for update in (first, made[0])]
                ),
                NOW,
            )
        ]
    )
    assert text(restore.restore(None, [early, late], reads_summaries=True)) == "cba"


@pytest.mark.parametrize("broken", ["a hole", "an overlap", "too few"])
def test_pack_of_invalid_log_raises_room_damaged(broken: str) -> None:
    """Rows that are not a valid log are not packed."""
    chunks, _ = typed(5)
    rows = {
        "a hole": [chunks[0], chunks[2]],
        "an overlap": [chunks[0], chunks[0]],
        "too few": [chunks[0], replace(chunks[1], last=5)],
    }[broken]

    with pytest.raises(RoomDamaged):
        segments.pack(rows)


def test_pack_that_cannot_be_read_back_raises_room_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks, _ = typed(3)
    encode = codec.encode_segment
    monkeypatch.setattr(
        segments, "encode_segment", lambda entries, summary: encode(entries[:-1], summary)
    )

    with pytest.raises(RoomDamaged, match="differ"):
        segments.pack(chunks)


def test_document_with_split_emoji_loads_from_summaries() -> None:
    """An emoji that one segment types and another segment half deletes shows U+FFFD."""
    typist = Typist(5)
    made = [typist.insert(0, "a😀b")]
    cut = bytes.fromhex("0001050102" + "01")  # deletes the second half
    rows = [
        segments.repack("s", number, [codec.LogEntry(NOW, "ada", update)], NOW)
        for number, update in enumerate([*made, cut], 1)
    ]

    restored = restore.restore(None, rows, reads_summaries=True)

    assert (
        Document(restored.state, restored.index.split_surrogates).texts(["codemirror"])[
            "codemirror"
        ]
        == "a\ufffdb"
    )


@pytest.mark.parametrize(("size", "is_merged_by_pycrdt"), [(2, True), (8_000, False)])
def test_pycrdt_merges_only_small_updates(
    monkeypatch: pytest.MonkeyPatch, size: int, is_merged_by_pycrdt: bool
) -> None:
    """Pycrdt merges in one call that holds the interpreter, so it never gets many bytes."""
    merged: list[int] = []
    merge = merging.merge

    def noted(updates: list[bytes]) -> bytes:
        merged.append(len(updates))
        return merge(updates)

    monkeypatch.setattr(merging, "merge", noted)
    typist = Typist(5)
    updates = [typist.insert(number * size, "x" * size) for number in range(200)]

    summary = segments.summary([codec.LogEntry(NOW, "ada", update) for update in updates])

    assert bool(merged) is is_merged_by_pycrdt
    assert Document(summary).texts(["codemirror"]) == {"codemirror": "x" * size * 200}
