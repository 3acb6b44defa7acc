"""Tests one socket on a fake transport: its states, and its handling of bytes in each state."""

import asyncio
from collections.abc import Callable

import pytest

from handlers.close_codes import Close
from handlers.connections import SocketLimits, _Silence
from handlers.sync import rate_gate, websocket
from handlers.sync.send_queue import LARGE_FRAME_BYTES
from tests.handlers.sync.fakes import USUAL, Scene, turn
from tests.raw_frames import CLOSE, PING, masked
from tests.waiting import until

UPDATE = USUAL + b"abc"


def close_frame(payload: bytes) -> bytes:
    return bytes((0x88, len(payload))) + payload


async def test_message_waits_until_go_on() -> None:
    scene = Scene(is_open=False)

    scene.socket.data_received(masked(UPDATE) + masked(b"second"))
    assert scene.receiver.received == []
    scene.socket.go_on()

    assert scene.receiver.received == [UPDATE, b"second"]
    assert scene.transport.is_reading()


async def test_large_message_is_handled_elsewhere_and_next_one_waits() -> None:
    scene = Scene()
    large = USUAL + bytes(LARGE_FRAME_BYTES)

    scene.socket.data_received(masked(large) + masked(UPDATE))
    assert (scene.receiver.received, scene.transport.is_reading()) == ([], False)
    scene.socket.data_received(masked(b"third"))
    await turn()

    assert (scene.receiver.large, scene.receiver.received) == ([large], [UPDATE, b"third"])
    assert scene.transport.is_reading()


async def test_message_over_cost_limit_waits_and_is_counted() -> None:
    """The receiver decides the cost of an unusual message, and its client may have to wait."""
    scene = Scene(SocketLimits(updates_per_s=1_000, updates_burst=5))

    scene.socket.data_received(masked(b"?") + masked(UPDATE))
    assert scene.receiver.received == []
    assert scene.connections.slowed == scene.connections.limit_counters["updates_per_s"] == 1

    await until(lambda: scene.receiver.received == [b"?", UPDATE])


async def test_bytes_over_rate_are_accepted_and_pause_reading() -> None:
    scene = Scene(SocketLimits(bytes_per_s=1_000, sync_bytes=2_000))

    scene.socket.data_received(b"".join(masked(b"\x2a" * 1_000) for _ in range(7)))

    assert len(scene.receiver.received) == 7
    assert not scene.transport.is_reading()
    assert scene.connections.limit_counters["update_bytes_per_s"] == 1


async def test_client_over_rate_for_too_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_gate, "_MAX_OVER_S", -1.0)
    scene = Scene(SocketLimits(updates_burst=1))

    scene.socket.data_received(masked(UPDATE) * 3)

    assert scene.transport.take() == close_frame(
        b'\x03\xf0{"code":"too_fast","limit":"updates_per_s","message":"This client sent too much '
        b'for ten seconds."}'
    )
    assert scene.connections.too_fast == 1


@pytest.mark.parametrize(
    ("sent", "payload"),
    [
        (b"\x82\x01a", b'\x03\xea{"code":"malformed","message":"frame without a mask"}'),
        (
            masked(b"a", flags=0x40),
            b'\x03\xea{"code":"malformed","message":"reserved bits are set"}',
        ),
        (
            masked(b"\x03\xe8\xff", CLOSE),
            b'\x03\xef{"code":"malformed","message":"close reason that is not UTF-8"}',
        ),
        (
            b"\x82\xff" + (1 << 40).to_bytes(8, "big"),
            b'\x03\xf1{"code":"too_large","limit":"max_sync_bytes","message":"message too large"}',
        ),
    ],
)
async def test_malformed_frame_closes_and_later_data_is_ignored(
    sent: bytes, payload: bytes
) -> None:
    """The close reason is given as literal bytes, because clients know them."""
    scene = Scene()

    scene.socket.data_received(sent)
    scene.socket.data_received(masked(UPDATE) + masked(b"", CLOSE))

    assert scene.transport.take() == close_frame(payload)
    assert (scene.transport.has_ended, scene.transport.is_closed) == (True, False)
    assert scene.receiver.received == []


async def test_text_message_is_refused() -> None:
    scene = Scene()

    scene.socket.data_received(masked(b"hi", 1))

    assert scene.transport.take() == close_frame(
        b'\x11\x30{"code":"malformed","message":"binary messages only"}'
    )


async def test_ping_is_answered() -> None:
    scene = Scene()

    scene.socket.data_received(masked(b"x", PING))

    assert scene.transport.take() == b"\x8a\x01x"


@pytest.mark.parametrize(("payload", "code"), [(b"\x0f\xa0bye", 4_000), (b"", None)])
async def test_close_of_client_is_echoed_and_reported_to_receiver(
    payload: bytes, code: int | None
) -> None:
    scene = Scene()

    scene.socket.data_received(masked(payload, CLOSE))
    scene.socket.connection_lost(None)

    assert scene.transport.take() == close_frame(payload[:2])
    assert scene.transport.is_closed
    assert scene.receiver.gone_with == [code]


async def test_data_after_own_close_frame_is_ignored_until_client_closes() -> None:
    scene = Scene()

    scene.socket.send(b"last")
    scene.socket.close(Close.RESTART)
    scene.socket.data_received(masked(UPDATE))
    assert (scene.receiver.received, scene.transport.is_closed) == ([], False)
    scene.socket.data_received(masked(b"\x03\xf4", CLOSE))

    assert scene.transport.take() == b"\x82\x04last" + close_frame(
        b'\x03\xf4{"code":"restart","message":"The server restarts."}'
    )
    assert scene.transport.is_closed
    assert scene.connections.closes == {1012: 1}


async def test_close_repeated_does_nothing() -> None:
    scene = Scene()

    scene.socket.close(Close.RESTART)
    scene.socket.close(Close.TOO_SLOW)

    assert scene.connections.closes == {1012: 1}
    assert scene.socket.is_closing


async def test_client_that_does_not_read_is_closed_without_queued_data() -> None:
    scene = Scene()

    scene.socket.send(b"never read")
    scene.socket.pause_writing()

    assert scene.transport.take() == close_frame(
        b'\x03\xf5{"code":"too_slow","limit":"max_queued_bytes","message":"This client reads too '
        b'slowly."}'
    )
    assert scene.connections.too_slow == 1


async def test_lost_connection_accepts_and_sends_nothing_more() -> None:
    """After the connection is lost, messages that wait are dropped and references are released."""
    scene = Scene()
    scene.socket.data_received(masked(USUAL + bytes(LARGE_FRAME_BYTES)) + masked(UPDATE))

    scene.socket.connection_lost(None)
    scene.socket.send(b"late")
    scene.socket.go_on()
    await turn()

    assert (scene.receiver.large, scene.receiver.received, scene.transport.take()) == ([], [], b"")
    assert not hasattr(scene.socket, "_receiver")


async def test_poll_reports_activity_since_last_poll() -> None:
    scene = Scene()
    scene.socket.poll()

    assert scene.socket.poll() == (False, False)
    scene.socket.data_received(masked(UPDATE))
    assert scene.socket.poll() == (False, True)
    scene.socket.queue.send_framed(b"x")
    assert scene.socket.poll() == (True, False)


def wait_a_minute(scene: Scene) -> bool:
    """Let a minute pass in which no byte is read; return whether the connection was cut."""
    silence = _Silence()
    for _ in range(15):
        scene.connections._check(scene.socket, silence, 4)
    return scene.transport.is_aborted


async def test_client_is_not_cut_off_while_its_message_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the server does not read, the client's answers to pings cannot arrive.

    On a busy machine, a large edit may take longer than the answer to a ping may take.
    """
    scene, is_taken = Scene(), asyncio.Event()

    async def receive_large(*_: object) -> None:
        await is_taken.wait()

    monkeypatch.setattr(scene.receiver, "receive_large", receive_large)
    scene.socket.data_received(masked(USUAL + bytes(LARGE_FRAME_BYTES)))
    await turn()

    assert not wait_a_minute(scene)
    is_taken.set()
    await until(scene.transport.is_reading)
    assert wait_a_minute(scene)


async def test_client_is_not_cut_off_while_its_room_is_loaded() -> None:
    """Nothing is read before the client has joined."""
    scene = Scene(is_open=False)

    assert not wait_a_minute(scene)
    scene.socket.go_on()
    assert wait_a_minute(scene)


def work(monkeypatch: pytest.MonkeyPatch, scene: Scene, work_s: float) -> None:
    """Make serving a message take `work_s` seconds."""
    scene.receiver.work_s = work_s
    monkeypatch.setattr(websocket, "_clock", lambda: scene.receiver.now)


async def test_messages_that_take_long_are_served_in_several_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When messages take long, a turn of the event loop serves one large or eight other messages.

    Further messages are served in later turns.
    """
    scene = Scene()
    work(monkeypatch, scene, 0.006)
    long = USUAL + bytes(200)

    scene.socket.data_received(masked(UPDATE) * 10 + masked(long) * 3)
    assert (len(scene.receiver.received), scene.transport.is_reading()) == (8, False)
    await turn()
    assert len(scene.receiver.received) > 8

    await until(scene.transport.is_reading)
    assert scene.receiver.received == [UPDATE] * 10 + [long] * 3
    assert scene.connections.slowed == 0


async def test_client_whose_messages_take_long_waits_in_proportion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If the messages of a client take long, the client must wait in proportion.

    Then it is read again. It is never closed for this, and all connections of one user wait
    together.
    """
    scene = Scene(SocketLimits(work_per_s=10, work_burst_s=0.1))
    scene.socket.count_work_of("ada")
    work(monkeypatch, scene, 0.6)

    scene.socket.data_received(masked(UPDATE))

    assert (scene.receiver.received, scene.transport.is_reading()) == ([UPDATE], False)
    assert scene.connections.work_of(
        "ada", asyncio.get_running_loop().time()
    ).tokens == pytest.approx(-0.5, abs=0.1)
    assert scene.connections.slowed == 1
    await until(scene.transport.is_reading)
    scene.receiver.work_s = 0.0
    scene.socket.data_received(masked(UPDATE))
    assert scene.transport.is_reading()


async def test_client_that_waits_long_is_told_the_whole_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client learns the whole length of a long wait.

    The wait may consist of several pauses of ten seconds.

    It does not learn of a short pause.
    """
    scene = Scene(SocketLimits(work_per_s=0.1, work_burst_s=0.1))
    work(monkeypatch, scene, 0.2)
    scene.socket.data_received(masked(UPDATE))
    await until(scene.transport.is_reading)
    assert scene.receiver.slowed_s == []

    work(monkeypatch, scene, 3)
    scene.socket.data_received(masked(UPDATE))

    assert scene.receiver.slowed_s == [pytest.approx(30, abs=2)]
    scene.socket.connection_lost(None)


@pytest.mark.parametrize("is_held", [False, True])
async def test_message_taken_later_is_served_before_later_messages(
    monkeypatch: pytest.MonkeyPatch, is_held: bool
) -> None:
    """A message that the receiver takes later is served before all messages after it.

    No message is lost or reordered.
    """
    scene = Scene(is_open=not is_held)
    receiver, order = scene.receiver, list[bytes]()

    def receive(message: bytes) -> None:
        if message.endswith(b"later"):
            scene.socket.take_later(message)
        else:
            order.append(message)

    async def receive_large(message: bytes, _: object) -> None:
        await turn()
        order.append(message)

    monkeypatch.setattr(receiver, "receive", receive)
    monkeypatch.setattr(receiver, "receive_large", receive_large)
    messages = [USUAL + name for name in (b"1", b"2 later", b"3", b"4 later", b"5 later", b"6")]
    scene.socket.data_received(b"".join(map(masked, messages)))
    if is_held:
        scene.socket.go_on()
    for _ in range(10):
        await turn()
    scene.socket.data_received(masked(UPDATE))

    assert order == [*messages, UPDATE]
    assert scene.transport.is_reading()


async def test_work_of_large_message_is_counted() -> None:
    scene = Scene(SocketLimits(work_per_s=10, work_burst_s=0.1))
    scene.receiver.work_s = 0.6

    scene.socket.data_received(masked(USUAL + bytes(LARGE_FRAME_BYTES)))
    await turn()

    assert (len(scene.receiver.large), scene.transport.is_reading()) == (1, False)
    await until(scene.transport.is_reading)


@pytest.mark.parametrize(
    "message", [b"?" + UPDATE, USUAL + bytes(LARGE_FRAME_BYTES)], ids=["held", "large"]
)
async def test_unexpected_error_in_delayed_message_closes_and_is_logged(
    message: bytes, expect_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error in a message that waited closes the connection.

    Otherwise the client would wait for ever, because nothing is read any more.
    """
    expect_log("the task .messages that waited. ended unexpectedly")
    scene = Scene(SocketLimits(updates_per_s=1_000, updates_burst=5))

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scene.receiver, "receive", fail)
    monkeypatch.setattr(scene.receiver, "receive_large", fail)
    scene.socket.data_received(masked(message))
    await until(lambda: scene.socket.is_closing)

    assert scene.transport.take() == close_frame(
        b'\x03\xf3{"code":"internal","message":"The server failed; it was logged."}'
    )
