"""Tests of the notes of `/sync?notes=1`, which tell clients about changes other than edits."""

import asyncio
import json
from typing import Any

import pytest

from crdt.wire.lib0 import read_var_bytes
from crdt.wire.y_protocol import sync_update
from harness.typist import Typist
from storage.errors import StoreUnavailable
from tests.api import Api, Wire
from tests.handlers.clients import report

_NOTE = b"\x67"
_SAVED = b"\x66"


async def note(wire: Wire) -> dict[str, Any]:
    frame = await wire.receive_until(_NOTE)
    return json.loads(read_var_bytes(frame, 1)[0])


async def test_notes_announce_messages_and_changes(ada: Api, bob: Api) -> None:
    """Each new chat message comes in a note, in the same form as in the list of messages.

    After a change of the session or of a role, a note tells clients to read the session again.
    """
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    wire = await bob.connect(session_id, "&notes=1")
    await wire.receive()
    sent = await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    assert await note(wire) == {"about": "message", "message": sent.body}
    await ada.patch(f"/session/{session_id}", {"language": "go"})
    assert await note(wire) == {"about": "session"}
    await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "viewer"})
    assert await note(wire) == {"about": "session"}


async def test_note_of_a_run_has_its_number(ada: Api, bob: Api) -> None:
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    wire = await bob.connect(session_id, "&notes=1")
    await wire.receive()

    await ada.post(f"/session/{session_id}/runs", report())

    assert await note(wire) == {"about": "run", "number": 1}


async def test_notes_tell_that_a_redaction_changed_runs_and_tests(ada: Api, bob: Api) -> None:
    """Open pages show these texts, so they have to read them again."""
    session_id = await ada.new_session(code="a")
    await bob.post(f"/session/{session_id}/join")
    await ada.post(f"/session/{session_id}/runs", report("a secret\n"))
    test = {"kind": "case", "root": "codemirror", "name": "n", "input": "secret", "expected": ""}
    await ada.post(f"/session/{session_id}/tests", test)
    wire = await bob.connect(session_id, "&notes=1")
    await wire.receive()

    await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": 1, "text": "secret"})

    assert await note(wire) == {"about": "runs"}
    assert await note(wire) == {"about": "tests"}


@pytest.mark.parametrize(
    ("method", "abouts"),
    [("replace_chunks", ["runs", "tests"]), ("change_program_test", ["runs", "tests"]),
     ("redact_run", ["runs"])],
)  # fmt: skip
async def test_notes_tell_of_a_redaction_that_failed_halfway(
    start_server, monkeypatch: pytest.MonkeyPatch, method: str, abouts: list[str]
) -> None:
    """What it has changed by then, the next call does not find any more, so it tells nothing."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="a secret")
    await ada.post(f"/session/{session_id}/runs", report("a secret\n"))
    test = {"kind": "case", "root": "codemirror", "name": "n", "input": "secret", "expected": ""}
    await ada.post(f"/session/{session_id}/tests", test)
    wire = await ada.connect(session_id, "&notes=1")
    await wire.receive()

    async def away(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(server.parts.services.store, method, away)
    body = {"from": 1, "to": 1, "text": "secret"}
    answer = await ada.post(f"/code/{session_id}/redact", body)
    await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    assert answer.status == 503
    assert [(await note(wire))["about"] for _ in range(len(abouts) + 1)] == [*abouts, "message"]


async def test_notes_are_sent_to_requesting_sockets_of_the_session_only(ada: Api, bob: Api) -> None:
    """Notes go only to sockets of that session that asked for them.

    Stock providers complain about frames that they do not know.
    """
    session_id, other = await ada.new_session(), await ada.new_session()
    plain, elsewhere = await ada.connect(session_id), await ada.connect(other, "&notes=1")
    asks = await ada.connect(session_id, "&notes=1")
    await asks.receive()
    await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})
    await note(asks)
    for wire in (plain, elsewhere):
        wire.seen.clear()
        await wire.send(b"\x00\x00\x01\x00")
        await wire.receive_until(b"\x00\x01")
        assert not [frame for frame in wire.seen if frame.startswith(_NOTE)]


async def test_notes_are_not_kept_for_closed_sockets(ada: Api, server) -> None:
    """After the only socket with notes has closed, sending a message causes no error."""
    session_id = await ada.new_session()
    wire = await ada.connect(session_id, "&notes=1")
    await wire.receive()
    wire.close()
    await wire.until_closed()

    assert (await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})).status == 201


async def test_notes_say_when_document_becomes_half_full(start_server) -> None:
    """When a document becomes half full, a note is sent, and the session has its size.

    When compaction has made the document small, the server sends a second note.
    """
    server = await start_server(max_state_bytes=65_536)
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    typist = Typist(5)
    wire = await ada.connect(session_id, "&notes=1&saved=1")
    await wire.receive_until(b"\x00\x00")
    await wire.send(sync_update(typist.insert(0, "x" * 50_000)))
    await wire.receive_until(_SAVED)
    rooms = server.parts.services.rooms
    await rooms.compactor.checkpoint(rooms.find(session_id))

    assert await note(wire) == {"about": "session"}
    size = (await ada.get(f"/session/{session_id}")).body["documentSize"]
    assert (50_000 < size["bytes"] < 51_000, size["limit"], size["isHalfFull"]) == (
        True,
        65_536,
        True,
    )
    assert b"\ncollab_half_full_documents 1.0\n" in (await Api(server.url).get("/metrics")).body
    await wire.send(sync_update(typist.delete(0, 49_000)))
    await wire.receive_until(_SAVED)
    compacted = await ada.post(f"/session/{session_id}/compact")
    assert await note(wire) == {"about": "session"}
    assert compacted.body["before"] > 50_000
    assert compacted.body["bytes"] < 1_100
    assert compacted.body["isHalfFull"] is False


async def test_note_tells_a_user_how_long_the_server_needs_for_their_edits(
    ada: Api, bob: Api, server
) -> None:
    """Only the user whose edits cost too much work is told how long the server needs.

    The edits of other users are not delayed.
    """
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    costly, other = (
        await ada.connect(session_id, "&notes=1"),
        await bob.connect(session_id, "&notes=1"),
    )
    for wire in (costly, other):
        await wire.receive_until(b"\x00\x00")
    connections = server.parts.services.connections
    bucket = connections.work_of(ada.user["id"], asyncio.get_running_loop().time())
    bucket.tokens = -60 * connections.limits.work_per_s

    await costly.send(sync_update(Typist(5).insert(0, "x" * 5_000)))

    told = await note(costly)
    assert told == {"about": "slowed", "seconds": pytest.approx(60, abs=5)}
    await other.send(sync_update(Typist(6).insert(0, "y")))
    await costly.receive_until(b"\x00\x02")
    assert not [frame for frame in other.seen if frame.startswith(_NOTE)]
