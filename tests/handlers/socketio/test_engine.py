"""What our class adds to a connection of engineio."""

from typing import Any

import pytest
from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError
from engineio.packet import MESSAGE, PING, PONG, Packet
from engineio.payload import Payload

from handlers.socketio.engine import EngineServer, EngineSocket


@pytest.fixture
async def socket() -> EngineSocket:
    """A connection as the library creates it, adopted."""
    server = EngineServer(async_mode="tornado")
    return EngineSocket.adopt(AsyncSocket(server, "key"))


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


async def test_request_that_cannot_be_decoded_is_an_engine_error(
    socket: EngineSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("not a packet")

    monkeypatch.setattr(AsyncSocket, "handle_post_request", fail)

    with pytest.raises(EngineIOError):
        await socket.handle_post_request({})


async def test_close_does_not_wait_for_client_that_never_asks_again(socket: EngineSocket) -> None:
    socket.queue_message("never read")

    await socket.close()

    assert socket.closed


def test_many_packets_in_one_request_are_accepted() -> None:
    assert Payload.max_decode_packets == 10_000


def test_websocket_of_library_is_replaced_for_this_server_only() -> None:
    ours, theirs = EngineServer(async_mode="tornado"), EngineServer.__mro__[1](async_mode="tornado")

    assert ours._async["websocket"] is not theirs._async["websocket"]
