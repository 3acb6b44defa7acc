"""Tests that hidden tests and their results reach only staff.

The tests put markers into hidden tests and into the results of a run. Then they search all data
that members, former members and strangers get: answers of every route, exports, frames and events.
"""

import contextlib
import io
import json
import zipfile
import zlib
from typing import Any

import pytest

from crdt.wire.lib0 import read_var_bytes
from handlers.export.export import FORMATS
from tests.api import Answer, Api, Wire
from tests.handlers.clients import report
from tests.handlers.everybody import WHO, World, implemented
from tests.raw_events import RawEvents
from tests.waiting import PATIENCE_S

MARK = "hiddenmarker"
OTHERS = tuple(who for who in WHO if who != "owner")
REFUSED = (401, 403, 404, 409)
_NOTE = b"\x67"
_ZLIB = b"\x78\x9c"


class Recorder(Api):
    """A client that keeps everything that it gets."""

    def __init__(self, api: Api) -> None:
        super().__init__(api.url, api.token, api.user)
        self.got: list[bytes] = []

    async def request(self, method: str, path: str, *rest: Any, **options: Any) -> Answer:
        answer = await super().request(method, path, *rest, **options)
        body = answer.body
        self.got.append(body if isinstance(body, bytes) else json.dumps(body).encode())
        self.got.append(str(list(answer.headers.get_all())).encode())
        return answer


def hidden(name: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a hidden test with the marker in all its texts."""
    texts = {"name": f"{MARK} {name}", "input": f"{MARK} in", "expected": f"{MARK} out"}
    return {"kind": "case", "root": "codemirror", "isHidden": True, **texts, **fields}


def shown(name: str) -> dict[str, Any]:
    return {"kind": "case", "root": "codemirror", "name": name, "input": "1", "expected": "2"}


def result(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "passed": False, "expected": name, "actual": name, **fields}


async def plant(owner: Api, session_id: str) -> list[str]:
    """Add an open test between hidden ones, and a run with results of both; return the ids."""
    path = f"/session/{session_id}/tests"
    source = {"kind": "file", "source": f"{MARK} source"}
    bodies = [hidden("one"), shown("open"), hidden("two", **source)]
    added = [await owner.post(path, body) for body in bodies]
    assert [answer.status for answer in added] == [201] * 3
    results = [result("open"), result(MARK, isHidden=True)]
    ran = await owner.post(f"/session/{session_id}/runs", report(tests=results))
    assert [case.get("isHidden", False) for case in ran.body["run"]["tests"]] == [False, True]
    return [answer.body["test"]["id"] for answer in added]


def unpacked(data: bytes) -> bytes:
    """Return bytes, followed by all compressed data in them, as in zip files and git bundles."""
    parts = [data]
    if zipfile.is_zipfile(io.BytesIO(data)):
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts += [archive.read(name) for name in archive.namelist()]
    at = data.find(_ZLIB)
    while at >= 0:
        with contextlib.suppress(zlib.error):  # these two bytes may be something else
            parts.append(zlib.decompressobj().decompress(data[at:]))
        at = data.find(_ZLIB, at + 1)
    return b"\n".join(parts)


@pytest.fixture
async def world(start_server) -> World:
    made = await World.make((await start_server(refusal_hold_s=0)).url)
    made.clients = {who: Recorder(api) for who, api in made.clients.items()}
    return made


def seen(world: World, who: str) -> bytes:
    client = world.clients[who]
    assert isinstance(client, Recorder)
    return b"\n".join(map(unpacked, client.got))


@pytest.mark.parametrize("status", ["open", "ended"])
async def test_no_route_shows_hidden_tests_or_results_to_others(world: World, status: str) -> None:
    """Each client tries every route and method, in sessions with hidden tests."""
    for who in OTHERS:
        session_id = await world.session(status="open")
        ids = await plant(world.clients["owner"], session_id)
        await world.clients["owner"].patch(f"/session/{session_id}", {"status": status})
        # Some routes end the client's login or membership, so they come last.
        last = ("DELETE", "/user/me"), ("POST", r"/session/([^/]+)/leave"), ("POST", "/user/logout")
        rows = [row for row in implemented() if row[0] == "GET" or "/session/" in row[1]]
        for method, route in sorted(rows, key=lambda row: (row in last, row)):
            await world.attempt(who, method, route, session_id)
        for test_id in (ids[0], ids[2]):
            path = f"/session/{session_id}/tests/{test_id}"
            for changes in ({"name": "mine"}, {"isHidden": False}):
                assert (await world.clients[who].patch(path, changes)).status in REFUSED
            assert (await world.clients[who].delete(path)).status in REFUSED

        data = seen(world, who)
        assert MARK.encode() not in data
        assert not any(test_id.encode() in data for test_id in (ids[0], ids[2]))


@pytest.mark.parametrize("kind", FORMATS)
async def test_no_export_has_hidden_tests_or_results_for_others(world: World, kind: str) -> None:
    """The owner's zip file has the hidden tests.

    Other exports do not have them, so the owner can pass these on.
    """
    session_id = await world.session()
    await plant(world.clients["owner"], session_id)

    marked = {}
    for who in WHO:
        answer = await world.clients[who].get(f"/code/{session_id}/export?format={kind}")
        marked[who] = MARK.encode() in unpacked(
            answer.body if isinstance(answer.body, bytes) else b""
        )

    assert marked == {who: (who, kind) == ("owner", "zip") for who in WHO}


async def test_owner_sees_hidden_tests_and_results(world: World) -> None:
    owner = world.clients["owner"]
    session_id = await world.session()
    await plant(owner, session_id)

    tests = (await owner.get(f"/session/{session_id}/tests")).body
    run = (await owner.get(f"/session/{session_id}/runs/2")).body["run"]
    archive = zipfile.ZipFile(io.BytesIO((await owner.get(f"/code/{session_id}/export")).body))

    assert [test["isHidden"] for test in tests["tests"]] == [False, True, False, True]
    assert tests["isStaff"]
    assert [case["name"] for case in run["tests"]] == ["open", MARK]
    assert json.loads(archive.read("tests.json")) == tests["tests"]
    assert f"-- failed: {MARK}" in archive.read("runs.txt").decode()


async def change_hidden_tests(owner: Api, session_id: str, ids: list[str]) -> None:
    """Change, move, add and delete hidden tests, and then send a message that all members get."""
    path = f"/session/{session_id}/tests"
    await owner.patch(f"{path}/{ids[0]}", {"input": f"{MARK} again"})
    await owner.post(f"{path}/order", {"ids": [ids[2], ids[0]]})
    added = await owner.post(path, hidden("three"))
    await owner.delete(f"{path}/{added.body['test']['id']}")
    await owner.post("/chat/send", {"sessionId": session_id, "message": "that was all"})


async def notes_until_message(wire: Wire) -> tuple[list[str], bytes]:
    """Return the subject of each note up to the note of the message, and all frames."""
    about, frames = list[str](), list[bytes]()
    while "message" not in about:
        frame = await wire.receive(PATIENCE_S)
        assert frame is not None
        frames.append(frame)
        if frame.startswith(_NOTE):
            about.append(json.loads(read_var_bytes(frame, 1)[0])["about"])
    return about, b"".join(frames)


async def test_no_frame_tells_others_of_hidden_tests(world: World) -> None:
    """No frame says that a hidden test changed: counting such frames would tell their number."""
    session_id = await world.session()
    owner = world.clients["owner"]
    ids = await plant(owner, session_id)
    people = ("viewer", "editor", "owner")
    wires = {who: await world.clients[who].connect(session_id, "&notes=1") for who in people}
    for wire in wires.values():
        await wire.receive(PATIENCE_S)
    events = {who: await RawEvents.joined(world.clients[who], session_id) for who in people}

    await change_hidden_tests(owner, session_id, ids)

    for who in people:
        about, frames = await notes_until_message(wires[who])
        assert ("tests" in about) is (who == "owner"), who
        assert MARK.encode() not in frames
        await events[who].until_event("receive-message")
        assert MARK not in json.dumps(events[who].events)
        events[who].close()


async def test_no_note_tells_others_that_only_hidden_tests_had_a_redacted_text(
    world: World,
) -> None:
    """Such a note would say that there are hidden tests."""
    session_id = await world.session()
    owner = world.clients["owner"]
    await plant(owner, session_id)
    people = ("viewer", "editor", "owner")
    wires = {who: await world.clients[who].connect(session_id, "&notes=1") for who in people}
    for wire in wires.values():
        await wire.receive(PATIENCE_S)

    redaction = {"from": 1, "to": 1, "text": MARK}
    done = await owner.post(f"/code/{session_id}/redact", redaction)
    await owner.post("/chat/send", {"sessionId": session_id, "message": "that was all"})

    assert (done.body["runs"], done.body["tests"]) == (1, 2)
    for who in people:
        about, _ = await notes_until_message(wires[who])
        assert ({"runs", "tests"} <= set(about)) is (who == "owner"), who
        assert ({"runs", "tests"} & set(about) != set()) is (who == "owner"), who


async def test_number_of_hidden_tests_is_not_shown_to_others(start_server) -> None:
    """Neither the limit nor the order of tests shows the number of hidden tests.

    They have their own limit and their own places.
    """
    server = await start_server(tests=2)
    owner, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]
    session_id = await owner.new_session()
    await bob.post(f"/session/{session_id}/join")
    path = f"/session/{session_id}/tests"
    for name in "ab":
        assert (await owner.post(path, hidden(name))).status == 201
    assert (await owner.post(path, hidden("c"))).status == 409

    for name in "ab":
        assert (await bob.post(path, shown(name))).status == 201
    assert (await bob.post(path, shown("c"))).status == 409
    tests = (await bob.get(path)).body

    assert not tests["isStaff"]
    assert [test["name"] for test in tests["tests"]] == ["a", "b"]
    turned = await bob.post(f"{path}/order", {"ids": [test["id"] for test in tests["tests"]][::-1]})
    assert [test["name"] for test in turned.body["tests"]] == ["b", "a"]
    order = [test["name"] for test in (await owner.get(path)).body["tests"]]
    assert order == [f"{MARK} a", f"{MARK} b", "b", "a"]


async def test_only_staff_may_hide_tests_or_report_hidden_results(ada: Api, bob: Api) -> None:
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    added = await bob.post(f"/session/{session_id}/tests", shown("mine"))
    path = f"/session/{session_id}/tests/{added.body['test']['id']}"

    refused = [
        await bob.post(f"/session/{session_id}/tests", hidden("mine")),
        await bob.patch(path, {"isHidden": True}),
        await bob.post(f"/session/{session_id}/runs", report(tests=[result("x", isHidden=True)])),
    ]

    assert [answer.status for answer in refused] == [403] * 3
    assert (await ada.patch(path, {"isHidden": True})).status == 200
    assert (await bob.get(f"/session/{session_id}/tests")).body["tests"] == []
    assert (await ada.patch(path, {"isHidden": False})).status == 200
    assert len((await bob.get(f"/session/{session_id}/tests")).body["tests"]) == 1


async def test_new_owner_is_staff_and_former_owner_is_not(ada: Api, bob: Api) -> None:
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    await ada.post(f"/session/{session_id}/tests", hidden("one"))

    await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "owner"})

    assert len((await bob.get(f"/session/{session_id}/tests")).body["tests"]) == 1
    assert (await ada.get(f"/session/{session_id}/tests")).body["tests"] == []
