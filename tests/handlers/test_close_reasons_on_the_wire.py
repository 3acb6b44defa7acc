"""Tests each close code and reason of `/sync` as literal bytes.
Deployed clients and proxies rely on these bytes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tornado.websocket import websocket_connect

from crdt.errors import RoomSetAside
from crdt.lifecycle.log_writer import LogWriter
from crdt.lifecycle.rooms import Rooms
from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from handlers.http import network
from handlers.sync import rate_gate
from storage.errors import StoreUnavailable
from tests.api import PASSWORD, Api, Wire
from tests.clock import Clock
from tests.conftest import StartServer
from tests.crdt.harness import Typist
from tests.handlers.clients import guest_of, joined
from tests.raw_events import RawEvents
from tests.waiting import until

FULL = {"members": 1, "connections_per_session": 1, "max_text_bytes": 1_024,
        "max_sync_bytes": 2_048,
        "max_update_bytes": 2_048, "refusal_hold_s": 0}  # fmt: skip
SMALL = {"refusal_hold_s": 0}
DAY_S = 86_400


@dataclass
class Scene:
    """A server with a session of the owner Ada, which other users join."""

    server: Any
    ada: Api
    session_id: str
    monkeypatch: pytest.MonkeyPatch
    clock: Clock
    join: Callable[[Api, str], Awaitable[Wire]] = joined

    async def wire(self, user: Api | None = None) -> Wire:
        """Return the connection of a user who has joined the session; None for Ada."""
        return await self.join(user or self.ada, self.session_id)


Cause = Callable[[Scene], Awaitable[Wire]]

Row = tuple[Cause, dict[str, Any], int, str]
"""A row has the cause of the close, the server's settings, the close code, and the reason."""


# -- clients that are refused ----------------------------------------------------------------------


async def no_token(scene: Scene) -> Wire:
    return Wire(await websocket_connect(f"{scene.ada.socket_url}/{scene.session_id}?token=x"))


async def nothing(scene: Scene) -> Wire:
    scene.monkeypatch.setattr(network, "is_allowed_origin", lambda *_: True)
    return Wire(await websocket_connect(f"{scene.ada.socket_url}/{scene.session_id}"))


async def bad_ticket(scene: Scene) -> Wire:
    return Wire(await websocket_connect(f"{scene.ada.socket_url}/{scene.session_id}?ticket=x"))


async def expired_token(scene: Scene) -> Wire:
    scene.clock.advance(3_600)
    return await scene.ada.connect(scene.session_id)


async def ended_login(scene: Scene) -> Wire:
    assert (await scene.ada.post("/user/logout")).status == 200
    return await scene.ada.connect(scene.session_id)


async def no_session(scene: Scene) -> Wire:
    return await scene.ada.connect("0" * 16)


async def by_invitation(scene: Scene) -> Wire:
    bob = await scene.ada.sign_up()
    assert (
        await scene.ada.patch(f"/session/{scene.session_id}", {"access": "invite"})
    ).status == 200
    return await bob.connect(scene.session_id)


async def other_guest(scene: Scene) -> Wire:
    other = await scene.ada.new_session()
    return await (await guest_of(scene.ada, other)).connect(scene.session_id)


async def one_member_more(scene: Scene) -> Wire:
    return await (await scene.ada.sign_up()).connect(scene.session_id)


async def removed_before(scene: Scene) -> Wire:
    bob = await scene.ada.sign_up()
    await scene.wire(bob)
    assert (
        await scene.ada.delete(f"/session/{scene.session_id}/members/{bob.user['id']}")
    ).status == 204
    return await bob.connect(scene.session_id)


async def one_connection_more(scene: Scene) -> Wire:
    await until(lambda: scene.server.parts.services.connections.open == 0)
    scene.kept = await scene.wire()  # type: ignore[attr-defined]
    return await scene.ada.connect(scene.session_id)


async def one_socket_more(scene: Scene) -> Wire:
    connections = scene.server.parts.services.connections
    scene.monkeypatch.setattr(connections, "add", lambda *_: "connections_per_address")
    scene.monkeypatch.setattr(connections, "remove", lambda *_: None)
    return await scene.ada.connect(scene.session_id)


async def too_many_attempts(scene: Scene) -> Wire:
    scene.monkeypatch.setattr(
        scene.server.parts.services.limiters.handshakes, "wait_s", lambda _key: 1
    )
    return await scene.ada.connect(scene.session_id)


def failing(error: Exception) -> Cause:
    """Return a cause that makes loading the room fail with `error`."""

    async def connect(scene: Scene) -> Wire:
        def use(*_: object) -> object:
            raise error

        scene.monkeypatch.setattr(Rooms, "use", use)
        return await scene.ada.connect(scene.session_id)

    return connect


async def damaged(scene: Scene) -> Wire:
    from storage.records import Chunk

    session_id = await scene.ada.new_session()
    await scene.server.parts.services.store.append_chunks([Chunk(session_id, 1, 1, b"rubbish", 1)])
    return await scene.ada.connect(session_id)


# -- closes that other users or the server cause ---------------------------------------------------


async def restart(scene: Scene) -> Wire:
    wire = await scene.wire()
    await scene.server.stop()
    return wire


async def session_deleted(scene: Scene) -> Wire:
    wire = await scene.wire()
    assert (await scene.ada.delete(f"/session/{scene.session_id}")).status == 204
    return wire


async def removed(scene: Scene) -> Wire:
    bob = await scene.ada.sign_up()
    wire = await scene.wire(bob)
    assert (
        await scene.ada.delete(f"/session/{scene.session_id}/members/{bob.user['id']}")
    ).status == 204
    return wire


async def left(scene: Scene) -> Wire:
    bob = await scene.ada.sign_up()
    wire = await scene.wire(bob)
    assert (await bob.post(f"/session/{scene.session_id}/leave")).status == 204
    return wire


async def logged_out(scene: Scene) -> Wire:
    wire = await scene.wire()
    assert (await scene.ada.post("/user/logout")).status == 200
    return wire


async def account_deleted(scene: Scene) -> Wire:
    bob = await scene.ada.sign_up()
    wire = await scene.wire(bob)
    assert (await bob.delete("/user/me", body={"password": PASSWORD})).status == 204
    return wire


async def login_expired(scene: Scene) -> Wire:
    wire = await scene.wire()
    scene.clock.advance(40 * DAY_S)
    await scene.server.housekeeping.note_logins()
    return wire


async def guest_expired(scene: Scene) -> Wire:
    gus = await guest_of(scene.ada, scene.session_id)
    wire = await scene.wire(gus)
    services = scene.server.parts.services
    scene.monkeypatch.setattr(services.rooms, "logins", set)
    services.seen_logins.clear()
    scene.clock.advance(31 * DAY_S)
    await scene.server.housekeeping.sweep()
    return wire


# -- closes that the client causes -----------------------------------------------------------------


async def malformed(scene: Scene) -> Wire:
    wire = await scene.wire()
    await wire.send(b"\x00\x02\x05abc")
    return wire


async def text(scene: Scene) -> Wire:
    wire = await scene.wire()
    await wire.send_text("hello")
    return wire


async def too_large(scene: Scene) -> Wire:
    wire = await scene.wire()
    await wire.send(y_protocol.sync_update(Typist(5).insert(0, "x" * 1_025)))
    return wire


async def too_long_a_message(scene: Scene) -> Wire:
    wire = await scene.wire()
    await wire.send(b"\x2a" * 4_000)
    return wire


async def unsaved(scene: Scene) -> Wire:
    wire = await scene.wire()
    scene.monkeypatch.setattr(LogWriter, "has_capacity", lambda *_: False)
    await wire.send(y_protocol.sync_update(Typist(5).insert(0, "x")))
    return wire


async def conflict(scene: Scene) -> Wire:
    wire = await scene.wire()
    room = scene.server.parts.services.rooms.find(scene.session_id)
    room.members.close(room.members.connections, CloseReason.CONFLICT)
    return wire


async def too_fast(scene: Scene) -> Wire:
    scene.monkeypatch.setattr(rate_gate, "_MAX_OVER_S", 0.05)
    wire = await scene.wire()

    async def flood() -> None:
        while wire.close_code is None:
            await wire.send(b"\x2a")
            await asyncio.sleep(0)

    scene.flood = asyncio.create_task(flood())  # type: ignore[attr-defined]
    return wire


REFUSED: dict[str, Row] = {
    "no token": (
        no_token,
        SMALL,
        4401,
        '{"code":"not_signed_in","message":"The access token is not valid."}',
    ),
    "nothing": (nothing, SMALL, 4401, '{"code":"not_signed_in","message":"Sign in first."}'),
    "bad ticket": (
        bad_ticket,
        SMALL,
        4401,
        '{"code":"not_signed_in","message":"This ticket is unknown, used or expired."}',
    ),
    "expired token": (
        expired_token,
        SMALL,
        4401,
        '{"code":"token_expired","message":"The access token has expired."}',
    ),
    "ended login": (
        ended_login,
        SMALL,
        4401,
        '{"code":"not_signed_in","message":"This login has ended."}',
    ),
    "no session": (
        no_session,
        SMALL,
        4404,
        '{"code":"not_found","message":"There is no such session."}',
    ),
    "by invitation": (
        by_invitation,
        SMALL,
        4403,
        '{"code":"forbidden","message":"This session is by invitation."}',
    ),
    "other guest": (
        other_guest,
        SMALL,
        4403,
        '{"code":"forbidden","message":"A guest may enter one session only: sign up to join '
        'others."}',
    ),
    "one member more": (
        one_member_more,
        FULL,
        4403,
        '{"code":"forbidden","message":"This session is full."}',
    ),
    "removed before": (
        removed_before,
        SMALL,
        4403,
        '{"code":"removed","message":"The owner removed you from this session."}',
    ),
    "one connection more": (
        one_connection_more,
        FULL,
        4529,
        '{"code":"too_many","limit":"connections_per_session","message":"Too many connections to '
        'this session."}',
    ),
    "one socket more": (
        one_socket_more,
        SMALL,
        4529,
        '{"code":"too_many","limit":"connections_per_address","message":"Too many connections."}',
    ),
    "too many attempts": (
        too_many_attempts,
        SMALL,
        4529,
        '{"code":"too_many","limit":"handshakes_per_min","message":"Too many connection '
        'attempts."}',
    ),
    "store away": (
        failing(StoreUnavailable("x")),
        SMALL,
        4503,
        '{"code":"unavailable","message":"The session cannot be loaded now."}',
    ),
    "set aside": (
        failing(RoomSetAside("out of service for 9 minutes")),
        SMALL,
        4500,
        '{"code":"quarantined","message":"The session is out of service for 9 minutes."}',
    ),
    "damaged": (
        damaged,
        SMALL,
        4500,
        '{"code":"quarantined","message":"The stored document is damaged."}',
    ),
    "a bug": (
        failing(KeyError("x")),
        SMALL,
        1011,
        '{"code":"internal","message":"The server failed; it was logged."}',
    ),
}
CLOSED: dict[str, Row] = {
    "restart": (restart, {}, 1012, '{"code":"restart","message":"The server restarts."}'),
    "session deleted": (
        session_deleted,
        {},
        4410,
        '{"code":"session_deleted","message":"The session was deleted."}',
    ),
    "removed": (
        removed,
        {},
        4403,
        '{"code":"removed","message":"The owner removed you from this session."}',
    ),
    "left": (left, {}, 4403, '{"code":"left","message":"You have left this session."}'),
    "logged out": (logged_out, {}, 4401, '{"code":"logged_out","message":"You have signed out."}'),
    "account deleted": (
        account_deleted,
        {},
        4401,
        '{"code":"account_deleted","message":"Your account was deleted."}',
    ),
    "login expired": (
        login_expired,
        {},
        4401,
        '{"code":"login_expired","message":"Your login has expired."}',
    ),
    "guest expired": (
        guest_expired,
        {},
        4403,
        '{"code":"guest_expired","message":"Your time as a guest is over."}',
    ),
    "malformed": (malformed, {}, 4400, '{"code":"malformed","message":"byte string ends early"}'),
    "text": (text, {}, 4400, '{"code":"malformed","message":"binary messages only"}'),
    "too large": (
        too_large,
        FULL,
        4413,
        '{"code":"too_large","limit":"max_text_bytes","message":"the document\'s text is over 1024 '
        'bytes"}',
    ),
    "too long a message": (
        too_long_a_message,
        FULL,
        1009,
        '{"code":"too_large","limit":"max_sync_bytes","message":"message too large"}',
    ),
    "unsaved": (
        unsaved,
        {},
        4503,
        '{"code":"unavailable","message":"too much is waiting to be saved"}',
    ),
    "conflict": (
        conflict,
        {},
        4409,
        '{"code":"conflict","message":"Other edits have the same ids as yours. Send yours again as '
        'new ones."}',
    ),
    "too fast": (
        too_fast,
        {"updates_per_s": 5, "updates_burst": 5},
        1008,
        '{"code":"too_fast","limit":"updates_per_s","message":"This client sent too much for ten '
        'seconds."}',
    ),
}


@pytest.mark.parametrize("row", (REFUSED | CLOSED).values(), ids=REFUSED | CLOSED)
async def test_close_of_each_cause_has_literal_code_and_reason(
    clock: Clock, start_server: StartServer, monkeypatch, expect_log, row: Row
) -> None:
    """The server closes a connection with exactly the code and reason in the cause's row."""
    cause, settings, code, reason = row
    expect_log("a connection could not be opened" if code == 1011 else "damaged in the store")
    server = await start_server(**settings)
    ada = await Api(server.url).sign_up()
    scene = Scene(server, ada, await ada.new_session(), monkeypatch, clock)

    wire = await cause(scene)

    assert await wire.until_closed() == (code, reason)


EVENTS = {
    "session deleted": (
        session_deleted,
        {"code": "session_deleted", "message": "The session was deleted."},
    ),
    "removed": (
        removed,
        {"code": "removed", "message": "The owner removed you from this session."},
    ),
    "left": (left, {"code": "left", "message": "You have left this session."}),
    "logged out": (logged_out, {"code": "logged_out", "message": "You have signed out."}),
    "account deleted": (
        account_deleted,
        {"code": "account_deleted", "message": "Your account was deleted."},
    ),
    "login expired": (
        login_expired,
        {"code": "login_expired", "message": "Your login has expired."},
    ),
}


@pytest.mark.parametrize(("cause", "told"), EVENTS.values(), ids=EVENTS)
async def test_socketio_client_receives_close_reason_as_error_message(
    clock: Clock, start_server: StartServer, monkeypatch, cause: Cause, told: dict[str, str]
) -> None:
    """A Socket.IO client receives the code and the message in the event `error-message`."""
    server = await start_server()
    ada = await Api(server.url).sign_up()
    raws: list[RawEvents] = []

    async def join_by_events(api: Api, session_id: str) -> Wire:
        raw = await RawEvents.signed_in(api)
        assert (await raw.ask("join-session", session_id))["ok"]
        raws.append(raw)
        return Wire.__new__(Wire)

    session_id = await ada.new_session()
    scene = Scene(server, ada, session_id, monkeypatch, clock, join=join_by_events)
    await cause(scene)

    assert await raws[0].until_event("error-message") == told
    # A fixture keeps this list longer than the event loop lives. A socket in the list would end
    # after its event loop, which is an error.
    raws.clear()
