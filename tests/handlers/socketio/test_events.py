"""Tests which events a signed-in Socket.IO client may send, and the errors of refused events."""

import asyncio
import json

import pytest

import crdt.room.room
import handlers.socketio.client
import handlers.socketio.events
import handlers.socketio.server
from crdt.errors import CrdtError
from tests.api import Api
from tests.handlers.everybody import WHO, World
from tests.raw_events import RawEvents

ACCESS = {
    "link": {
        "join-session": ("not_signed_in", "ok", "forbidden", "removed", "ok", "ok", "ok"),
        "code-change": (
            "not_signed_in",
            "forbidden",
            "not_joined",
            "not_joined",
            "forbidden",
            "ok",
            "ok",
        ),
        "send-message": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
        "typing": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
        "stop-typing": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
        "leave-session": ("not_signed_in", "ok", "not_joined", "not_joined", "ok", "ok", "ok"),
    },
    "invite": {
        "join-session": ("not_signed_in", "not_found", "not_found", "removed", "ok", "ok", "ok")
    },
    "ended": {
        "code-change": (
            "not_signed_in",
            "session_ended",
            "not_joined",
            "not_joined",
            *("session_ended",) * 3,
        ),
        "send-message": (
            "not_signed_in",
            "session_ended",
            "not_joined",
            "not_joined",
            *("session_ended",) * 3,
        ),
    },
}
"""{kind of session: {event: its result for each client, in the order of WHO}}.

A stranger who joins by the link becomes a viewer."""


@pytest.mark.parametrize("kind", ACCESS)
async def test_event_is_allowed_by_role(server, kind: str) -> None:
    assert set(server.parts.socketio.events.names) == set(ACCESS["link"])
    fields = {"link": {}, "invite": {"access": "invite"}, "ended": {"status": "ended"}}[kind]
    for event, expected in ACCESS[kind].items():
        world = await World.make(server.url, prefix=event.replace("-", "")[:8] + kind)
        session_id = await world.session(**fields)
        outcomes = []
        for who in WHO:
            raw = await RawEvents.open(world.clients[who])
            kind_of_answer, told = await raw.sign_in({"token": world.clients[who].token})
            if kind_of_answer == "44":
                outcomes.append(told["data"]["code"])
                continue
            if event != "join-session":
                await raw.ask("join-session", session_id)
            answer = await raw.ask(event, {"sessionId": session_id, "code": who, "message": who})
            outcomes.append("ok" if answer["ok"] else answer["error"]["code"])
        assert tuple(outcomes) == expected, event


@pytest.mark.parametrize(
    ("event", "arguments", "code", "named"),
    [
        ("nonsense", [], "unknown_event", None),
        ("connect", [{}], "unknown_event", None),
        ("disconnect", [], "unknown_event", None),
        ("error-message", [{}], "unknown_event", None),
        (5, [], "unknown_event", None),
        ("join-session", [], "invalid", "sessionId"),
        ("join-session", [5], "invalid", "payload"),
        ("join-session", [None], "invalid", "payload"),
        ("join-session", [{"sessionId": 5}], "invalid", "sessionId"),
        ("join-session", [""], "invalid", "sessionId"),
        ("join-session", ["x" * 65], "invalid", "sessionId"),
        ("join-session", ["0000000000000000"], "not_found", None),
        ("code-change", [{"code": "x"}], "invalid", "sessionId"),
        ("code-change", [{"sessionId": "{id}"}], "invalid", "code"),
        ("code-change", [{"sessionId": "{id}", "code": ["x"]}], "invalid", "code"),
        ("code-change", [{"sessionId": "{id}", "code": "a\0b"}], "invalid", "code"),
        ("code-change", [{"sessionId": "0000000000000000", "code": "x"}], "not_joined", None),
        ("send-message", [{"sessionId": "{id}", "message": " "}], "invalid", "message"),
        ("send-message", [{"sessionId": "{id}", "message": "x" * 4_001}], "invalid", "message"),
        ("send-message", [{"sessionId": "{id}"}], "invalid", "message"),
        ("typing", ["0000000000000000"], "not_joined", None),
    ],
)
async def test_bad_event_is_acknowledged_with_error(
    ada: Api, event: object, arguments: list, code: str, named: str | None
) -> None:
    """A bad event is acknowledged with an error that names its fault. The connection stays open."""
    session_id = await ada.new_session(code="x")
    raw = await RawEvents.joined(ada, session_id)
    filled = json.loads(json.dumps(arguments).replace("{id}", session_id))

    answer = await raw.ask(event, *filled)

    assert (answer["ok"], answer["error"]["code"]) == (False, code)
    assert answer["error"]["message"]
    assert list(answer["error"].get("errors", {})) == ([named] if named else [])
    assert raw.errors() == [code]
    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "xy"})) == {"ok": True}


async def test_event_with_unknown_fields_is_accepted(ada: Api) -> None:
    """Events may have unknown fields, because some front ends send more than is needed."""
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    assert (
        await raw.ask(
            "send-message", {"sessionId": session_id, "message": "x", "time": 5, "sender": {}}
        )
    )["ok"]


async def test_code_with_lone_surrogate_becomes_replacement_character(ada: Api) -> None:
    """Half of a surrogate pair becomes U+FFFD, and the other text is kept."""
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    await raw.send(
        f'420["code-change",{{"sessionId":"{session_id}","code":"a\\ud83d b \\ud83d\\ude00"}}]'
    )
    await raw.until("430[")

    assert (await ada.live(session_id))["code"] == "a\ufffd b 😀"


async def test_event_that_fails_unexpectedly_is_acknowledged_as_internal(
    ada: Api, monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    """An event that fails unexpectedly is still acknowledged."""
    expect_log("ERROR handlers.socketio.events: an event failed")
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(handlers.socketio.events, "send_message", fail)
    answer = await raw.ask("send-message", {"sessionId": session_id, "message": "x"})

    assert answer["error"]["code"] == "internal"
    assert (await raw.ask("typing", session_id)) == {"ok": True}


async def test_edit_that_document_refuses_is_acknowledged_as_malformed(
    ada: Api, monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    expect_log("ERROR handlers.socketio.events: an event failed")
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    def refuse(*_: object) -> None:
        raise CrdtError("refused")

    monkeypatch.setattr(crdt.room.room.Room, "edit", refuse)

    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "x"}))["error"][
        "code"
    ] == "malformed"


async def test_code_over_limit_is_refused(server, ada: Api) -> None:
    """Code at the limit is accepted, and code over the limit is refused with an error.

    A message over the size limit of messages ends the connection.
    """
    limit = server.parts.config.max_text_bytes
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "x" * limit})) == {
        "ok": True
    }
    answer = await raw.ask("code-change", {"sessionId": session_id, "code": "x" * (limit + 1)})
    assert answer["error"]["code"] == "too_large"
    assert str(limit) in answer["error"]["message"]
    assert (await raw.ask("typing", session_id)) == {"ok": True}
    await raw.send(
        "42" + json.dumps(["code-change", {"code": "x" * server.parts.config.max_sync_bytes}])
    )
    await raw.until_closed()

    assert (await ada.live(session_id))["code"] == "x" * limit


async def test_change_of_full_document_may_make_it_smaller(start_server) -> None:
    """If a client's text is too large, the client keeps it, and may then send a smaller one."""
    server = await start_server(max_text_bytes=100)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="é" * 40)
    raw = await RawEvents.joined(ada, session_id)

    answer = await raw.ask("code-change", {"sessionId": session_id, "code": "é" * 60})

    assert answer["error"]["code"] == "too_large"
    assert (await raw.ask("code-change", {"sessionId": session_id, "code": "é" * 45})) == {
        "ok": True
    }
    assert (await ada.live(session_id))["code"] == "é" * 45
    raw.close()


async def test_chat_messages_over_rate_are_refused(start_server) -> None:
    server = await start_server(messages_per_10s=2)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)

    answers = [
        await raw.ask("send-message", {"sessionId": session_id, "message": "x"}) for _ in range(5)
    ]

    assert [answer["ok"] for answer in answers] == [True] * 4 + [False]
    assert answers[-1]["error"]["code"] == "rate_limited"
    raw.close()


async def test_events_over_rate_are_slowed_and_told(
    start_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends too many events is slowed and then told. No event is dropped."""
    monkeypatch.setattr(handlers.socketio.client, "_OVER_S", 0.3)
    server = await start_server(updates_per_s=20, updates_burst=10)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    raw = await RawEvents.joined(ada, session_id)
    began = asyncio.get_running_loop().time()

    for number in range(30):
        await raw.send(
            f'42{number}["code-change",{{"sessionId":"{session_id}","code":"{"x" * number}"}}]'
        )
    await raw.until("4329[")

    assert asyncio.get_running_loop().time() - began > 0.8
    assert "rate_limited" in raw.errors()
    assert (await ada.live(session_id))["code"] == "x" * 29
    assert server.parts.services.connections.slowed > 10
    raw.close()
