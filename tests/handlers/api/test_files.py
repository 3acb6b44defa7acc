"""Tests the list of a document's roots: names, types and lengths, but no content."""

import json
from typing import Any

import pycrdt
import pytest

from crdt.wire.y_protocol import sync_update
from storage.records import Chunk
from tests.api import Answer, Api
from tests.handlers.clients import code_of, guest_of, joined, log_in, texts_frame
from tests.waiting import until

LARGE = "a long line of the text\n" * 4_000


async def files_of(api: Api, session_id: str) -> Answer:
    return await api.get(f"/code/{session_id}/files")


async def typed(api: Api, session_id: str, *frames: bytes) -> None:
    """Send frames as a client, and wait until the document contains them."""
    before = (await files_of(api, session_id)).body["sequence"]
    wire = await joined(api, session_id)
    for frame in frames:
        await wire.send(frame)
    await until(
        lambda: files_of(api, session_id),
        lambda answer: answer.body["sequence"] == before + len(frames),
    )
    wire.close()


def main(length: int) -> dict[str, Any]:
    """Return the main file of a JavaScript session, as it is listed."""
    entry = {"type": "text", "length": length, "deleted": False}
    return {"root": "codemirror", "name": "main.js", **entry}


def others_frame() -> bytes:
    """Return a frame whose update makes a map, an array and an emptied array."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc["board"] = pycrdt.Map({"secret key": "secret value", "b": 2})
    doc["list"] = pycrdt.Array(["secret value"] * 3)
    doc["old"] = pycrdt.Array([1])
    del doc["old"][0]
    return sync_update(bytes(doc.get_update()))


async def test_files_are_listed_with_type_and_length_without_content(ada: Api) -> None:
    """Texts come first, and the main text before all others.

    Lengths are counted in UTF-16 units, like in clients.
    """
    session_id = await ada.new_session(code="secret 😀")
    await typed(ada, session_id, texts_frame({"": "secret", "__proto__": "x"}), others_frame())

    answer = await files_of(ada, session_id)

    assert answer.status == 200
    assert answer.body.keys() == {"sessionId", "sequence", "files"}
    assert answer.body["sessionId"] == session_id
    assert answer.body["sequence"] == (await ada.live(session_id))["sequence"]
    listed = [(file["root"], file["type"], file["length"]) for file in answer.body["files"]]
    assert listed[0] == ("codemirror", "text", 9)
    assert sorted(listed[1:3]) == [("", "text", 6), ("__proto__", "text", 1)]
    assert listed[3:] == [("board", "map", 2), ("list", "array", 3), ("old", "empty", 0)]
    assert "secret" not in json.dumps(answer.body)


async def test_files_agree_with_the_live_document(ada: Api) -> None:
    """A new session has one empty main text.

    Later, the list has the same roots as `latest?live=true`.
    """
    session_id = await ada.new_session()
    assert (await files_of(ada, session_id)).body["files"] == [main(0)]
    await typed(ada, session_id, texts_frame({"a": "one\r\n", "b": "two"}), others_frame())

    files = (await files_of(ada, session_id)).body["files"]
    live = await ada.live(session_id)

    assert {file["root"]: file["length"] for file in files if file["type"] == "text"} == {
        root: len(text) for root, text in live["files"].items()
    }
    assert {file["root"]: file["type"] for file in files if file["type"] != "text"} == {
        root: document["type"] for root, document in live["documents"].items()
    }


async def test_files_of_a_large_document_that_nobody_has_open_are_listed(start_server) -> None:
    """A worker process reads a large document that is not loaded.

    It returns only names and lengths.
    """
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code=LARGE)
    await server.stop()
    server = await start_server()
    ada = await log_in(server.url, "ada")

    answer = await files_of(ada, session_id)

    assert answer.body["files"] == [main(len(LARGE))]
    assert server.parts.services.workers.counts["done"] >= 1


async def test_members_of_each_role_may_list_files_also_of_an_ended_session(
    ada: Api, bob: Api
) -> None:
    """A member of any role may list the files, also after the session has ended.

    Other users cannot learn that the session exists.
    """
    session_id = await ada.new_session(code="x", access="invite")
    guest = await guest_of(ada, session_id, role="viewer")
    await ada.patch(f"/session/{session_id}", {"status": "ended"})

    for api in (ada, guest):
        assert (await files_of(api, session_id)).body["files"][0]["length"] == 1
    assert code_of(await files_of(bob, session_id)) == (404, "not_found")
    assert code_of(await files_of(Api(ada.url), session_id)) == (401, "not_signed_in")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_files_route_accepts_only_reading(ada: Api, method: str) -> None:
    """The list can only be read. Roots are made and changed by editing."""
    body: dict[str, str] | None = None if method == "DELETE" else {}
    answer = await ada.request(method, f"/code/{await ada.new_session()}/files", body)

    assert code_of(answer) == (405, "method_not_allowed")


async def test_files_of_a_damaged_document_are_refused_as_its_texts_are(
    server, ada: Api, expect_log
) -> None:
    """The refusal of a damaged document names the address of its newest version."""
    expect_log("damaged in the store")
    session_id = await ada.new_session()
    await server.parts.services.store.append_chunks([Chunk(session_id, 1, 1, b"rubbish", 1)])

    answer = await files_of(ada, session_id)

    assert code_of(answer) == (409, "quarantined")
    assert answer.body["latest"] == f"/code/{session_id}/latest"
