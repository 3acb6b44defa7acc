"""Tests of permissions at the sockets, for each kind of user from a stranger to the owner.

The users try each event and each kind of frame.

The REST routes are in `tests/handlers/test_access.py`. Events that join a session by its link, or
an ended session, are in `tests/handlers/socketio/test_events.py`.
"""

import json
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from crdt.wire import y_protocol
from crdt.wire.y_protocol import (
    AwarenessUpdate,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    Unknown,
)
from tests.api import Api, Wire
from tests.conftest import StartServer
from tests.crdt.harness import Typist, presence_in
from tests.handlers.clients import joined
from tests.handlers.everybody import WHO, World
from tests.narrowing import required
from tests.raw_events import RawEvents
from tests.waiting import until

ALL_OF_IT = y_protocol.sync_step1({})
WHO_IS_HERE = b"\x03"
CLIENT_ID = 5
MEMBERS = WHO[4:]

OUT = ("not_signed_in", "not_joined", "not_joined", "not_joined")
EVENTS = {
    "join-session": ("not_signed_in", "not_found", "not_found", "removed", *("ok presence",) * 3),
    "code-change": (*OUT, "forbidden", "ok document", "ok document"),
    "send-message": (*OUT, *("ok chat",) * 3),
    "typing": (*OUT, *("ok presence",) * 3),
    "stop-typing": (*OUT, *("ok presence",) * 3),
    "leave-session": (*OUT, *("ok presence",) * 3),
}
"""The acknowledgement of each event, and the parts that the event changes. The columns are in the
order of WHO. Only invited users may join the session."""

SHUT_OUT = ("4401", "4403", "4403", "4403")
KINDS: dict[type, tuple[str, ...]] = {
    SyncStep1: (*SHUT_OUT, *("SyncStep2",) * 3),
    SyncStep2: (*SHUT_OUT, "denied", "document", "document"),
    SyncUpdate: (*SHUT_OUT, "denied", "document", "document"),
    AwarenessUpdate: (*SHUT_OUT, *("AwarenessUpdate presence",) * 3),
    QueryAwareness: (*SHUT_OUT, *("AwarenessUpdate",) * 3),
    Unknown: (*SHUT_OUT, "", "", ""),
}
"""For each kind of frame, by WHO: the answer or the close code, and the parts that the frame
changes."""


def frame_of(kind: type) -> bytes:
    """Return a valid frame of this kind, which only a missing permission can make fail."""
    made_up = '{"user":{"id":"somebody","name":"the owner"}}'
    return {
        SyncStep1: ALL_OF_IT,
        SyncStep2: y_protocol.sync_step2(Typist(CLIENT_ID).insert(0, "typed")),
        SyncUpdate: y_protocol.sync_update(Typist(CLIENT_ID).insert(0, "typed")),
        AwarenessUpdate: y_protocol.awareness_update(
            [y_protocol.AwarenessEntry(CLIENT_ID, 1, made_up)]
        ),
        QueryAwareness: WHO_IS_HERE,
        Unknown: y_protocol.saved(1),
    }[kind]


def name_of(frame: bytes) -> str:
    message = y_protocol.decode(frame)
    return "denied" if message == Unknown(y_protocol.AUTH) else type(message).__name__


@dataclass
class Scene:
    """A session, a user who tries something in it, and a member who watches.

    wire  the user's connection; closing it would change the presence
    """

    session_id: str
    world: World
    who: str
    witness: Wire | None
    before: dict[str, Any] = field(default_factory=dict)
    wire: RawEvents | Wire | None = None

    @classmethod
    async def of_all(cls, world: World, **fields: str) -> "list[Scene]":
        """Return one scene for each kind of user.

        Each member has a session of their own. Users who are no members share one session, because
        they may change nothing.
        """
        scenes: list[Scene] = []
        session_id, witness = "", None
        for who in WHO:
            if who in (WHO[0], *MEMBERS):
                session_id = await world.session(**{"access": "invite", **fields})
                witness = await joined(world.target, session_id)
            scenes.append(cls(session_id, world, who, witness))
        return scenes

    @property
    def client(self) -> Api:
        return self.world.clients[self.who]

    async def look(self) -> dict[str, Any]:
        """Return the state of each part that a user could change."""
        owner = self.world.clients["owner"]
        session, chat = (
            await owner.get(f"/session/{self.session_id}"),
            await owner.get(f"/chat/{self.session_id}"),
        )
        witness = required(self.witness)
        for question in (WHO_IS_HERE, ALL_OF_IT):
            await witness.send(question)
        document = await witness.receive_until(b"\x00\x01")
        presence = {
            entry.client_id: json.loads(entry.state or "null")
            for frame in witness.seen
            if frame[0] == y_protocol.AWARENESS
            for entry in presence_in(frame)
        }
        return {
            "document": document,
            "chat": {
                (message["sender"]["id"], message["message"]) for message in chat.body["messages"]
            },
            "people": {(member["id"], member["role"]) for member in session.body["members"]},
            "presence": {
                (state["user"]["id"], state.get("typing")) for state in presence.values() if state
            },
        }

    async def changes(self) -> list[str]:
        """Return the names of the parts that have changed.

        A change of the chat or the presence must have this user's own id.
        """
        now = await self.look()
        for what in ("chat", "presence"):
            assert {author for author, _ in now[what] - self.before[what]} <= {
                self.client.user.get("id")
            }
        return [what for what, seen in now.items() if seen != self.before[what]]


async def until_outcome(scenes: list[Scene], answers: list[str], expected: tuple[str, ...]) -> None:
    """Wait until the answers and changes are those of the table's row.

    Some changes take a moment.
    """

    async def outcome() -> dict[str, str]:
        return {
            scene.who: " ".join([*answer.split(), *await scene.changes()])
            for scene, answer in zip(scenes, answers, strict=True)
        }

    rights = dict(zip(WHO, expected, strict=True))
    await until(outcome, lambda outcomes: outcomes == rights)


@pytest.fixture
async def world(start_server: StartServer) -> World:
    """Return the users and their sessions. The server shows changes of presence immediately."""
    return await World.make((await start_server(presence_ms=0, refusal_hold_s=0.1)).url)


# -- events ---------------------------------------------------------------------------------------


async def ask(raw: RawEvents, event: str, session_id: str) -> str:
    """Emit an event and return "ok" or its error code. An error must also come as a message."""
    answer = await raw.ask(event, {"sessionId": session_id, "code": "typed", "message": "typed"})
    if answer["ok"]:
        return "ok"
    assert raw.errors()[-1] == answer["error"]["code"]
    return answer["error"]["code"]


async def signed_in(api: Api, event: str) -> RawEvents | None:
    """Return a signed-in connection, or None for a user who may not sign in.

    Such a user gets no answer to an event.
    """
    raw = await RawEvents.open(api)
    kind, told = await raw.sign_in({"token": api.token})
    if kind == "40":
        return raw
    assert told["data"]["code"] == "not_signed_in"
    await raw.send(f'427["{event}",{{}}]')
    await raw.send("40")
    assert (await raw.until("43", "44"))[0] == "44"
    return None


async def try_event(scene: Scene, event: str) -> str:
    """Let a user emit an event, and return the answer.

    The user first joins if they may, and starts to type before "stop-typing".
    """
    raw = await signed_in(scene.client, event)
    if raw and event != "join-session":
        await ask(raw, "join-session", scene.session_id)
    if raw and event == "stop-typing":
        await ask(raw, "typing", scene.session_id)
    scene.before = await scene.look()
    scene.wire = raw
    return await ask(raw, event, scene.session_id) if raw else "not_signed_in"


def test_event_table_covers_every_event(server) -> None:
    """Each event has a row in the table, and each row has an event."""
    assert set(server.parts.socketio.events.names) == set(EVENTS)
    assert {len(row) for row in EVENTS.values()} == {len(WHO)}


@pytest.mark.parametrize("event", EVENTS)
async def test_events_for_each_role_are_answered_as_table_says(world: World, event: str) -> None:
    """Each user gets the answer in the table, and changes only the parts in the table."""
    scenes = await Scene.of_all(world)
    answers = [await try_event(scene, event) for scene in scenes]

    await until_outcome(scenes, answers, EVENTS[event])


async def test_events_before_join_change_nothing(world: World) -> None:
    """Before joining, no event of a signed-in user has an effect, except the one that joins."""
    for scene in (await Scene.of_all(world))[1:]:
        raw = await RawEvents.signed_in(scene.client)
        scene.before = await scene.look()

        answers = {
            event: await ask(raw, event, scene.session_id)
            for event in EVENTS
            if event != "join-session"
        }

        assert set(answers.values()) == {"not_joined"}, scene.who
        assert await scene.changes() == [], scene.who


# -- frames ---------------------------------------------------------------------------------------


async def connect(scene: Scene) -> Wire:
    """Open a socket. An anonymous client sends at least the server's own Origin."""
    if scene.client.token:
        return await scene.client.connect(scene.session_id)
    request = HTTPRequest(
        f"{scene.client.socket_url}/{scene.session_id}", headers={"Origin": scene.client.url}
    )
    return Wire(await websocket_connect(request))


async def try_frame(scene: Scene, frame: bytes) -> str:
    """Let a user send a frame. Return the names of the answers, or else the close code."""
    scene.before = await scene.look()
    wire = scene.wire = await connect(scene)
    for message in (frame, ALL_OF_IT, WHO_IS_HERE):
        await wire.send(message)
    names: list[str] = []
    while (heard := await wire.receive()) is not None:
        names.append(name_of(heard))
        # These are the answers to the two questions that were sent after the frame.
        if names[-1] == "AwarenessUpdate" and "SyncStep2" in names:
            return " ".join(name for name in names[:-2] if name != "SyncStep1")
    assert set(names) == {"denied"}
    return str(wire.close_code)


def test_frame_table_covers_every_kind_of_frame() -> None:
    """The table has each kind of frame that the codec knows, and each example is of its kind."""
    assert set(get_args(y_protocol.Message)) == set(KINDS)
    assert {len(row) for row in KINDS.values()} == {len(WHO)}
    assert [type(y_protocol.decode(frame_of(kind))) for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_frames_of_each_role_are_answered_as_table_says(world: World, kind: type) -> None:
    """Each user gets the answer in the table, and changes only the parts in the table."""
    scenes = await Scene.of_all(world)
    answers = [await try_frame(scene, frame_of(kind)) for scene in scenes]

    await until_outcome(scenes, answers, KINDS[kind])


@pytest.mark.parametrize("kind", [SyncStep2, SyncUpdate])
async def test_frames_to_ended_session_change_nothing(world: World, kind: type) -> None:
    """In an ended session, all members are viewers, even the owner."""
    scenes = await Scene.of_all(world, status="ended")
    answers = [await try_frame(scene, frame_of(kind)) for scene in scenes]

    await until_outcome(scenes, answers, (*SHUT_OUT, *("denied",) * 3))


# -- both -----------------------------------------------------------------------------------------


async def test_session_events_reach_members_only(world: World) -> None:
    """Changes in a session reach its members on both endpoints, and nobody else."""
    session_id, heard = await world.session(access="invite"), {}
    raws, wires = {}, {}
    for who in WHO:
        wires[who] = await connect(Scene(session_id, world, who, None))
        if raw := await signed_in(world.clients[who], "join-session"):
            raws[who] = raw
            await ask(raw, "join-session", session_id)
    owner = world.clients["owner"]
    assert (await owner.post(f"/code/{session_id}/save", {"code": "news"})).status == 201
    assert (
        await owner.post("/chat/send", {"sessionId": session_id, "message": "news"})
    ).status == 201

    for who in MEMBERS:
        await wires[who].receive_until(b"\x00\x02")
        await raws[who].until_event("receive-message")
        while ["receive-code", "news"] not in raws[who].events:
            await raws[who].until_event("receive-code")
    for who in WHO[:4]:
        await wires[who].until_closed()
        heard[who] = {name_of(frame) for frame in wires[who].seen}
        if raw := raws.get(who):
            await ask(raw, "typing", session_id)
            heard[who] |= {event for event, _ in raw.events}

    assert heard == {
        who: {"denied"} | ({"error-message"} if who in raws else set()) for who in WHO[:4]
    }


async def test_frames_of_removed_editor_change_nothing(world: World) -> None:
    """Events and frames of an editor who was removed have no effect on open connections."""
    scene = (await Scene.of_all(world))[WHO.index("editor")]
    raw, wire = (
        await RawEvents.signed_in(scene.client),
        await joined(scene.client, scene.session_id),
    )
    assert await ask(raw, "join-session", scene.session_id) == "ok"
    member = f"/session/{scene.session_id}/members/{scene.client.user['id']}"
    assert (await world.clients["owner"].delete(member)).status == 204
    # Their presence ends with their connections, and is no change that their frames made.
    assert (await wire.until_closed())[0] == 4403
    scene.before = await scene.look()

    answers = {event: await ask(raw, event, scene.session_id) for event in EVENTS}

    assert answers == {
        event: "removed" if event == "join-session" else "not_joined" for event in EVENTS
    }
    assert await scene.changes() == []
