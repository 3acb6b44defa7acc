"""Tests when queued frames are sent, and how many bytes may be on their way."""

import asyncio

from handlers.sync.send_queue import LARGE_FRAME_BYTES, SendQueue
from tests.handlers.sync.fakes import FakeTransport, turn


def opened(max_bytes: int = 1_000) -> tuple[SendQueue, FakeTransport]:
    queue, transport = SendQueue(asyncio.get_running_loop(), max_bytes), FakeTransport()
    queue.start(transport)
    return queue, transport


async def test_frames_of_one_turn_leave_in_one_write() -> None:
    queue, transport = opened()

    queue.send(b"a")
    queue.send_framed(b"\x82\x01b")
    queue.send(b"c")
    assert transport.written == []
    await turn()

    assert transport.written == [b"\x82\x01a\x82\x01b\x82\x01c"]


async def test_framed_data_alone_leaves_immediately() -> None:
    queue, transport = opened()

    queue.send_framed(b"\x82\x01b")

    assert transport.written == [b"\x82\x01b"]


async def test_large_frame_raises_queue_limit_until_it_is_sent() -> None:
    queue, transport = opened()

    queue.send(bytes(LARGE_FRAME_BYTES + 1))
    assert (len(transport.written), transport.high) == (1, 1_000 + LARGE_FRAME_BYTES + 1)
    transport.queued = 1
    queue.reset_limit()
    assert transport.high > 1_000
    transport.queued = 0
    queue.reset_limit()

    assert transport.high == 1_000


async def test_parts_of_one_answer_raise_queue_limit_by_their_sum() -> None:
    """The parts of one answer are sent immediately, after frames that were queued before.

    All of them may be on their way together.
    """
    queue, transport = opened()

    queue.send(b"a")
    queue.send_parts([b"b", bytes(LARGE_FRAME_BYTES), b"c"])

    (written,) = transport.written
    assert written.startswith(b"\x82\x01a\x82\x01b")
    assert written.endswith(b"\x82\x01c")
    assert transport.high == 1_000 + LARGE_FRAME_BYTES + 2
    queue.reset_limit()
    assert transport.high == 1_000


async def test_end_writes_queued_frames_and_no_later_frame() -> None:
    queue, transport = opened()

    queue.send(b"a")
    queue.end()
    queue.send(b"b")
    queue.send_framed(b"c")
    await turn()

    assert transport.written == [b"\x82\x01a"]


async def test_nothing_is_sent_before_the_queue_starts() -> None:
    queue = SendQueue(asyncio.get_running_loop(), 1_000)

    queue.send(b"a")
    queue.send_framed(b"b")
    queue.send_parts([b"c"])
    queue.reset_limit()
    queue.flush()
