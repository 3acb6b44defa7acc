"""Close frames in both directions."""

import asyncio

import pytest

from handlers.sync import close_handshake
from handlers.sync.close_handshake import CloseHandshake
from handlers.sync.frames import CLOSE, PING, Control, FrameError
from tests.handlers.sync.fakes import FakeTransport


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
    await asyncio.sleep(0.01)

    assert transport.is_aborted


async def test_look_for_answer_accepts_only_close_frame() -> None:
    closing, transport = handshake()

    closing.look_for_answer([b"message", Control(PING, b"")])
    assert not transport.is_closed
    closing.look_for_answer([b"message", Control(CLOSE, b"")])

    assert transport.is_closed


async def test_read_keeps_close_code_of_client_and_refuses_bad_ones() -> None:
    closing, _ = handshake()

    assert closing.read(b"\x0f\xa0bye") == b"\x0f\xa0"
    assert closing.client_code == 4_000
    with pytest.raises(FrameError):
        closing.read(b"\x03")
