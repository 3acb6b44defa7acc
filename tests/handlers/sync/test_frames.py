"""Tests WebSocket frames that arrive in any pieces, and frames that RFC 6455 forbids."""

import random

import pytest

from handlers.sync import frames
from handlers.sync.frames import CLOSE, PING, PONG, TEXT, Control, FrameError, FrameReader
from tests.raw_frames import masked

MESSAGES = [b"", b"a", b"b" * 125, b"c" * 126, b"d" * 65_535, b"e" * 65_536, b"f"]


@pytest.mark.parametrize("seed", range(10))
def test_frames_cut_into_any_pieces_read_the_same(seed: int) -> None:
    """Messages, fragments and control frames do not depend on how the bytes are cut."""
    source = random.Random(seed)
    wire, expected = b"", []
    for message in source.sample(MESSAGES, len(MESSAGES)):
        if message and source.random() < 0.5:
            cut = source.randrange(len(message) + 1)
            wire += masked(message[:cut], is_final=False) + masked(b"?", PING)
            wire += masked(b"", 0, is_final=False) + masked(message[cut:], 0)
            expected += [Control(PING, b"?"), message]
        else:
            wire += masked(message) + masked(b"!", PONG)
            expected += [message, Control(PONG, b"!")]
    reader, items, at = FrameReader(1 << 20), [], 0
    while at < len(wire):
        size = source.choice([1, 2, 3, 5, 7, 100, 70_000])
        items += reader.feed(wire[at : at + size])
        at += size
    assert items == expected


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"\x82\x01a", 1002),
        (b"\x82\x00", 1002),
        (masked(b"a", flags=0x40), 1002),
        (masked(b"a", flags=0x20), 1002),
        (masked(b"a", flags=0x10), 1002),
        (masked(b"a", 3), 1002),
        (masked(b"a", 7), 1002),
        (masked(b"a", 11), 1002),
        (masked(b"a", 15), 1002),
        (masked(b"a", PING, is_final=False), 1002),
        (masked(b"a" * 126, PING), 1002),
        (masked(b"a", 0), 1002),
        (masked(b"a", is_final=False) + masked(b"b"), 1002),
        (masked(b"a" * 1_001), 1009),
        (masked(b"a" * 600, is_final=False) + masked(b"b" * 401, 0), 1009),
        (b"\x82\xff" + b"\xff" * 8, 1009),
        (b"\x82\xff" + (1_001).to_bytes(8, "big"), 1009),
    ],
)
def test_frame_that_is_not_allowed_is_reported_as_error(wire: bytes, code: int) -> None:
    """A forbidden frame is reported as soon as possible, after the messages before it."""
    items = FrameReader(1_000).feed(masked(b"before") + wire)
    assert items[0] == b"before"
    assert isinstance(items[-1], FrameError)
    assert items[-1].close.code == code


def test_message_up_to_maximum_size_is_accepted() -> None:
    """A message of the maximum size is accepted, whole and in fragments."""
    reader = FrameReader(1_000)
    assert reader.feed(masked(b"a" * 1_000)) == [b"a" * 1_000]
    assert reader.feed(masked(b"a" * 400, is_final=False) + masked(b"a" * 600, 0)) == [b"a" * 1_000]
    assert reader.fragments == 2


def test_text_message_is_distinguished_from_binary() -> None:
    """The reader reports a text message as a control item, so the socket can refuse it."""
    for is_final in (True, False):
        item = FrameReader(10).feed(masked(b"hi", TEXT, is_final=is_final))[0]
        assert isinstance(item, Control)
        assert item.opcode == TEXT


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4404, 4999])
def test_read_close_returns_allowed_code(code: int) -> None:
    assert frames.read_close(code.to_bytes(2, "big") + "grüß".encode()) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        *(
            (number.to_bytes(2, "big"), 1002)
            for number in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)
        ),
        (b"\x03", 1002),
        (b"\x03\xe8\xff", 1007),
    ],
)
def test_read_close_of_forbidden_code_or_bad_text_raises(payload: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        frames.read_close(payload)
    assert caught.value.close.code == code


def test_read_close_of_empty_payload_returns_none() -> None:
    assert frames.read_close(b"") is None


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_framed_message_has_shortest_header_without_mask(size: int) -> None:
    """A frame of the server has no mask and the shortest possible header."""
    wire = frames.framed(b"x" * size)
    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert len(wire) == head + size
    assert wire[0] == 0x82
    assert frames.control(CLOSE, b"\x03\xe8") == b"\x88\x02\x03\xe8"


def test_released_reader_keeps_nothing() -> None:
    """`release` returns the bytes of an incomplete frame. Fragments of a message are dropped."""
    reader = FrameReader(1 << 20)
    frame = masked(b"x" * 70_000, 0)

    assert reader.feed(masked(b"part", is_final=False) + frame[:50_000]) == []
    assert reader.release() == frame[:50_000]
    assert reader.release() == b""
    assert (reader._rest, reader._parts) == ([], None)
