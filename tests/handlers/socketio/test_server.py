"""Tests Socket.IO packets that no standard client sends, and clients that do not read."""

import json

import pytest

import handlers.socketio.client
import handlers.socketio.events
import handlers.socketio.server
from tests.api import Api
from tests.raw_events import HANDSHAKE, RawEvents
from tests.waiting import until


async def test_client_that_does_not_read_is_dropped(
    start_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not read is dropped, and other clients are not delayed."""
    monkeypatch.setattr(handlers.socketio.server, "_MAX_QUEUED", 20)
    server = await start_server()
    ada, bob = await Api(server.url).sign_up("ada"), await Api(server.url).sign_up("bob")
    session_id = await ada.new_session()
    handshake = await ada.get(HANDSHAKE)  # a polling client that sends no further poll
    sid = json.loads(handshake.body[1:])["sid"]
    for packet in ("40" + json.dumps({"token": ada.token}), f'42["join-session","{session_id}"]'):
        assert (
            await ada.request("POST", f"{HANDSHAKE}&sid={sid}", raw=packet.encode())
        ).status == 200
    other = await RawEvents.joined(bob, session_id)

    for _ in range(40):
        assert (await other.ask("send-message", {"sessionId": session_id, "message": "x"}))["ok"]

    async def online() -> frozenset[str]:
        return server.parts.services.rooms.online(session_id)

    await until(online, lambda users: users == {bob.user["id"]})
    assert (await ada.get(f"{HANDSHAKE}&sid={sid}")).status == 400
    other.close()


@pytest.mark.parametrize(
    "packet",
    [
        "42{}", "42[]", "42", "42[", "4", "49", f"42{'[' * 5_000}", "42nan", '40{"x":1}', "44",
        "4x", '42/x,["y"]',
        f"42[{'9' * 5_000}]",
    ],
)  # fmt: skip
async def test_malformed_packet_drops_its_sender_only(ada: Api, packet: str) -> None:
    """A malformed packet ends the connection of its sender, and other clients are not affected."""
    session_id = await ada.new_session()
    other = await RawEvents.joined(ada, session_id)
    raw = await RawEvents.joined(ada, session_id)

    await raw.send(packet)

    await raw.until_closed()
    assert (await other.ask("typing", session_id)) == {"ok": True}


@pytest.mark.parametrize("packet", ["x", "7", "", "3", "43[1]", "437[1]", "6", "5"])
async def test_unknown_packet_does_not_disturb_others(ada: Api, packet: str) -> None:
    """An unknown or unexpected packet does not affect other clients."""
    session_id = await ada.new_session()
    raw, other = await RawEvents.joined(ada, session_id), await RawEvents.joined(ada, session_id)

    await raw.send(packet)

    assert (await other.ask("typing", session_id)) == {"ok": True}


async def test_binary_event_is_refused(ada: Api) -> None:
    """A binary event is refused, and its attachments are not kept."""
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    await raw.send(
        f'451-["code-change",{{"sessionId":"{session_id}","code":{{"_placeholder":true,"num":0}}}}]'
    )
    await raw.send(b"x" * 1_000)

    assert (await raw.ask("typing", session_id)) == {"ok": True}
    assert raw.errors() == ["invalid"]


@pytest.mark.parametrize(
    "content", ["1," * 40_000 + "1", '{"a":[]},' * 9_000 + "1", '"",' * 30_000 + "1"]
)
async def test_event_with_much_structure_is_refused(ada: Api, content: str) -> None:
    """An event with too much structure is refused with an error that names the bound.

    The connection stays open. Parsing such an event would take 0.1 s per MiB.
    """
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    await raw.send(f'42["typing","{session_id}",{content}]')

    told = await raw.until_event("error-message")
    assert (told["code"], "65536 characters besides long texts" in told["message"]) == (
        "invalid",
        True,
    )
    assert (await raw.ask("typing", session_id)) == {"ok": True}


async def test_event_with_long_text_is_read_whole(ada: Api) -> None:
    """A long text is read completely, with escapes, surrogate pairs and quotes.

    Its place in the event makes no difference.
    """
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)
    text = '"\\\n\t😀é[NaN]{' * 20_000

    for content in (
        {"code": text, "sessionId": session_id},
        {"sessionId": session_id, "x": [text], "code": text[1:]},
    ):
        assert (await raw.ask("code-change", content)) == {"ok": True}
        assert (await ada.live(session_id))["code"] == content["code"]
