"""Tests close frames in both directions."""

import asyncio

import pytest

from handlers.sync import close_handshake
from handlers.sync.close_handshake import CloseHandshake
from handlers.sync.frames import FrameError
from tests.handlers.sync.fakes import FakeTransport
from tests.raw_frames import CLOSE, PING, masked
from tests.waiting import until


def handshake() -> tuple[CloseHandshake, FakeTransport]:
    closing, transport = CloseHandshake(asyncio.get_running_loop()), FakeTransport()
    closing.open(transport)
    return closing, transport


async def test_start_sends_close_frame_and_keeps_reading() -> None:
    closing, transport = handshake()

    closing.start(b"\x03\xe8")

    assert (transport.take(), transport.is_reading()) == (b"\x88\x02\x03\xe8", True)


async def test_client_without_answer_to_close_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(close_handshake, "_PATIENCE_S", 0.0)
    closing, transport = handshake()

    closing.start(b"")

    await until(lambda: transport.is_aborted)


@pytest.mark.parametrize("step", [1, 7, 1_000, 1 << 20])
@pytest.mark.parametrize(
    "before",
    [
        b"",
        masked(b"message"),
        masked(b"x" * 70_000),
        masked(b"", PING),
        masked(b"half", is_final=False),
    ],
)
@pytest.mark.parametrize(
    "close", [masked(b"", CLOSE), masked(b"\x03\xe8bye", CLOSE), b"\x82\x05hello"]
)
async def test_look_for_answer_accepts_only_close_frame(
    before: bytes, close: bytes, step: int
) -> None:
    """Only a close frame, or a frame that no client may send, ends the wait for the answer.

    Data may arrive in pieces of any size, and none of it is kept.
    """
    closing, transport = handshake()

    for at in range(0, len(before), step):
        closing.look_for_answer(before[at : at + step])
        assert not transport.is_closed
        assert closing._finder
        assert len(closing._finder._rest) < 14
    for at in range(0, len(close), step):
        closing.look_for_answer(close[at : at + step])

    assert transport.is_closed


async def test_read_keeps_close_code_of_client_and_refuses_bad_ones() -> None:
    closing, _ = handshake()

    assert closing.read(b"\x0f\xa0bye") == b"\x0f\xa0"
    assert closing.client_code == 4_000
    with pytest.raises(FrameError):
        closing.read(b"\x03")
