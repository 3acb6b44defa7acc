"""Tests of content of real Yjs clients in every REST route: unnamed roots, maps, arrays and XML."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

import crdt.log.segments
from tests.api import Api
from tests.handlers.clients import code_of
from tests.node_peers import Peers, connect
from tests.waiting import until

TEXT = "print('é😀')"

TEXTS = {
    "unnamed": ("", TEXT),
    "bold": ("quill", TEXT),
    "embed": ("quill", TEXT),
    "header": ("quill", f"{TEXT}\n"),
    "empty_line": ("quill", f"\n{TEXT}"),
}
"""{scene: (root, its text)}"""

PAGE = (
    "<paragraph>before </paragraph>"
    f'<bulletlist><paragraph indent="1"><bold>pr</bold>{TEXT[2:]}</paragraph></bulletlist>'
)
DOCUMENTS = {
    "page": ("prosemirror", "xml", PAGE),
    "typed_page": ("prosemirror", "xml", f"<paragraph>{TEXT}</paragraph>"),
    "tree": ("tree", "map", {"main.py": TEXT, "empty": ""}),
    "cells": ("cells", "map", {"a1": TEXT, "a2": {"note": [f"see {TEXT}!", 1]}, "kept": "kept"}),
    "list": ("list", "array", ["one", TEXT, "three", {"title": TEXT, "kept": 5}, TEXT]),
}
"""{scene: (root, its type, its value)}"""


UNSEEN = ("image", "link")
"""Scenes that write into places that are not part of a text: an embed, and a format's value."""


async def made(peers: Peers, ada: Api, scene: str, text: str = TEXT) -> str:
    """Let a client make a scene in a new session.

    Wait until the server has the whole scene, and return the session's id.
    """
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, scene)
    await peers.do("scene", scene, scene=scene, text=text)
    await until(lambda: ada.live(session_id), lambda live: live["sequence"] > 0)
    if scene in UNSEEN:
        return session_id
    await until(
        lambda: ada.live(session_id), lambda live: text[2:] in json.dumps(live, ensure_ascii=False)
    )
    return session_id


def archive(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


@pytest.mark.parametrize("scene", TEXTS)
async def test_text_with_any_beginning_and_name_is_a_text_in_every_answer(
    peers: Peers, start_server: Any, scene: str
) -> None:
    """Such a text appears in every answer about texts, also after a restart.

    The answers are: live text, versions, diff, blame, replay, export and restore.
    """
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await made(peers, ada, scene)
    root, text = TEXTS[scene]
    path = f"/code/{session_id}"
    for is_restarted in (False, True):
        if is_restarted:
            await peers.do("destroy", scene)
            await server.stop()
            server = await start_server()
            ada = Api(server.url, ada.token)
        live = await ada.live(session_id)
        assert live["files"][root] == text
        assert live["code"] == text
        saved = (await ada.post(f"{path}/save")).body
        assert saved["files"][root] == text
        assert [file["root"] for file in (await ada.get(f"{path}/diff?from=0")).body["files"]] == [
            root
        ]
        lines = (await ada.get(f"{path}/blame?root={root}")).body["lines"]
        assert [line["text"] for line in lines] == text.split("\n")
        assert (await ada.get(f"{path}/at/{live['sequence']}")).body["files"][root] == text
        replay = (await ada.get(f"{path}/replay")).body
        assert "".join(edit[3] for _, _, edits in replay["steps"] for edit in edits) in (
            text,
            text[1:] + "\n",
        )
        files = archive((await ada.get(f"{path}/export")).body)
        assert files[f"live/{root or '(no name)'}"] == text
    assert (await ada.post(f"{path}/restore", {"version": 1})).status == 200


@pytest.mark.parametrize("store", ["sqlite", "mongodb"])
@pytest.mark.parametrize("scene", DOCUMENTS)
async def test_document_of_any_type_is_in_every_answer(
    peers: Peers, start_server: Any, mongo_uri: str, scene: str, store: str
) -> None:
    """The document appears in every answer about documents, also after a restart.

    The answers are: live, versions, a moment of the past, and exports.
    """
    place = {"mongo_uri": f"{mongo_uri}documents"} if store == "mongodb" else {}
    server = await start_server(**place)
    ada = await Api(server.url).sign_up()
    session_id = await made(peers, ada, scene)
    root, kind, value = DOCUMENTS[scene]
    expected = {root: {"type": kind, "value": value, "leftOut": None}}
    path = f"/code/{session_id}"
    for is_restarted in (False, True):
        if is_restarted:
            await peers.do("destroy", scene)
            await server.stop()
            server = await start_server(**place)
            ada = Api(server.url, ada.token)
        live = await ada.live(session_id)
        assert live["documents"] == expected
        listed = (await ada.get(f"{path}/files")).body["files"]
        assert [(file["root"], file["type"]) for file in listed] == [
            ("codemirror", "text"),
            (root, kind),
        ]
        assert (await ada.post(f"{path}/save")).body["documents"] == expected
        assert (await ada.get(f"{path}/latest")).body["documents"] == expected
        assert (await ada.get(f"{path}/versions/1")).body["documents"] == expected
        assert (await ada.get(f"{path}/versions")).body["versions"][0]["documents"] == expected
        assert (await ada.get(f"{path}/at/{live['sequence']}")).body["documents"] == expected
        assert (await ada.get(f"{path}/replay")).body["others"] == [root]
        assert (await ada.get(f"{path}/diff?from=0")).body["others"] == [
            {"root": root, "type": kind}
        ]
        assert (
            "documents" not in (await ada.get(f"{path}/versions?fields=meta")).body["versions"][0]
        )
        exported = archive((await ada.get(f"{path}/export")).body)
        name = f"{root}.xml" if kind == "xml" else f"{root}.json"
        for folder in ("live", "versions/0001-manual"):
            content = exported[f"{folder}/{name}"]
            assert (content if kind == "xml" else json.loads(content)) == value
        assert json.loads(exported["original-names.json"])[name] == root
        assert (await ada.get(f"{path}/export?format=git")).status == 200
        assert (await ada.get(f"{path}/export?format=replay")).status == 200


async def test_features_of_texts_are_refused_for_other_roots(peers: Peers, ada: Api) -> None:
    """The refusal names the root and its type.

    Without a change, the API never reports success. It also never says that the root does not
    exist.
    """
    session_id = await made(peers, ada, "page")
    path = f"/code/{session_id}"
    await ada.post(f"{path}/save")
    await peers.do("scene", "page", scene="typed_page", text="more")
    await until(
        lambda: ada.live(session_id),
        lambda live: "more" in live["documents"]["prosemirror"]["value"],
    )

    blame = await ada.get(f"{path}/blame?root=prosemirror")
    restored = await ada.post(f"{path}/restore", {"version": 1, "root": "prosemirror"})
    everything = await ada.post(f"{path}/restore", {"version": 1})

    for answer in (blame, restored, everything):
        assert code_of(answer) == (422, "invalid")
        assert "'prosemirror' (xml)" in answer.body["detail"]
    assert len((await ada.get(f"{path}/versions")).body["versions"]) == 1
    assert code_of(await ada.get(f"{path}/blame?root=other")) == (404, "not_found")
    assert (await ada.get(f"{path}/diff?from=1")).body["others"] == [
        {"root": "prosemirror", "type": "xml"}
    ]


async def test_restore_brings_texts_back_and_names_other_roots(peers: Peers, ada: Api) -> None:
    """The answer lists the roots that were not restored."""
    session_id = await made(peers, ada, "page")
    path = f"/code/{session_id}"
    assert (await ada.post(f"{path}/save", {"code": "first"})).status == 201
    assert (await ada.post(f"{path}/save", {"code": "second"})).status == 201

    same = await ada.post(f"{path}/restore", {"version": 1})
    await peers.do("scene", "page", scene="typed_page", text="more")
    await until(
        lambda: ada.live(session_id),
        lambda live: "more" in live["documents"]["prosemirror"]["value"],
    )
    other = await ada.post(f"{path}/restore", {"version": 2})

    assert (same.status, same.body["code"], same.body["notRestored"]) == (201, "first", [])
    assert (other.status, other.body["code"]) == (201, "second")
    assert other.body["notRestored"] == [{"root": "prosemirror", "type": "xml"}]
    assert "more" in other.body["documents"]["prosemirror"]["value"]


REDACTED = {
    **dict.fromkeys(("unnamed", "bold", "page", "typed_page", "tree", "image"), ""),
    **dict.fromkeys(("cells", "list"), "kept"),
    **dict.fromkeys(("attribute", "link"), "link"),
}
"""{scene: the part of its text that a redaction leaves}"""


def stored(server: Any) -> bytes:
    """Return the content of all files that the server keeps."""
    folder = Path(server.parts.config.data_dir)
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("scene", REDACTED)
async def test_redaction_reaches_every_string_of_a_document(
    peers: Peers, server: Any, ada: Api, scene: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a redaction, no client, answer or stored file has the secret.

    This holds for every kind of content that held it.
    """
    monkeypatch.setattr(crdt.log.segments, "ENTRIES", 8)
    secret = "hunter2-geheim"
    session_id = await made(peers, ada, scene, secret)
    path = f"/code/{session_id}"
    is_seen = secret[2:] in json.dumps((await ada.post(f"{path}/save")).body)
    assert is_seen == (scene not in UNSEEN)
    await connect(peers, ada, session_id, "reader")
    sequence = (await ada.live(session_id))["sequence"]

    answer = await ada.post(f"{path}/redact", {"from": 1, "to": sequence, "text": secret})

    assert answer.status == 200
    assert answer.body["versions"] == is_seen
    for name in (scene, "reader"):
        shown = await until(lambda: peers.do("shown", name), lambda state: "geheim" not in state)  # noqa: B023  # awaited here
        assert REDACTED[scene] in shown
    now = (await ada.live(session_id))["sequence"]
    for question in (
        "latest",
        "latest?live=true",
        "versions",
        "replay",
        *(f"at/{at}" for at in range(1, now + 1)),
    ):
        reply = await ada.get(f"{path}/{question}")
        assert reply.status == 200
        assert "geheim" not in json.dumps(reply.body)
    first = (await ada.get(f"{path}/versions/1")).body
    assert ("█" in json.dumps(first, ensure_ascii=False)) == is_seen
    assert not any(
        "geheim" in text for text in archive((await ada.get(f"{path}/export")).body).values()
    )
    assert b"geheim" not in stored(server)
    await peers.do("destroy", "reader")
    await connect(peers, ada, session_id, "newcomer")
    assert await peers.do("shown", "newcomer") == await peers.do("shown", scene)


async def test_redaction_on_mongodb_reaches_nested_texts_and_values(
    peers: Peers, start_server: Any, mongo_uri: str
) -> None:
    """On MongoDB, no collection has the secret after a redaction."""
    server = await start_server(mongo_uri=f"{mongo_uri}redacted")
    ada = await Api(server.url).sign_up()
    for scene in ("typed_page", "tree", "cells"):
        session_id = await made(peers, ada, scene, "hunter2-geheim")
        await ada.post(f"/code/{session_id}/save")
        sequence = (await ada.live(session_id))["sequence"]
        body = {"from": 1, "to": sequence, "text": "hunter2-geheim"}
        assert (await ada.post(f"/code/{session_id}/redact", body)).status == 200
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(f"{mongo_uri}redacted") as client:
        database: Database[dict[str, Any]] = client.get_default_database()
        for name in database.list_collection_names():
            assert not any("geheim" in repr(document) for document in database[name].find()), name
