"""Tests what our class adds to a connection of engineio."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError
from engineio.packet import MESSAGE, PING, PONG, Packet

from handlers.socketio import engine
from handlers.socketio.engine import MAX_PACKETS, EngineServer, EngineSocket
from tests.waiting import until


async def count_nothing(_key: str, _content: object) -> None:
    """Count nothing."""


def new_server() -> EngineServer:
    """Return a server that lets everybody send many packets, and does not count them."""
    return EngineServer(count=count_nothing, may_send_many=lambda _key: True, async_mode="tornado")


@pytest.fixture
async def socket() -> EngineSocket:
    """A connection that the library created and that our class adopted."""
    return EngineSocket.adopt(AsyncSocket(new_server(), "key"))


def queued(socket: EngineSocket) -> list[tuple[int, Any]]:
    packets = [socket.queue.get_nowait() for _ in range(socket.queue.qsize())]
    return [(packet.packet_type, packet.data) for packet in packets]


async def test_confirm_calls_back_with_answer_to_its_own_ping(socket: EngineSocket) -> None:
    calls: list[str] = []
    await socket.send(Packet(PING))
    socket.queue_message("first")
    socket.confirm(lambda: calls.append("first"))

    await socket.receive(Packet(PONG))
    assert calls == []
    await socket.receive(Packet(PONG))

    assert calls == ["first"]
    assert [kind for kind, _ in queued(socket)] == [PING, MESSAGE, PING]


async def test_answer_without_ping_is_ignored(socket: EngineSocket) -> None:
    await socket.receive(Packet(PONG))

    assert queued(socket) == []


def request(body: bytes) -> dict[str, Any]:
    """Return a request in the form that engineio passes on."""
    return {"tornado.handler": SimpleNamespace(request=SimpleNamespace(body=body))}


@pytest.mark.parametrize(
    "body",
    [
        "\ud800",
        "4",
        "4x",
        "42[]\x1e",
        "x",
        "7",
        "0",
        "4[1]",
        "3" + "x" * 16,
        "²",
        "d=42[]",
        "\x1e".join(["3"] * (MAX_PACKETS + 1)),
    ],
)
async def test_bad_request_is_an_engine_error(socket: EngineSocket, body: str) -> None:
    """A malformed request is refused, even if the library would parse it in another way."""
    with pytest.raises(EngineIOError):
        await socket.handle_post_request(request(body.encode(errors="surrogatepass")))


async def test_packets_of_a_request_are_counted_and_taken_in_order(socket: EngineSocket) -> None:
    counted: list[object] = []

    async def count(key: str, content: object) -> None:
        assert key == "key"
        counted.append(content)

    socket.server.count = count
    packets = [f"42[{number}]" for number in range(MAX_PACKETS - 1)]

    await socket.handle_post_request(request("\x1e".join([*packets, "bAAAA"]).encode()))

    assert counted == [*(packet[1:] for packet in packets), b""]


async def test_goodbye_may_follow_the_packet_that_ends_the_sign_in(socket: EngineSocket) -> None:
    """A stock client sends its goodbye in one request with the packet that ends the sign-in.

    Any other second packet is refused before the sign-in.
    """
    socket.server.may_send_many = lambda _key: False

    with pytest.raises(EngineIOError):
        await socket.handle_post_request(request(b"\x1e".join([b"41", b"40"])))
    assert not socket.closed
    await socket.handle_post_request(request(b"\x1e".join([b"41", b"1"])))
    assert socket.closed


async def test_others_are_served_between_packets_of_a_request(socket: EngineSocket) -> None:
    taken: list[object] = []
    taken_at_turns: list[int] = []
    loop = asyncio.get_running_loop()

    async def count(_: str, content: object) -> None:
        taken.append(content)

    def turn() -> None:
        taken_at_turns.append(len(taken))
        if len(taken) < 10:
            loop.call_soon(turn)

    socket.server.count = count
    loop.call_soon(turn)

    await socket.handle_post_request(request(b"\x1e".join([b"42[]"] * 10)))

    assert set(range(1, 10)) <= set(taken_at_turns)


async def test_second_request_while_one_is_handled_is_refused(socket: EngineSocket) -> None:
    """A second request is refused while the first is handled.

    The protocol requires that a client waits for the answer before its next request.
    """
    go_on = asyncio.Event()

    async def count(_: str, _content: object) -> None:
        await go_on.wait()

    socket.server.count = count
    first = asyncio.create_task(socket.handle_post_request(request(b"42[]")))
    await asyncio.sleep(0)

    with pytest.raises(EngineIOError):
        await socket.handle_post_request(request(b"42[]"))
    go_on.set()
    await first


async def test_request_that_fails_unexpectedly_is_an_engine_error(
    socket: EngineSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AsyncSocket, "receive", fail)

    with pytest.raises(EngineIOError):
        await socket.handle_post_request(request(b"42[]"))


async def test_answer_to_a_ping_is_not_counted_twice(socket: EngineSocket) -> None:
    """An answer to our ping is not counted, because the message before that ping was counted.

    An answer without a ping is counted like any other packet.
    """
    counted: list[object] = []

    async def count(_: str, content: object) -> None:
        counted.append(content)

    socket.server.count = count
    await socket.send(Packet(PING))

    await socket.receive(Packet(PONG))
    assert counted == []
    await socket.receive(Packet(PONG))
    assert len(counted) == 1


async def test_client_is_pinged_and_not_closed_while_its_message_takes_long(
    socket: EngineSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a message is handled, answers to pings wait behind it.

    The library would send no further ping, and would close the client.
    """
    is_taken = asyncio.Event()

    async def take(_key: str, _data: object) -> None:
        await is_taken.wait()

    socket.server.on("message", take)
    socket.server.async_handlers = False  # as Socket.IO sets it
    monkeypatch.setattr(engine, "_BEAT_S", 0.001)
    taking = asyncio.create_task(socket.receive(Packet(MESSAGE, data="2[]")))
    await until(lambda: socket.queue.qsize() >= 2)
    assert {kind for kind, _ in queued(socket)} == {PING}
    socket.last_ping = 1.0

    assert await socket.check_ping_timeout()
    is_taken.set()
    await taking

    assert await socket.check_ping_timeout()
    for _ in range(len(socket._arrivals)):
        await socket.receive(Packet(PONG))
    socket.last_ping = 1.0
    assert not await socket.check_ping_timeout()


async def test_client_is_not_closed_until_its_last_packet_is_read(socket: EngineSocket) -> None:
    """The next packet already waits for its turn while the one before it is handled."""
    first, second = socket.unread(), socket.unread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    socket.last_ping = 1.0

    assert await socket.check_ping_timeout()
    second.__exit__(None, None, None)
    assert await socket.check_ping_timeout()
    socket.last_ping = 1.0
    assert not await socket.check_ping_timeout()


async def test_close_does_not_wait_for_client_that_never_asks_again(socket: EngineSocket) -> None:
    socket.queue_message("never read")

    await socket.close()

    assert socket.closed


def test_websocket_of_library_is_replaced_for_this_server_only() -> None:
    ours, theirs = new_server(), EngineServer.__mro__[1](async_mode="tornado")

    assert ours._async["websocket"] is not theirs._async["websocket"]
