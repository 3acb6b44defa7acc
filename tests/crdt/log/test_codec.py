"""Tests of the log's chunks, as they are written and packed."""

import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.errors import RoomDamaged
from crdt.log import codec
from crdt.log.codec import LogEntry

entries = st.lists(
    st.builds(
        LogEntry,
        st.integers(0, 2**45),
        st.text(max_size=20),
        st.binary(max_size=50),
        st.booleans(),
        st.just(False),
    ),
    min_size=1,
)


def test_plain_tuple_is_encoded_like_an_entry() -> None:
    """The entry of a keystroke is a plain tuple with the fields of an entry."""
    plain = codec.encode_chunk([(7, "ada", b"u", False, False)])

    assert plain == codec.encode_chunk([LogEntry(7, "ada", b"u")])
    assert codec.decode_chunk(plain) == [LogEntry(7, "ada", b"u")]


@given(entries)
def test_chunk_decodes_to_what_was_encoded(given_entries: list[LogEntry]) -> None:
    """Authors, updates and marks survive; times never run backwards."""
    decoded = codec.decode_chunk(codec.encode_chunk(given_entries))

    assert [entry[1:] for entry in decoded] == [entry[1:] for entry in given_entries]
    newest = 0
    for entry, original in zip(decoded, given_entries, strict=True):
        newest = max(newest, original.at)
        assert entry.at == newest


@given(entries)
def test_latest_time_is_that_of_last_entry(given_entries: list[LogEntry]) -> None:
    for packed in (codec.encode_chunk(given_entries), codec.encode_segment(given_entries, b"")):
        assert (
            codec.latest_time(packed)
            == codec.decode_chunk(packed)[-1].at
            == max(entry.at for entry in given_entries)
        )


def test_keystroke_entry_adds_four_bytes_to_its_update() -> None:
    """The time, the author and the length of a typed character take four bytes in all."""
    keystrokes = [
        LogEntry(1_700_000_000_000 + 100 * number, "ada", b"u" * 20) for number in range(1_000)
    ]

    assert len(codec.encode_chunk(keystrokes)) < 1_000 * 23 + 30


@given(entries, st.binary(max_size=3_000))
def test_segment_decodes_to_what_was_encoded(given_entries: list[LogEntry], summary: bytes) -> None:
    """A packed chunk keeps its entries and their redaction marks.

    Its summary, the merged updates, can be read alone.
    """
    marked = [
        entry._replace(redacted=number % 2 == 0) for number, entry in enumerate(given_entries)
    ]
    data = codec.encode_segment(marked, summary)
    decoded = codec.decode_chunk(data)

    assert [entry[1:] for entry in decoded] == [entry[1:] for entry in marked]
    assert [entry.at for entry in decoded] == [
        entry.at for entry in codec.decode_chunk(codec.encode_chunk(given_entries))
    ]
    assert codec.decode_summary(data) == (summary or None)
    assert codec.decode_summary(codec.encode_chunk(given_entries)) is None


@given(entries, st.data())
def test_chunk_with_any_flipped_bit_is_damaged(
    given_entries: list[LogEntry], data: st.DataObject
) -> None:
    """A chunk with any flipped bit raises RoomDamaged and no other error."""
    chunk = bytearray(codec.encode_chunk(given_entries))
    chunk[data.draw(st.integers(0, len(chunk) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(RoomDamaged):
        codec.decode_chunk(bytes(chunk))


@pytest.mark.parametrize(
    "body", [b"", b"\x01", b"\x02\x00\x00", b"\x01\x00\x01\x05ab", b"\x01\x00\x00\x00\x08\x00"]
)
def test_chunk_with_valid_checksum_but_invalid_body_is_damaged(body: bytes) -> None:
    """An invalid format with a valid checksum raises RoomDamaged, too."""
    with pytest.raises(RoomDamaged):
        codec.decode_chunk(codec.with_checksum(body))


@given(entries, st.data())
def test_segment_with_any_flipped_bit_is_damaged(
    given_entries: list[LogEntry], data: st.DataObject
) -> None:
    segment = bytearray(codec.encode_segment(given_entries, b"summary"))
    segment[data.draw(st.integers(0, len(segment) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    for decode in (codec.decode_chunk, codec.decode_summary):
        with pytest.raises(RoomDamaged):
            decode(bytes(segment))


def packed(body: bytes) -> bytes:
    return b"\x02\x00\x00" + lzma.compress(body, lzma.FORMAT_RAW, filters=codec._FILTERS)


@pytest.mark.parametrize(
    "body",
    [
        b"\x02\x00\x00abc",
        packed(b""),
        packed(b"\x05ab"),
        packed(b"\x00\x01\x01a\x01\x00\x00\x01ab"),
        packed(b"\x00\x00\x05"),
    ],
)
def test_segment_with_valid_checksum_but_invalid_body_is_damaged(body: bytes) -> None:
    with pytest.raises(RoomDamaged):
        codec.decode_chunk(codec.with_checksum(body))


@pytest.mark.parametrize("body", [b"\x02\x00\x00abc", packed(b""), packed(b"\x80"), b"\x02"])
def test_summary_with_valid_checksum_but_invalid_body_is_damaged(body: bytes) -> None:
    with pytest.raises(RoomDamaged):
        codec.decode_summary(codec.with_checksum(body))
