"""Tests of every reason for which the server closes an editor.

The clients are y-websocket 1.5, 2.1 and 3.1 on three documents. The tests check whether each client
reconnects as the table of close codes says, and whether typed text is lost. Other tests check what
the web app shows: static/src/session/live/trouble.test.ts for each code, and
tests/browser/test_trouble.py for each remedy.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from collab_server.server import Server
from crdt.lifecycle.rooms import Rooms
from crdt.room.closing import CloseReason
from handlers.close_codes import Close, CloseCode
from handlers.sync import rate_gate
from storage.errors import StoreUnavailable
from tests.api import PASSWORD, Api, Wire
from tests.clock import Clock
from tests.conftest import StartServer
from tests.handlers.clients import joined, log_in
from tests.narrowing import required
from tests.node_peers import Peers
from tests.waiting import until

VERSIONS = {"one": 1, "two": 2, "three": 3}
DAY_S = 86_400
NOT_EARNED = {Close.PROTOCOL_ERROR, Close.NOT_UTF8}
"""Closes that no stock client causes. tests/handlers/sync/test_websocket.py tests them."""

OF_LIMITS = {Close.TOO_BIG, Close.TOO_FAST, Close.TOO_SLOW, Close.TOO_LARGE, Close.TOO_MANY}
"""Closes that name the setting of a limit."""


@dataclass
class Scene:
    """A session of Ada, and Bob, who edits it with a client of each version.

    token, room  used by the clients when they first connect
    """

    server: Server
    peers: Peers
    ada: Api
    bob: Api
    clock: Clock
    monkeypatch: pytest.MonkeyPatch
    session_id: str
    token: str = ""
    room: str = ""
    others: list[Wire] = field(default_factory=list)

    async def each(self, action: str, **options: Any) -> None:
        for name in VERSIONS:
            await self.peers.do(action, name, **options)

    async def use_token(self, token: str) -> None:
        await self.each("token", token=token)

    def close(self, reason: CloseReason) -> None:
        """Close Bob's clients as the room does. It replaces a cause that would take long."""
        members = required(self.server.parts.services.rooms.find(self.session_id)).members
        members.close(
            [
                connection
                for connection in members.connections
                if connection.user_id == self.bob.user["id"]
            ],
            reason,
        )


Step = Callable[[Scene], Awaitable[None]]


class Case(NamedTuple):
    """A cause for which clients are closed, and its end.

    before   brings the cause about before the clients connect
    during   brings the cause about while the clients are connected
    after    ends the cause, if it does not end by itself
    is_over  whether nothing can end the cause
    """

    before: Step | None = None
    during: Step | None = None
    after: Step | None = None
    is_over: bool = False
    settings: dict[str, Any] | None = None


# -- causes, and their ends ------------------------------------------------------------------------


async def send_rubbish(scene: Scene) -> None:
    await scene.each("raw", messages=[b"\x00\x02\x05abc".hex()])


async def send_text(scene: Scene) -> None:
    await scene.each("raw", text="hello")


async def paste(scene: Scene) -> None:
    await scene.each("insert", at=0, text="#" * 4_000)


async def take_out(scene: Scene) -> None:
    await scene.each("remove", at=0, length=4_000)


async def flood(scene: Scene) -> None:
    scene.monkeypatch.setattr(rate_gate, "_MAX_OVER_S", 0.05)
    for number in range(40):
        await scene.each("insert", at=0, text=f"({number})")


async def read_nothing(scene: Scene) -> None:
    """Tell the server that each client's queue is over its limit."""
    members = required(scene.server.parts.services.rooms.find(scene.session_id)).members
    for connection in list(members.connections):
        connection.outbox._editor.socket.pause_writing()  # type: ignore[attr-defined]


async def fill(scene: Scene) -> None:
    scene.others = [await joined(scene.ada, scene.session_id) for _ in VERSIONS]


async def empty(scene: Scene) -> None:
    for wire in scene.others:
        wire.close()


async def bad_token(scene: Scene) -> None:
    scene.token = "x"


async def old_token(scene: Scene) -> None:
    scene.clock.advance(3_600)
    scene.ada.token = (await log_in(scene.server.url, scene.ada.user["username"])).token


async def renew(scene: Scene) -> None:
    scene.bob.token = (await log_in(scene.server.url, scene.bob.user["username"])).token
    await scene.use_token(required(scene.bob.token))


async def log_out(scene: Scene) -> None:
    assert (await scene.bob.post("/user/logout")).status == 200


async def let_login_expire(scene: Scene) -> None:
    scene.clock.advance(40 * DAY_S)
    await scene.server.housekeeping.note_logins()
    scene.ada.token = (await log_in(scene.server.url, scene.ada.user["username"])).token


async def delete_account(scene: Scene) -> None:
    assert (await scene.bob.delete("/user/me", body={"password": PASSWORD})).status == 204


async def shut(scene: Scene) -> None:
    await scene.bob.post(f"/session/{scene.session_id}/leave")
    assert (
        await scene.ada.patch(f"/session/{scene.session_id}", {"access": "invite"})
    ).status == 200


async def reopen(scene: Scene) -> None:
    assert (await scene.ada.patch(f"/session/{scene.session_id}", {"access": "link"})).status == 200


async def remove(scene: Scene) -> None:
    assert (
        await scene.ada.delete(f"/session/{scene.session_id}/members/{scene.bob.user['id']}")
    ).status == 204


async def leave(scene: Scene) -> None:
    assert (await scene.bob.post(f"/session/{scene.session_id}/leave")).status == 204


async def join_again(scene: Scene) -> None:
    assert (await scene.bob.post(f"/session/{scene.session_id}/join")).status == 200


async def other_room(scene: Scene) -> None:
    scene.room = "0" * 16


async def delete_session(scene: Scene) -> None:
    assert (await scene.ada.delete(f"/session/{scene.session_id}")).status == 204


async def set_aside(scene: Scene) -> None:
    rooms = scene.server.parts.services.rooms
    rooms.quarantine.note([(scene.session_id, "")], rooms.clock(), is_sure=True)


async def put_back(scene: Scene) -> None:
    assert scene.server.parts.services.rooms.quarantine.release(scene.session_id)


def fail_with(error: Exception) -> Step:
    async def fail(scene: Scene) -> None:
        def use(*_: object) -> object:
            raise error

        scene.monkeypatch.setattr(Rooms, "use", use)

    return fail


async def repair(scene: Scene) -> None:
    scene.monkeypatch.undo()


def by_room(reason: CloseReason) -> Step:
    async def close(scene: Scene) -> None:
        scene.close(reason)

    return close


CASES: dict[Close, Case] = {
    Close.MALFORMED: Case(during=send_rubbish),
    Close.TEXT_MESSAGE: Case(during=send_text),
    Close.TOO_BIG: Case(
        during=paste, after=take_out, settings={"max_update_bytes": 2_048, "max_sync_bytes": 2_048}
    ),
    Close.TOO_FAST: Case(
        during=flood, after=repair, settings={"updates_per_s": 5, "updates_burst": 5}
    ),
    Close.TOO_SLOW: Case(during=read_nothing),
    Close.CONFLICT: Case(during=by_room(CloseReason.CONFLICT)),
    Close.TOO_LARGE: Case(during=paste, after=take_out, settings={"max_text_bytes": 2_048}),
    Close.TOO_MANY: Case(before=fill, after=empty, settings={"connections_per_session": 3}),
    Close.NOT_SIGNED_IN: Case(before=bad_token, after=renew),
    Close.TOKEN_EXPIRED: Case(before=old_token, after=renew),
    Close.LOGGED_OUT: Case(during=log_out, after=renew),
    Close.LOGIN_EXPIRED: Case(during=let_login_expire, after=renew),
    Close.ACCOUNT_DELETED: Case(during=delete_account, is_over=True),
    Close.FORBIDDEN: Case(before=shut, after=reopen),
    Close.REMOVED: Case(during=remove, is_over=True),
    Close.LEFT: Case(during=leave, after=join_again),
    Close.GUEST_EXPIRED: Case(during=by_room(CloseReason.GUEST_EXPIRED)),
    Close.MEMBER_DELETED_ACCOUNT: Case(during=by_room(CloseReason.MEMBER_DELETED_ACCOUNT)),
    Close.NOT_FOUND: Case(before=other_room, is_over=True),
    Close.SESSION_DELETED: Case(during=delete_session, is_over=True),
    Close.QUARANTINED: Case(before=set_aside, after=put_back),
    Close.UNAVAILABLE: Case(before=fail_with(StoreUnavailable("x")), after=repair),
    Close.INTERNAL: Case(before=fail_with(KeyError("x")), after=repair),
    Close.RESTART: Case(during=by_room(CloseReason.RESTART)),
}


def test_every_close_of_an_editor_has_a_case() -> None:
    assert CASES.keys() == set(Close) - NOT_EARNED


async def begin(scene: Scene, case: Case) -> None:
    """Connect the clients and let them type, with the cause before or after they connect."""
    if case.before:
        await case.before(scene)
    for name, version in VERSIONS.items():
        await scene.peers.do(
            "connect",
            name,
            url=scene.ada.socket_url,
            room=scene.room,
            token=scene.token,
            version=version,
            saved=True,
        )
        await scene.peers.do("insert", name, text=f"<{name} before>")
    if case.during:
        for name in VERSIONS:
            await scene.peers.until_state(name, synced=True, saved=lambda count: count > 0)
        await case.during(scene)


async def check_return(scene: Scene, name: str, code: CloseCode) -> None:
    """Check that a client reconnects by itself only if the table of close codes says so.

    Versions before 3 always reconnect. A provider that does not want to be connected
    (`comesBack`) makes no attempt.
    """
    if code.comes_back or VERSIONS[name] < 3:
        await scene.peers.until_state(name, attempts=lambda count: count > 1)
        return
    await scene.peers.until_state(name, gone=code, comesBack=False)


@pytest.mark.parametrize(
    ("close", "case"), CASES.items(), ids=[close.name.lower() for close in CASES]
)
async def test_refused_client_reconnects_as_documented_and_loses_nothing(
    clock: Clock,
    start_server: StartServer,
    peers: Peers,
    monkeypatch,
    expect_log,
    close: Close,
    case: Case,
) -> None:
    """Text typed before and after the close stays in the browser.

    The server gets it as soon as the cause has ended.
    """
    expect_log("a connection could not be opened")
    server = await start_server(
        refusal_hold_s=0, handshakes_per_min=1_000_000, **(case.settings or {})
    )
    ada = await Api(server.url).sign_up()
    bob = await ada.sign_up()
    session_id = await ada.new_session(access="link")
    assert (await bob.post(f"/session/{session_id}/join")).status == 200
    scene = Scene(
        server, peers, ada, bob, clock, monkeypatch, session_id, required(bob.token), session_id
    )

    await begin(scene, case)

    for name in VERSIONS:
        closes = (await peers.until_state(name, closes=lambda all_of_them: len(all_of_them) > 0))[
            "closes"
        ]
        code, reason, _ = closes[0]
        assert (code, json.loads(reason)["code"]) == (close.code, close.word), name
        assert json.loads(reason)["message"]
        assert ("limit" in json.loads(reason)) == (close in OF_LIMITS), name
        await check_return(scene, name, close.code)
        await peers.do("insert", name, text=f"<{name} after>")
    for name in VERSIONS:
        text = await peers.text(name)
        assert f"<{name} before>" in text
        assert f"<{name} after>" in text
    if not case.is_over:
        await check_all_arrives(scene, case, close.code)


async def check_all_arrives(scene: Scene, case: Case, code: CloseCode) -> None:
    """End the cause, and check that the server gets all typed text.

    Clients that do not reconnect by themselves are reconnected.
    """
    if case.after:
        await case.after(scene)
    if not code.comes_back:
        await scene.peers.do("reconnect", "three")
    expected = [f"<{name} {when}>" for name in VERSIONS for when in ("before", "after")]

    async def live() -> str:
        return (await scene.ada.live(scene.session_id))["code"]

    await until(live, lambda code: all(word in code for word in expected))
    for name in VERSIONS:
        await scene.peers.until_state(name, synced=True)
