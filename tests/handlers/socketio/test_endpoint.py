"""Tests the whole endpoint: chat reaches text clients, and a stop closes all connections."""

from collections.abc import Callable

from tests.api import Api
from tests.raw_events import RawEvents


async def test_chat_message_reaches_all_clients_of_its_session(ada: Api, bob: Api) -> None:
    session_id, other_id = await ada.new_session(), await ada.new_session()
    member, stranger = (
        await RawEvents.joined(bob, session_id),
        await RawEvents.joined(ada, other_id),
    )

    await ada.post("/chat/send", {"sessionId": session_id, "message": "hello"})
    message = await member.until_event("receive-message")

    assert (message["message"], message["sender"], message["senderId"]) == (
        "hello",
        "ada",
        ada.user["id"],
    )
    assert set(message) == {"id", "message", "sender", "senderId", "timestamp"}
    assert (await stranger.ask("typing", other_id)) == {"ok": True}
    assert "receive-message" not in [event[0] for event in stranger.events]


async def test_stop_of_server_closes_clients(start_server: Callable) -> None:
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    client = await RawEvents.joined(ada, await ada.new_session())

    await server.stop()

    await client.until_closed()
    assert server.parts.socketio.clients.counts == (0, 0)
