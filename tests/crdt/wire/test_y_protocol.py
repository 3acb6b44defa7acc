"""Tests of the codec for the y-protocols."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.errors import ProtocolError
from crdt.wire import y_protocol
from crdt.wire.y_protocol import (
    AwarenessEntry,
    AwarenessUpdate,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    Unknown,
)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("00000100", SyncStep1(b"\x00")),
        ("0001020000", SyncStep2(b"\x00\x00")),
        ("000203616263", SyncUpdate(b"abc")),
        ("010100", AwarenessUpdate(())),
        ("0109010701056e756c6c", None),
        ("03", QueryAwareness()),
        ("2a0102", Unknown(42)),
        ("02000161", Unknown(2)),
    ],
)
def test_decode_reads_frames_of_stock_clients(
    frame: str, message: y_protocol.Message | None
) -> None:
    """Frames of stock clients are decoded."""
    if message is None:
        with pytest.raises(ProtocolError):
            y_protocol.decode(bytes.fromhex(frame))
    else:
        assert y_protocol.decode(bytes.fromhex(frame)) == message


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "00",
        "0000",
        "000005",
        "000300",
        "00000100ff",
        "0300",
        "01",
        "0102ff00",
        "010101",
        "0104010101ff",
        "80",
    ],
)
def test_decode_of_malformed_frame_is_refused(frame: str) -> None:
    """Everything that is not exactly one frame is refused."""
    with pytest.raises(ProtocolError):
        y_protocol.decode(bytes.fromhex(frame))


def test_awareness_decodes_to_what_was_encoded() -> None:
    """States and removals are read back unchanged, with characters beyond ASCII, too."""
    entries = [AwarenessEntry(1, 2, '{"name":"é😀"}'), AwarenessEntry(2**53 - 1, 0, None)]

    decoded = y_protocol.decode(y_protocol.awareness_update(entries))

    assert decoded == AwarenessUpdate(tuple(entries))


def test_awareness_that_is_not_utf8_or_miscounts_is_refused() -> None:
    """A state must be UTF-8, and the declared count must fit."""
    with pytest.raises(ProtocolError, match="UTF-8"):
        y_protocol.decode(bytes.fromhex("0105" + "01" + "0101" + "01ff"))
    with pytest.raises(ProtocolError, match="more entries"):
        y_protocol.decode(bytes.fromhex("0104" + "ffffff7f"))


def test_awareness_frame_over_entry_limit_is_refused() -> None:
    """A frame may have as many entries as a full room has, but not as many as fit into 4 MB."""
    entries = [AwarenessEntry(number, 1, None) for number in range(513)]

    y_protocol.decode(y_protocol.awareness_update(entries[:512]))
    with pytest.raises(ProtocolError, match="too large"):
        y_protocol.decode(y_protocol.awareness_update(entries))


@given(st.dictionaries(st.integers(0, 2**53 - 1), st.integers(0, 2**31 - 1)))
def test_state_vector_decodes_to_what_was_encoded(clocks: dict[int, int]) -> None:
    """A strict reader reads the clocks of a question back unchanged."""
    frame = y_protocol.sync_step1(clocks)

    message = y_protocol.decode(frame)

    assert isinstance(message, SyncStep1)
    assert y_protocol.decode_state_vector(message.state_vector) == clocks


@pytest.mark.parametrize(
    "vector", ["", "ffffff7f", "01", "0101", "0101ffffffff0f", "0201010102", "000000"]
)
def test_state_vector_that_is_invalid_is_refused(vector: str) -> None:
    """Too large counts, repeated clients, clocks over 31 bits and extra bytes are refused."""
    with pytest.raises(ProtocolError):
        y_protocol.decode_state_vector(bytes.fromhex(vector))


def test_encode_of_server_frames_gives_exact_bytes() -> None:
    """The other frames of the server have exactly these bytes."""
    assert y_protocol.sync_step2(b"\x00\x00") == bytes.fromhex("0001020000")
    assert y_protocol.sync_update(b"ab") == bytes.fromhex("0002026162")
    assert y_protocol.permission_denied("no") == bytes.fromhex("0200026e6f")
    assert y_protocol.saved(300) == bytes.fromhex("6602ac02")
    assert y_protocol.decode(y_protocol.KEEP_ALIVE) == AwarenessUpdate(())
